"""Stage "engine": Argo CD runs in the cluster, from its own manifests."""

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


def engine(context: Context, voice: Voice, git_certificates: dict[str, str]) -> str:
    """Installs Argo CD and waits until its workloads are ready and its CRDs are served."""
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
    text = bundle.argocd_manifest.read_text(encoding="utf-8")
    workloads = [ObjectRef(kind, NAMESPACE, name) for kind, name in workload_names(text)]

    def show(standing: Standing) -> None:
        voice.say(standing.count)
        voice.objects(standing.objects)

    with ClusterView(kube, [(kind, NAMESPACE) for kind in WATCHED_KINDS]) as view:
        ended = settle(
            view,
            workload_judgement(workloads),
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
    _crds_served(context)
    return f"Argo CD {bundle.argocd_version} ready"


def _crds_served(context: Context) -> None:
    for kind in ("Application", "ApplicationSet", "AppProject"):
        try:
            context.kube.get().get(collection(kind))
        except KubeError as error:
            raise EngineError(
                attempted="Listing",
                subject=f"{kind} objects",
                seen=str(error),
                expected="the CRDs of Argo CD to be served",
            ) from error
