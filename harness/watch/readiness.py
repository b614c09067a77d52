"""The judgements of the waits: Argo CD is up, Applications are at the revision, workloads ready.

Each takes a view and returns a `Standing`. What is not ready comes first in its line, because that
is what a person waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from harness.health.applications import find_application, judge_application
from harness.health.judge import WORKLOAD_KINDS, judge_workload
from harness.io.clock import Clock
from harness.model.refs import ObjectRef
from harness.model.repository import RenderedApplication
from harness.model.run import ApplicationStatus, Health, ObjectStatus
from harness.watch.settle import Standing
from harness.watch.view import ClusterView

Object = dict[str, Any]
WATCHED_KINDS = (
    "Pod",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "PersistentVolumeClaim",
)


def application_statuses(
    view: ClusterView, expected: Sequence[RenderedApplication], revision: str
) -> list[ApplicationStatus]:
    """Returns every expected Application as it stands now."""
    live = view.all("Application")
    return [
        judge_application(
            rendered.application,
            find_application(rendered.application, live),
            revision=revision,
            declared=len(rendered.objects),
        )
        for rendered in expected
    ]


def sync_judgement(
    expected: Sequence[RenderedApplication], revision: str
) -> Callable[[ClusterView], Standing]:
    """Returns the judgement: every expected Application is synced at `revision`."""

    def judge(view: ClusterView) -> Standing:
        statuses = application_statuses(view, expected, revision)
        waiting = [s for s in statuses if not s.passed]
        line = f"{len(statuses) - len(waiting)} of {len(statuses)} Applications synced"
        if waiting:
            line += f": {waiting[0].name}: {waiting[0].message}"
            line += f" ({_set_error(view)})" if _set_error(view) else ""
        return Standing(reached=bool(statuses) and not waiting, line=line)

    return judge


def _set_error(view: ClusterView) -> str:
    for obj in view.all("ApplicationSet"):
        for condition in (obj.get("status") or {}).get("conditions") or []:
            if condition.get("type") == "ErrorOccurred" and condition.get("status") == "True":
                return f"ApplicationSet {obj['metadata']['name']}: {condition.get('message')}"
    return ""


def declared_workloads(expected: Sequence[RenderedApplication]) -> tuple[ObjectRef, ...]:
    """Returns the workloads that the Applications declare."""
    found = {
        ObjectRef.of(obj, rendered.application.namespace): None
        for rendered in expected
        for obj in rendered.objects
        if obj.get("kind") in WORKLOAD_KINDS
    }
    return tuple(found)


def workload_judgement(
    workloads: Sequence[ObjectRef], clock: Clock
) -> Callable[[ClusterView], Standing]:
    """Returns the judgement: every one of these workloads, its pods and claims, is ready."""

    def judge(view: ClusterView) -> Standing:
        now = clock.now().timestamp()
        statuses = [workload_status(view, ref, now=now) for ref in workloads]
        namespaces = {ref.namespace for ref in workloads}
        statuses += [
            judge_workload(claim, ObjectRef.of(claim), (), now=now)
            for namespace in sorted(namespaces)
            for claim in view.all("PersistentVolumeClaim", namespace)
        ]
        waiting = [s for s in statuses if s.health is not Health.READY]
        line = f"{len(statuses) - len(waiting)} of {len(statuses)} ready"
        if waiting:
            line += "; waiting for " + ", ".join(_brief(s) for s in waiting[:2])
            line += f" and {len(waiting) - 2} more" if len(waiting) > 2 else ""
        return Standing(
            reached=bool(statuses) and not waiting,
            line=line,
            objects=tuple(statuses),
        )

    return judge


def _brief(status: ObjectStatus) -> str:
    cause = status.message.rpartition("; ")[2].partition(": ")[2] or status.message
    return f"{status.ref.name} ({cause if len(cause) <= 60 else cause[:59] + '…'})"


def workload_status(view: ClusterView, ref: ObjectRef, *, now: float) -> ObjectStatus:
    """Returns the status of one workload from the view at `now`, its own pods included."""
    obj = view.find(ref)
    pods = [p for p in view.all("Pod", ref.namespace) if owned(view, p, ref)] if obj else []
    return judge_workload(obj, ref, pods, now=now)


def owned(view: ClusterView, pod: Object, ref: ObjectRef) -> bool:
    """Tells whether a pod belongs to a workload, directly or through a ReplicaSet."""
    owners = pod["metadata"].get("ownerReferences") or []
    for owner in owners:
        if owner.get("kind") == ref.kind and owner.get("name") == ref.name:
            return True
        if owner.get("kind") == "ReplicaSet" and ref.kind == "Deployment":
            hash_label = (pod["metadata"].get("labels") or {}).get("pod-template-hash", "")
            if owner.get("name") == f"{ref.name}-{hash_label}":
                return True
    return ref.kind == "Pod" and ObjectRef.of(pod) == ref and view.find(ref) is not None
