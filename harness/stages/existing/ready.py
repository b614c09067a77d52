"""Stage "ready" on an existing cluster: as everywhere, for the namespaces that may be read.

What may not be listed is neither missing nor ready: it is not judged, and that is said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from harness.health.judge import WORKLOAD_KINDS
from harness.io.kube import Kube, KubeError
from harness.model.errors import ClusterError
from harness.model.kinds import collection
from harness.model.refs import ObjectRef
from harness.model.repository import Declaration
from harness.model.run import Health, ObjectStatus
from harness.stages.context import Context
from harness.stages.ready import ready as wait_until_ready
from harness.stages.stage import Voice
from harness.watch.readiness import declared_workloads

MAY_NOT = "this user may not list it"
Readable = Callable[[str, str], bool]
"""Tells whether a kind may be listed in a namespace."""


def ready(context: Context, voice: Voice) -> str:
    """Watches the declared workloads that may be read until all are ready and stable.

    Raises:
        ClusterError: None of them may be read.
        NotReadyError: The deadline passed.
        RootCauseError: The cause is known.
    """
    declaration = context.declaration.get()
    workloads = declared_workloads(declaration.applications)
    may = readable(context.kube.get())
    hidden = tuple(
        r for r in workloads if not (may(r.kind, r.namespace) and may("Pod", r.namespace))
    )
    if workloads and len(hidden) == len(workloads):
        raise ClusterError(
            attempted="Reading",
            subject=f"the workloads of {declaration.environment}",
            seen=f"none of {len(workloads)} may be listed, nor their pods",
            expected="a user who may read them, for example with the ClusterRole view",
            next_step=f"kubectl auth can-i list pods --namespace {workloads[0].namespace}",
        )
    context.declaration.put(without(declaration, hidden))
    try:
        said = wait_until_ready(context, voice)
    finally:
        context.declaration.put(declaration)
        context.run.objects = [*context.run.objects, *map(_not_judged, hidden)]
    return said + (f"; {len(hidden)} not judged: {MAY_NOT}" if hidden else "")


def readable(kube: Kube) -> Readable:
    """Returns what asks, once each, whether a kind may be listed in a namespace."""
    known: dict[tuple[str, str], bool] = {}

    def may(kind: str, namespace: str) -> bool:
        if (kind, namespace) not in known:
            known[kind, namespace] = _may_list(kube, kind, namespace)
        return known[kind, namespace]

    return may


def _may_list(kube: Kube, kind: str, namespace: str) -> bool:
    try:
        kube.get(collection(kind, namespace), limit="1")
    except KubeError as error:
        return error.status not in {401, 403}
    return True


def without(declaration: Declaration, hidden: tuple[ObjectRef, ...]) -> Declaration:
    """Returns a declaration without some workloads."""
    if not hidden:
        return declaration
    applications = tuple(
        replace(
            app,
            objects=tuple(
                o
                for o in app.objects
                if o.get("kind") not in WORKLOAD_KINDS
                or ObjectRef.of(o, app.application.namespace) not in hidden
            ),
        )
        for app in declaration.applications
    )
    return replace(declaration, applications=applications)


def _not_judged(ref: ObjectRef) -> ObjectStatus:
    return ObjectStatus(ref=ref, health=Health.NOT_JUDGED, message=MAY_NOT)
