"""Stage "adaptation": the cluster gets what the environment expects and one machine's kind lacks.

What that is is planned as soon as the overlays are rendered, because the number of nodes and the
images of add-ons follow from it. Every adaptation is a note of the run; nothing is done in silence.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.adaptation.apply import adapt, install_metrics, metrics_trouble
from harness.adaptation.classes import CLOUD_STORAGE, Offer
from harness.adaptation.metrics_server import NAMESPACE
from harness.adaptation.plan import plan
from harness.adaptation.terms import METRICS_SERVER
from harness.bundle.addons import addon_reference, ensure_addon
from harness.cluster.kind_config import read_user_config
from harness.io.kube import KubeError
from harness.model.bundle import BundledImage
from harness.model.errors import ClusterError
from harness.model.refs import ImageReference
from harness.model.wording import counted
from harness.stages.bundle import bundle_effects, bundle_site
from harness.stages.context import Context
from harness.stages.stage import Voice

DEFAULT_CONFIG = Path(__file__).resolve().parents[1] / "cluster" / "kind-config.yaml"
METRICS_DEADLINE_SECONDS = 240.0
LOOK_SECONDS = 0.5


def user_config(context: Context) -> dict[str, Any]:
    """Returns the user's kind configuration, or the one every run starts from."""
    return read_user_config(context.options.kind_config or DEFAULT_CONFIG)


def plan_adaptation(context: Context) -> None:
    """Plans what the cluster is given, and notes it.

    Raises:
        ClusterError: The pods cannot fit this machine.
    """
    objects = [o for a in context.declaration.get().applications for o in a.objects]
    listed = context.settings.adaptation.classes
    offer = Offer(
        listed=frozenset(listed),
        withheld=frozenset(n for n in (*CLOUD_STORAGE, *listed) if context.withheld(n)),
    )
    found = plan(objects, host=context.host.get(), user=user_config(context), offer=offer)
    context.adaptation.put(found)
    said = [str(each) for each in found.adaptations]
    context.run.notes += [*(f"adapted: {line}" for line in said), *found.remarks]
    if said:
        context.run.facts["adaptations"] = "; ".join(said)


def addon_images(context: Context) -> tuple[ImageReference, ...]:
    """Returns the images of the add-ons that the cluster gets."""
    return (addon_reference(METRICS_SERVER),) if context.adaptation.get().metrics else ()


def addon_namespaces(context: Context) -> tuple[str, ...]:
    """Returns where the pods of the add-ons run; nowhere on a cluster that is not ours."""
    is_given = context.adaptation.known and context.adaptation.get().metrics
    return (NAMESPACE,) if is_given else ()


def prepare_addons(context: Context, voice: Voice) -> dict[ImageReference, BundledImage]:
    """Returns the images of the add-ons, built or pulled where they are not in the cache."""
    if not context.adaptation.get().metrics:
        return {}
    voice.say("preparing the metrics server")
    image = ensure_addon(
        METRICS_SERVER,
        origin=context.bundle.get().origin,
        registries_reachable=context.examination.get().registries_reachable,
        site=bundle_site(context),
        effects=bundle_effects(context, voice),
    )
    return {addon_reference(METRICS_SERVER): image}


def adaptation(context: Context, voice: Voice) -> str:
    """Adapts the cluster and waits until its metrics are served."""
    found, kube = context.adaptation.get(), context.kube.get()
    if not found.adaptations:
        return "nothing is lacking"
    voice.say(counted(len(found.adaptations), "adaptation"))
    adapt(kube, found, context.kube_labels)
    if found.metrics:
        install_metrics(kube, str(addon_reference(METRICS_SERVER)), context.kube_labels)
        _await_metrics(context, voice)
    return "; ".join(f"{each.subject}: {each.action}" for each in found.adaptations)


def _await_metrics(context: Context, voice: Voice) -> None:
    clock = context.clock
    deadline = clock.monotonic() + METRICS_DEADLINE_SECONDS
    while seen := _trouble(context):
        if clock.monotonic() > deadline or context.stopped.is_set():
            raise ClusterError(
                attempted="Waiting for",
                subject="the metrics server",
                seen=seen,
                expected=f"metrics of every node within {METRICS_DEADLINE_SECONDS:.0f} s",
                next_step="read kube-system/ in the evidence folder",
            )
        voice.say(f"metrics server: {seen}")
        clock.sleep(LOOK_SECONDS)


def _trouble(context: Context) -> str:
    try:
        return metrics_trouble(context.kube.get())
    except KubeError as error:  # the API server answers 503 until the first metrics are there
        return str(error)
