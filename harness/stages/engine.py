"""Stages "install" and "engine": Argo CD runs in the cluster, from its own manifests.

Once its objects are accepted, the repository's may follow: Argo CD acts on them as soon as it is
up. So waiting for it and the sync run side by side.
"""

from __future__ import annotations

from harness.gitops.argocd import Installation, install
from harness.gitops.argocd_manifest import NAMESPACE, workload_names
from harness.io.kube import KubeError
from harness.model.errors import EngineError
from harness.model.kinds import collection
from harness.model.refs import ObjectRef
from harness.secrets.apply import ensure_namespace
from harness.stages.context import Context
from harness.stages.stage import Voice
from harness.watch.readiness import WATCHED_KINDS, workload_judgement
from harness.watch.settle import Standing, settle
from harness.watch.view import ClusterView

CRD_DEADLINE_SECONDS = 60.0
SYSTEM = "kube-system"
LOOK_SECONDS = 0.3


def install_engine(context: Context, voice: Voice, git_certificates: dict[str, str]) -> str:
    """Applies Argo CD's manifests; its CRDs are served afterwards."""
    bundle, kube = context.bundle.get(), context.kube.get()
    ensure_namespace(kube, NAMESPACE, context.kube_labels)
    voice.say(f"applying Argo CD {bundle.argocd_version}")
    install(
        Installation(
            manifest=bundle.argocd_manifest,
            folder=context.folder.path,
            kubectl=bundle.tools["kubectl"].path,
            kubeconfig=context.folder.path / "kubeconfig",
        ),
        git_certificates,
        runner=context.runner,
    )
    _crds_served(context)
    return f"Argo CD {bundle.argocd_version} applied"


def engine(context: Context, voice: Voice) -> str:
    """Waits until Argo CD's workloads are ready, and the cluster's own: DNS, network policies."""
    bundle, kube = context.bundle.get(), context.kube.get()
    text = bundle.argocd_manifest.read_text(encoding="utf-8")
    workloads = [ObjectRef(kind, NAMESPACE, name) for kind, name in workload_names(text)]
    workloads += [
        ObjectRef.of({**obj, "kind": kind})
        for kind in ("Deployment", "DaemonSet")
        for obj in kube.items(collection(kind, SYSTEM))
    ]

    def show(standing: Standing) -> None:
        voice.say(standing.count)
        voice.objects(standing.objects)

    targets = [(kind, place) for kind in WATCHED_KINDS for place in (NAMESPACE, SYSTEM)]
    with ClusterView(kube, targets) as view:
        ended = settle(
            view,
            workload_judgement(workloads, context.clock),
            clock=context.clock,
            deadline_seconds=context.settings.deadlines.engine,
            on_change=show,
            cancelled=context.stopped,
        )
    if not ended.ok:
        raise EngineError(
            attempted="Waiting for",
            subject=f"Argo CD {bundle.argocd_version}",
            seen=ended.standing.line,
            expected=f"its workloads ready within {context.settings.deadlines.engine:.0f} s",
            next_step="read argocd/ in the evidence folder",
        )
    return f"Argo CD {bundle.argocd_version} ready"


def _crds_served(context: Context) -> None:
    """Waits until the API server serves the new kinds; it answers 404 and 429 until then."""
    clock = context.clock
    deadline = clock.monotonic() + CRD_DEADLINE_SECONDS
    waiting = [collection(kind) for kind in ("Application", "ApplicationSet", "AppProject")]
    while waiting:
        try:
            context.kube.get().get(waiting[0])
            waiting.pop(0)
        except KubeError as error:
            if clock.monotonic() > deadline or context.stopped.is_set():
                raise EngineError(
                    attempted="Listing",
                    subject=waiting[0],
                    seen=str(error),
                    expected=f"Argo CD's CRDs served within {CRD_DEADLINE_SECONDS:.0f} s",
                    next_step="read argocd/ in the evidence folder",
                ) from error
            clock.sleep(LOOK_SECONDS)
