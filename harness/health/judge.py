"""One door for judging any object: deletion first, then the rule of its kind.

A kind without a rule is "not judged", never ready, unless existing is all it can do (a Service, a
ConfigMap): those are ready when they are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from harness.health.workloads import (
    judge_claim,
    judge_cron_job,
    judge_daemon_set,
    judge_deployment,
    judge_job,
    judge_pod,
    judge_stateful_set,
    pod_waits_for,
)
from harness.model.refs import ObjectRef
from harness.model.run import Health, ObjectStatus

Object = Mapping[str, Any]

RULES: dict[str, Callable[[Object], tuple[Health, str]]] = {
    "CronJob": judge_cron_job,
    "DaemonSet": judge_daemon_set,
    "Deployment": judge_deployment,
    "Job": judge_job,
    "PersistentVolumeClaim": judge_claim,
    "Pod": judge_pod,
    "StatefulSet": judge_stateful_set,
}
WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod")
PASSIVE = frozenset({
    "ConfigMap", "Secret", "Service", "ServiceAccount", "Role", "RoleBinding", "ClusterRole",
    "ClusterRoleBinding", "NetworkPolicy", "Namespace", "PodDisruptionBudget", "LimitRange",
    "ResourceQuota", "StorageClass", "PriorityClass", "IngressClass", "AppProject",
})  # fmt: skip


def judge(obj: Object | None, ref: ObjectRef) -> ObjectStatus:
    """Returns the status of one object; None means it is not there."""
    if obj is None:
        return ObjectStatus(ref=ref, health=Health.MISSING, message="not in the cluster")
    if (obj.get("metadata") or {}).get("deletionTimestamp"):
        return ObjectStatus(ref=ref, health=Health.TERMINATING, message="being deleted")
    rule = RULES.get(ref.kind)
    if rule is None:
        passive = ref.kind in PASSIVE
        health = Health.READY if passive else Health.NOT_JUDGED
        return ObjectStatus(
            ref=ref, health=health, message="present" if passive else f"no rule for {ref.kind}"
        )
    health, message = rule(obj)
    return ObjectStatus(ref=ref, health=health, message=message)


def judge_workload(obj: Object | None, ref: ObjectRef, pods: Iterable[Object]) -> ObjectStatus:
    """Returns the status of a workload, with what its unready pods wait for.

    A workload whose pods are wanted but none of whose pods is ready is not ready whatever its
    own status says, so that a stale status cannot pass.
    """
    status = judge(obj, ref)
    if obj is None or status.health in {Health.MISSING, Health.TERMINATING}:
        return status
    waiting = [
        f"{p['metadata']['name']}: {judge_pod(p)[1]}"
        for p in pods
        if judge_pod(p)[0] is not Health.READY and not p["metadata"].get("deletionTimestamp")
    ]
    if status.health is Health.READY or not waiting:
        return status
    return ObjectStatus(
        ref=ref, health=status.health, message=f"{status.message}; {'; '.join(waiting[:3])}"
    )


__all__ = ["PASSIVE", "RULES", "WORKLOAD_KINDS", "judge", "judge_workload", "pod_waits_for"]
