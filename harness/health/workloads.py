"""Judges workloads: Deployment, StatefulSet, DaemonSet, Job, and the pods they own.

Revision-aware: a StatefulSet is ready only when its update revision runs everywhere (Argo CD has no
failed state for it, argo-cd#6527), a Deployment only when its newest ReplicaSet holds all replicas.
Zero replicas declared is not ready by itself: nothing runs, so nothing is proven.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.model.run import Health

Judgement = tuple[Health, str]
Object = Mapping[str, Any]


def _behind(obj: Object) -> bool:
    seen = (obj.get("status") or {}).get("observedGeneration")
    return int(seen or 0) < int(obj["metadata"].get("generation") or 0)


def _condition(obj: Object, kind: str) -> Mapping[str, Any]:
    conditions = (obj.get("status") or {}).get("conditions") or []
    return next((c for c in conditions if c.get("type") == kind), {})


def judge_deployment(obj: Object) -> Judgement:
    """Ready when all wanted replicas are of the newest template and available."""
    status, wanted = obj.get("status") or {}, _wanted(obj)
    if _behind(obj):
        return Health.PROGRESSING, "the controller has not seen this generation yet"
    updated, ready = int(status.get("updatedReplicas") or 0), int(status.get("readyReplicas") or 0)
    available, total = (
        int(status.get("availableReplicas") or 0),
        int(status.get("replicas") or 0),
    )
    if _condition(obj, "ReplicaFailure").get("status") == "True":
        return Health.PROGRESSING, str(_condition(obj, "ReplicaFailure").get("message"))
    if updated < wanted:
        return Health.PROGRESSING, f"{updated} of {wanted} replicas have the newest template"
    if total > updated:
        return Health.PROGRESSING, f"{total - updated} pods of an older template still run"
    if available < wanted:
        return Health.PROGRESSING, f"{available} of {wanted} replicas available, {ready} ready"
    return Health.READY, f"{available} of {wanted} replicas available"


def _wanted(obj: Object) -> int:
    replicas = (obj.get("spec") or {}).get("replicas")
    return 1 if replicas is None else int(replicas)


def judge_stateful_set(obj: Object) -> Judgement:
    """Ready when every pod is of the update revision and ready."""
    spec, status, wanted = obj.get("spec") or {}, obj.get("status") or {}, _wanted(obj)
    if _behind(obj):
        return Health.PROGRESSING, "the controller has not seen this generation yet"
    ready = int(status.get("readyReplicas") or 0)
    if ready < wanted:
        return Health.PROGRESSING, f"{ready} of {wanted} pods ready"
    partition = int(
        ((spec.get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition") or 0
    )
    updated = int(status.get("updatedReplicas") or 0)
    if partition == 0 and status.get("updateRevision") != status.get("currentRevision"):
        return Health.PROGRESSING, f"{updated} of {wanted} pods have the newest template"
    if updated < wanted - partition:
        return Health.PROGRESSING, f"{updated} of {wanted} pods have the newest template"
    return Health.READY, f"{ready} of {wanted} pods ready"


def judge_daemon_set(obj: Object) -> Judgement:
    """Ready when every node that should run a pod has one of the newest template available."""
    status = obj.get("status") or {}
    wanted = int(status.get("desiredNumberScheduled") or 0)
    updated = int(status.get("updatedNumberScheduled") or 0)
    available = int(status.get("numberAvailable") or 0)
    if _behind(obj):
        return Health.PROGRESSING, "the controller has not seen this generation yet"
    if min(updated, available) < wanted:
        return Health.PROGRESSING, f"{min(updated, available)} of {wanted} nodes have it"
    return Health.READY, f"{available} of {wanted} nodes have it"


def judge_job(obj: Object) -> Judgement:
    """Ready when complete; a failed Job is stuck, a suspended one has proven nothing."""
    if _condition(obj, "Failed").get("status") == "True":
        return Health.STUCK, str(_condition(obj, "Failed").get("message") or "failed")
    if _condition(obj, "Complete").get("status") == "True":
        return Health.READY, "complete"
    if (obj.get("spec") or {}).get("suspend"):
        return Health.PROGRESSING, "suspended: it never ran"
    status = obj.get("status") or {}
    return Health.PROGRESSING, f"{int(status.get('succeeded') or 0)} completed so far"


def judge_cron_job(obj: Object) -> Judgement:
    """Ready when it is accepted; its runs are not waited for."""
    suspended = (obj.get("spec") or {}).get("suspend")
    return Health.READY, "suspended" if suspended else "scheduled"


def judge_claim(obj: Object) -> Judgement:
    """Ready when bound."""
    phase = str((obj.get("status") or {}).get("phase") or "Pending")
    if phase == "Bound":
        return Health.READY, "bound"
    if phase == "Lost":
        return Health.STUCK, "its volume is lost"
    return Health.PROGRESSING, "not bound yet"


def judge_pod(obj: Object) -> Judgement:
    """Ready when all containers are; otherwise says which container waits for what."""
    status = obj.get("status") or {}
    phase = status.get("phase")
    if phase == "Succeeded":
        return Health.READY, "completed"
    if phase == "Failed":
        return Health.STUCK, str(status.get("message") or status.get("reason") or "failed")
    if _condition(obj, "Ready").get("status") == "True":
        return Health.READY, "ready"
    scheduled = _condition(obj, "PodScheduled")
    if scheduled.get("status") == "False":
        return Health.PROGRESSING, f"not scheduled: {scheduled.get('message', '')}"
    return Health.PROGRESSING, pod_waits_for(obj)


def pod_waits_for(pod: Object) -> str:
    """Returns what the first unready container of a pod waits for, in its own words."""
    status = pod.get("status") or {}
    for key, word in (
        ("initContainerStatuses", "init container"),
        ("containerStatuses", "container"),
    ):
        for container in status.get(key) or []:
            if word == "init container" and _finished(container):
                continue
            if not container.get("ready"):
                return f"{word} {container.get('name')}: {_container_state(container)}"
    return "starting"


def _finished(container: Mapping[str, Any]) -> bool:
    ended = (container.get("state") or {}).get("terminated") or {}
    return bool(ended) and ended.get("exitCode") == 0


def _container_state(container: Mapping[str, Any]) -> str:
    state = container.get("state") or {}
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    if waiting:
        text = f"{waiting.get('reason', 'waiting')} {waiting.get('message', '')}".strip()
        return _with_last_exit(container, text)
    if ended:
        return f"ended with exit code {ended.get('exitCode')} ({ended.get('reason', '')})"
    restarts = int(container.get("restartCount") or 0)
    again = f", {restarts} restarts" if restarts else ""
    return f"running, not ready yet{again}"


def _with_last_exit(container: Mapping[str, Any], text: str) -> str:
    last = (container.get("lastState") or {}).get("terminated") or {}
    return f"{text}; last exit code {last.get('exitCode')}" if last else text
