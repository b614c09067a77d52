"""What keeps a corrected repository from taking effect, and what frees it. Pure.

An operation of an older commit that still runs or retries (argo-cd#23038, #16489), a StatefulSet
whose broken pod is not replaced after its template was corrected (kubernetes#67250, #60164), and a
finished Job whose template changed, which nobody can update. Freeing them is the stages' business,
and only on a cluster of the harness' own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd.operations import is_older, operation_of
from harness.model.refs import ObjectRef

OLD_OPERATION_SECONDS = 6.0
"""A new commit that arrives during a sync is taken up by itself within this time."""
OLD_POD_SECONDS = 10.0
IMMUTABLE = "field is immutable"


class JamKind(StrEnum):
    """What is jammed."""

    OLD_OPERATION = "old operation"
    OLD_POD = "old pod"
    JOB_IN_THE_WAY = "job in the way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Jam:
    """One thing in the way; `ref` is what has to be ended or deleted."""

    kind: JamKind
    ref: ObjectRef
    reason: str


def jams(facts: Facts) -> tuple[Jam, ...]:
    """Returns everything that keeps the wanted revision from taking effect."""
    return (*_old_operations(facts), *_old_pods(facts), *_jobs(facts))


def _old_operations(facts: Facts) -> Iterator[Jam]:
    wanted = facts.header.revision
    for app in facts.all("Application", facts.header.engine_namespace):
        operation = operation_of(app)
        if operation is None or operation.phase != "Running" or not is_older(app, wanted):
            continue
        if facts.now - max(operation.started, facts.header.started) < OLD_OPERATION_SECONDS:
            continue
        yield Jam(
            kind=JamKind.OLD_OPERATION,
            ref=ObjectRef.of({**app, "kind": "Application"}),
            reason=f"its operation of {operation.revisions[0][:8]} still runs, {wanted[:8]} is "
            f"wanted: {operation.message[:160]}",
        )


def _old_pods(facts: Facts) -> Iterator[Jam]:
    for pod in facts.all_pods:
        if pod.current or pod.ready or pod.workload.kind != "StatefulSet":
            continue
        if (pod.object.get("metadata") or {}).get("deletionTimestamp"):
            continue
        owner = facts.find(pod.workload) or {}
        policy = str((owner.get("spec") or {}).get("podManagementPolicy") or "OrderedReady")
        if policy != "OrderedReady" or facts.now - facts.seen_at(pod.ref) < OLD_POD_SECONDS:
            continue
        yield Jam(
            kind=JamKind.OLD_POD,
            ref=pod.ref,
            reason=f"{pod.workload} has a newer template, and never replaces a pod that is "
            "not ready",
        )


def _jobs(facts: Facts) -> Iterator[Jam]:
    for app in facts.all("Application", facts.header.engine_namespace):
        operation = operation_of(app)
        for result in operation.results if operation else ():
            is_refused = result.ref.kind == "Job" and result.status == "SyncFailed"
            if is_refused and IMMUTABLE in result.message and facts.find(result.ref) is not None:
                yield Jam(
                    kind=JamKind.JOB_IN_THE_WAY,
                    ref=result.ref,
                    reason="its template changed, and a Job's template cannot be updated",
                )
