"""Stage "cluster": the kind cluster of the run, created or reused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.cluster.kind import KindRequest, create_cluster
from harness.cluster.kind_config import effective_config, fingerprint
from harness.io.kube import Kube, KubeError
from harness.model.errors import ClusterError
from harness.model.kinds import collection, object_path
from harness.model.refs import ObjectRef
from harness.model.wording import counted
from harness.names.coredns import with_names
from harness.stages.adaptation import user_config
from harness.stages.context import Context
from harness.stages.stage import Voice

WORKER_SECONDS = 45.0
"""What each worker may add to the deadline; a slow machine starts them one after the other."""


def kind_request(context: Context) -> KindRequest:
    """Returns the request for this run's cluster."""
    bundle, state = context.bundle.get(), context.folder.state
    return KindRequest(
        name=state.cluster,
        folder=context.folder.path,
        network=state.network,
        image=bundle.image("node").reference,
        kind=bundle.tools["kind"].path,
        kubectl=bundle.tools["kubectl"].path,
    )


def mirrors_folder(context: Context) -> Path:
    """Returns the folder that the nodes see as containerd's `certs.d`."""
    return context.folder.path / "certs.d"


def cluster(context: Context, voice: Voice, git_hosts: Mapping[str, str]) -> str:
    """Creates the kind cluster, or reuses the kept one when its configuration is the same.

    Inside it, every declared Git host resolves to the gate.
    """
    user = user_config(context)
    workers = context.adaptation.get().workers
    config, notes = effective_config(
        user, mirrors=mirrors_folder(context), host=context.host.get(), workers=workers
    )
    context.run.notes += notes
    wanted = fingerprint(config, context.bundle.get().key)
    request = kind_request(context)
    if context.reused:
        _refuse_different(context, wanted)
    else:
        voice.say(f"kind create cluster {request.name}")
        create_cluster(
            request,
            config,
            runner=context.runner,
            deadline_seconds=context.settings.deadlines.cluster + workers * WORKER_SECONDS,
        )
        context.folder.update(fingerprint=wanted)
    kube = Kube(request.kubeconfig)
    _answers(kube, request.name)
    _resolve_hosts(kube, git_hosts)
    context.kube.put(kube)
    context.run.facts["kubeconfig"] = str(request.kubeconfig)
    word = "reused" if context.reused else "created"
    more = f" with {counted(workers, 'worker')}" if workers else ""
    return f"{word} {request.name}{more}, Kubernetes {context.bundle.get().kubernetes}"


def _refuse_different(context: Context, wanted: str) -> None:
    state = context.folder.state
    if state.fingerprint == wanted:
        return
    raise ClusterError(
        attempted="Reusing the kept cluster",
        subject=state.cluster,
        seen="it was created from another kind configuration or another bundle",
        expected="the same configuration; a cluster cannot be changed into another one",
        next_step="harness down, then try again",
    )


def _resolve_hosts(kube: Kube, git_hosts: Mapping[str, str]) -> None:
    namespace = "kube-system"
    path = object_path(ObjectRef("ConfigMap", namespace, "coredns"))
    corefile = str(kube.get(path)["data"]["Corefile"])
    changed = with_names(corefile, git_hosts)
    if changed == corefile:
        return
    kube.merge(path, {"data": {"Corefile": changed}})
    # CoreDNS reads its file again only every 30 s, so pods that have read the old one are replaced.
    for pod in kube.items(collection("Pod", namespace), labelSelector="k8s-app=kube-dns"):
        if (pod.get("status") or {}).get("phase") == "Running":
            kube.delete(object_path(ObjectRef.of({**pod, "kind": "Pod"})))


def _answers(kube: Kube, name: str) -> None:
    try:
        kube.get("/version")
    except KubeError as error:
        raise ClusterError(
            attempted="Talking to",
            subject=f"the API server of {name}",
            seen=str(error),
            expected="an answer",
            next_step="harness down, then try again",
        ) from error
