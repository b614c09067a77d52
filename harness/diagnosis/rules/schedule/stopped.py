"""H08: a workload that is told to run nothing: zero replicas, paused, gated, suspended.

A verdict about configuration: nothing is broken, but nothing runs, so nothing is proven. Only what
the repository declares counts at once; zero replicas with a scaler (HorizontalPodAutoscaler, KEDA,
a Rollout that takes the Deployment over) are meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.nearest import listed
from harness.diagnosis.rules.schedule.unscheduled import unscheduled
from harness.diagnosis.signal import NEVER, T0, Need, Signal, t2
from harness.manifests.pods import field_prefix
from harness.model.refs import ObjectRef

Object = Mapping[str, Any]
_TARGETS = ("scaleTargetRef", "workloadRef", "targetRef")
_SCALERS = ("HorizontalPodAutoscaler", "ScaledObject", "Rollout", "HTTPScaledObject")
_QUEUES = frozenset({"kueue.x-k8s.io/queue-name", "volcano.sh/queue-name"})


def zero_replicas(facts: Facts) -> Iterator[Signal]:
    """Yields H08 for workloads that are declared with zero replicas and that nothing scales."""
    for ref, declared in facts.declared.items():
        live = facts.find(ref)
        if ref.kind not in {"Deployment", "StatefulSet"} or live is None:
            continue
        if _replicas(declared.object) == 0 == _replicas(live) and not _is_scaled(facts, ref):
            yield _signal(
                facts,
                ref,
                field="spec.replicas",
                seen=f"{ref} declares 0 replicas; none runs, so nothing of it is proven",
                expected="at least 1 replica in this overlay",
                fix=f"Set spec.replicas of {ref} to 1 in this overlay",
                need=T0,
            )


def _replicas(obj: Object) -> int:
    found = (obj.get("spec") or {}).get("replicas")
    return 1 if found is None else int(found)


def _is_scaled(facts: Facts, ref: ObjectRef) -> bool:
    scalers = [o for kind in _SCALERS for o in facts.all(kind, ref.namespace)]
    scalers += [d.object for r, d in facts.declared.items() if r.namespace == ref.namespace]
    return any(_targets(o, ref) for o in scalers)


def _targets(obj: Object, ref: ObjectRef) -> bool:
    spec = obj.get("spec") or {}
    found = [t for key in _TARGETS if isinstance(t := spec.get(key), Mapping)]
    return any(t.get("name") == ref.name and t.get("kind", ref.kind) == ref.kind for t in found)


def paused(facts: Facts) -> Iterator[Signal]:
    """Yields H08 for paused Deployments whose newest template is not rolled out."""
    for obj in facts.all("Deployment"):
        ref, status = ObjectRef.of(obj), obj.get("status") or {}
        rolled_out = int(status.get("updatedReplicas") or 0) >= _replicas(obj)
        troubled = any(not p.ready for p in facts.pods_of(ref))
        is_paused = (obj.get("spec") or {}).get("paused") and facts.in_scope(ref.namespace)
        if not is_paused or rolled_out or troubled:
            continue
        declared = facts.declared.get(ref)
        meant = bool(declared and (declared.object.get("spec") or {}).get("paused"))
        yield _signal(
            facts,
            ref,
            field="spec.paused",
            seen=f"{ref} is paused; its newest template is not rolled out",
            expected="spec.paused false or absent",
            fix=f"Remove spec.paused from {ref} in this overlay"
            if meant
            else f"Run: kubectl -n {ref.namespace} rollout resume deployment {ref.name}",
            need=T0 if meant else t2(180) if declared else NEVER,
        )


def gated(facts: Facts) -> Iterator[Signal]:
    """Yields H08 for pods that scheduling gates hold back; whoever set a gate may lift it."""
    for waiting in unscheduled(facts, "SchedulingGated"):
        workload = waiting.pod.workload
        names = listed(str(g.get("name")) for g in waiting.pod.spec.get("schedulingGates") or [])
        template = bool(facts.template(workload).get("schedulingGates"))
        signal = _signal(
            facts,
            workload,
            field=f"{field_prefix(workload.kind)}.schedulingGates",
            seen=f"pod {waiting.pod.ref.name} is held back by scheduling gates: {names}",
            expected="no scheduling gate, or a controller that removes it",
            fix=f"Remove schedulingGates from the pod template of {workload}"
            if template
            else f"Look at the controller that owns the gate {names}",
            need=waiting.need(t2(180)) if template else NEVER,
        )
        yield replace(signal, at=waiting.at, since=waiting.since)


def suspended(facts: Facts) -> Iterator[Signal]:
    """Yields H08 for Jobs that are declared as suspended and have not run."""
    for obj in facts.all("Job"):
        ref, status = ObjectRef.of(obj), obj.get("status") or {}
        declared = facts.declared.get(ref)
        queued = _QUEUES & set(obj["metadata"].get("labels") or {})
        ran = status.get("completionTime") or status.get("succeeded")
        is_suspended = (obj.get("spec") or {}).get("suspend") and facts.in_scope(ref.namespace)
        if not is_suspended or ran or queued:
            continue
        meant = bool(declared and (declared.object.get("spec") or {}).get("suspend"))
        yield _signal(
            facts,
            ref,
            field="spec.suspend",
            seen=f"{ref} is suspended: it never ran",
            expected="spec.suspend false or absent",
            fix=f"Remove spec.suspend from {ref} in this overlay",
            need=T0 if meant else NEVER,
        )


def _signal(
    facts: Facts, ref: ObjectRef, *, field: str, seen: str, expected: str, fix: str, need: Need,
) -> Signal:  # fmt: skip
    return Signal(
        cause="H08",
        at=ref,
        root=ref,
        field=field,
        seen=seen,
        expected=expected,
        fix=fix,
        need=need,
        since=facts.first_seen(ref),
        rank=40,
    )
