"""One door for judging any object: deletion first, then the rule of its kind.

A kind without a rule is "not judged", never ready, unless existing is all it can do (a ConfigMap,
a Role): those are ready when they are there. Another API group may use the name of a known kind
(Knative has Services, Volcano has Jobs): those are not judged either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from harness.health.access import judge_autoscaler, judge_budget, judge_ingress, judge_service
from harness.health.batch import judge_cron_job, judge_job
from harness.health.cluster import (
    judge_api_service,
    judge_custom_kind,
    judge_namespace,
    judge_node,
)
from harness.health.engine import judge_application, judge_application_set
from harness.health.pods import is_pod_ready, judge_pod, pod_waits_for
from harness.health.reading import Judgement, Object, condition, count, has_passed, spec_of
from harness.health.storage import judge_claim, judge_volume
from harness.health.workloads import (
    judge_daemon_set,
    judge_deployment,
    judge_replica_set,
    judge_stateful_set,
)
from harness.model.refs import ObjectRef
from harness.model.run import Health, ObjectStatus

RULES: dict[str, Callable[[Object, float], Judgement]] = {
    "APIService": judge_api_service,
    "Application": judge_application,
    "ApplicationSet": judge_application_set,
    "CronJob": judge_cron_job,
    "CustomResourceDefinition": judge_custom_kind,
    "DaemonSet": judge_daemon_set,
    "Deployment": judge_deployment,
    "HorizontalPodAutoscaler": judge_autoscaler,
    "Ingress": judge_ingress,
    "Job": judge_job,
    "Namespace": judge_namespace,
    "Node": judge_node,
    "PersistentVolume": judge_volume,
    "PersistentVolumeClaim": judge_claim,
    "Pod": judge_pod,
    "PodDisruptionBudget": judge_budget,
    "ReplicaSet": judge_replica_set,
    "Service": judge_service,
    "StatefulSet": judge_stateful_set,
}
WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod")
REPLICATED = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"})
"""Kinds whose status counts pods that run without end."""
PASSIVE = frozenset({
    "ConfigMap", "Secret", "ServiceAccount", "Role", "RoleBinding", "ClusterRole",
    "ClusterRoleBinding", "NetworkPolicy", "LimitRange", "ResourceQuota", "StorageClass",
    "PriorityClass", "IngressClass", "AppProject", "EndpointSlice", "RuntimeClass",
    "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
})  # fmt: skip
_OF_ARGO = frozenset({"Application", "ApplicationSet", "AppProject"})
_BUILT_IN = frozenset({
    "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps",
    "autoscaling", "batch", "discovery.k8s.io", "extensions", "networking.k8s.io", "node.k8s.io",
    "policy", "rbac.authorization.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
})  # fmt: skip
OVERDUE_SECONDS = 30.0
"""So long after its grace period a deletion is held up by somebody."""


def judge(obj: Object | None, ref: ObjectRef, *, now: float) -> ObjectStatus:
    """Returns the status of one object at `now` (epoch seconds); None means it is not there."""
    if obj is None:
        return ObjectStatus(ref=ref, health=Health.MISSING, message="not in the cluster")
    if _deletion(obj):
        message = f"being deleted{_held_up(obj, now)}"
        return ObjectStatus(ref=ref, health=Health.TERMINATING, message=message)
    health, message = _judgement(obj, ref.kind, now)
    return ObjectStatus(ref=ref, health=health, message=message)


def _judgement(obj: Object, kind: str, now: float) -> Judgement:
    group = str(obj.get("apiVersion") or "").rpartition("/")[0]
    known = {"argoproj.io"} if kind in _OF_ARGO else _BUILT_IN
    if obj.get("apiVersion") and group not in known:
        return Health.NOT_JUDGED, f"no rule for {kind} of {group}"
    if kind in RULES:
        return RULES[kind](obj, now)
    if kind in PASSIVE:
        return Health.READY, "present"
    return Health.NOT_JUDGED, f"no rule for {kind}"


def _deletion(obj: Object) -> Any:
    return (obj.get("metadata") or {}).get("deletionTimestamp")


def _held_up(obj: Object, now: float) -> str:
    """Says whose finalizer holds a deletion up; the API's time of it includes the grace period."""
    finalizers = (obj.get("metadata") or {}).get("finalizers") or []
    overdue = has_passed(_deletion(obj), OVERDUE_SECONDS, now)
    return f", held up by the finalizer {finalizers[0]}" if overdue and finalizers else ""


def judge_workload(
    obj: Object | None, ref: ObjectRef, pods: Iterable[Object], *, now: float
) -> ObjectStatus:
    """Returns the status of a workload at `now`, with what its unready pods wait for.

    A workload none of whose pods is ready is not ready whatever its own status says, so that a
    stale status cannot pass.
    """
    status = judge(obj, ref, now=now)
    if obj is None or status.health in {Health.MISSING, Health.TERMINATING}:
        return status
    living = [p for p in pods if not _deletion(p)]
    if status.health is Health.READY:
        stale = ref.kind in REPLICATED and living and not any(map(is_pod_ready, living))
        if not stale:
            return status
    shortest = count(spec_of(obj), "minReadySeconds")
    waiting = [
        f"{p['metadata']['name']}: {text}" for p in living if (text := _waits(p, shortest, now))
    ]
    health = Health.PROGRESSING if status.health is Health.READY else status.health
    return ObjectStatus(ref=ref, health=health, message="; ".join([status.message, *waiting[:3]]))


def _waits(pod: Object, shortest: int, now: float) -> str:
    """Returns what a pod waits for; a ready one for the time that makes it available."""
    health, message = judge_pod(pod, now)
    if health is not Health.READY:
        return message
    since = condition(pod, "Ready").get("lastTransitionTime")
    young = shortest and since and not has_passed(since, shortest, now)
    return f"ready, counts as available after {shortest} s" if young else ""


__all__ = [
    "PASSIVE",
    "RULES",
    "WORKLOAD_KINDS",
    "is_pod_ready",
    "judge",
    "judge_workload",
    "pod_waits_for",
]
