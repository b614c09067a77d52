"""Judges what runs pods without end: Deployment, ReplicaSet, StatefulSet, DaemonSet.

Revision-aware: a StatefulSet is ready only when its update revision runs everywhere (Argo CD has no
failed state for it, argo-cd#6527), a Deployment only when its newest ReplicaSet holds all replicas.
Zero replicas are ready when zero are asked for; that nothing is proven then is the diagnosis'
finding (H08). None of them is ever stuck: each may recover without an edit.
"""

from __future__ import annotations

from harness.health.reading import (
    UNSEEN,
    Judgement,
    Object,
    condition,
    count,
    has_passed,
    holds,
    is_behind,
    spec_of,
    status_of,
    wanted_replicas,
    words,
)
from harness.model.run import Health
from harness.model.wording import counted

PROGRESS_DEADLINE_SECONDS = 600
"""What a Deployment has without `spec.progressDeadlineSeconds`."""
ON_DELETE = "; OnDelete: a pod takes it when it is deleted"


def judge_deployment(obj: Object, now: float) -> Judgement:
    """Ready when all wanted replicas are of the newest template and available."""
    if is_behind(obj):
        return Health.PROGRESSING, UNSEEN
    lacking = _lacking(obj)
    if lacking:
        return Health.PROGRESSING, lacking + _overdue(obj, now)
    return Health.READY, _available(obj)


def _available(obj: Object) -> str:
    available = count(status_of(obj), "availableReplicas")
    return f"{available} of {wanted_replicas(obj)} replicas available"


def _lacking(obj: Object) -> str:
    status, wanted = status_of(obj), wanted_replicas(obj)
    updated, total = count(status, "updatedReplicas"), count(status, "replicas")
    if holds(obj, "ReplicaFailure"):
        return words(condition(obj, "ReplicaFailure"))
    if updated < wanted:
        paused = "; it is paused" if spec_of(obj).get("paused") else ""
        return f"{updated} of {wanted} replicas have the newest template{paused}"
    if total > updated:
        return f"{counted(total - updated, 'pod')} of an older template left"
    if count(status, "availableReplicas") < wanted:
        return f"{_available(obj)}, {count(status, 'readyReplicas')} ready"
    return ""


def _overdue(obj: Object, now: float) -> str:
    """Says that the progress deadline has passed: by the controller's word, or by the time."""
    found, spec = condition(obj, "Progressing"), spec_of(obj)
    seconds = spec.get("progressDeadlineSeconds") or PROGRESS_DEADLINE_SECONDS
    rolling = found.get("reason") != "NewReplicaSetAvailable" and not spec.get("paused")
    said = found.get("reason") == "ProgressDeadlineExceeded"
    if said or (rolling and has_passed(found.get("lastUpdateTime"), seconds, now)):
        return f"; no progress within its deadline of {seconds} s"
    return ""


def judge_replica_set(obj: Object, _: float) -> Judgement:
    """Ready when all wanted replicas are available."""
    if is_behind(obj):
        return Health.PROGRESSING, UNSEEN
    if holds(obj, "ReplicaFailure"):
        return Health.PROGRESSING, words(condition(obj, "ReplicaFailure"))
    enough = count(status_of(obj), "availableReplicas") >= wanted_replicas(obj)
    return Health.READY if enough else Health.PROGRESSING, _available(obj)


def judge_stateful_set(obj: Object, _: float) -> Judgement:
    """Ready when every pod is of the update revision, ready, and as long as it must be."""
    if is_behind(obj):
        return Health.PROGRESSING, UNSEEN
    status, wanted = status_of(obj), wanted_replicas(obj)
    ready, total = count(status, "readyReplicas"), count(status, "replicas")
    if ready < wanted:
        return Health.PROGRESSING, f"{ready} of {wanted} pods ready"
    if total > wanted:
        return Health.PROGRESSING, f"{counted(total - wanted, 'pod')} more than the {wanted} wanted"
    available, shortest = count(status, "availableReplicas"), _min_ready_seconds(obj)
    if shortest and available < wanted:
        return (
            Health.PROGRESSING,
            f"{available} of {wanted} pods ready for {shortest} s, which counts as available",
        )
    outdated = _outdated(obj)
    if outdated:
        return Health.PROGRESSING, outdated
    return Health.READY, f"{ready} of {wanted} pods ready"


def _min_ready_seconds(obj: Object) -> int:
    return count(spec_of(obj), "minReadySeconds")


def _outdated(obj: Object) -> str:
    """Says how many pods have the newest template, where more should have it.

    `currentRevision` follows `updateRevision` at the end of a rolling update only; with OnDelete or
    a partition it stays behind for ever.
    """
    status, wanted = status_of(obj), wanted_replicas(obj)
    strategy = spec_of(obj).get("updateStrategy") or {}
    partition = count(strategy.get("rollingUpdate") or {}, "partition")
    updated, by_hand = count(status, "updatedReplicas"), strategy.get("type") == "OnDelete"
    same = status.get("updateRevision") == status.get("currentRevision")
    is_rolling = not (same or partition or by_hand)
    if not is_rolling and updated >= wanted - partition:
        return ""
    most = f" (partition {partition})" if partition else ""
    return f"{updated} of {wanted} pods have the newest template{most}" + (
        ON_DELETE if by_hand else ""
    )


def judge_daemon_set(obj: Object, _: float) -> Judgement:
    """Ready when every node that should run a pod has one of the newest template available."""
    status = status_of(obj)
    wanted = count(status, "desiredNumberScheduled")
    updated, available = count(status, "updatedNumberScheduled"), count(status, "numberAvailable")
    if is_behind(obj):
        return Health.PROGRESSING, UNSEEN
    if min(updated, available) < wanted:
        strategy = (spec_of(obj).get("updateStrategy") or {}).get("type")
        by_hand = ON_DELETE if strategy == "OnDelete" and updated < wanted <= available else ""
        return (
            Health.PROGRESSING,
            f"{min(updated, available)} of {wanted} nodes have it{by_hand}",
        )
    return Health.READY, f"{available} of {wanted} nodes have it"
