"""Pods that pass their probes and still do not count: readiness gates, minReadySeconds (B08, B10).

A readiness gate is a condition that some controller must set. The AWS load balancer's (B10) cannot
be set where its controller does not run; for others only time can tell. Waiting out
minReadySeconds (B08) is never a failure by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from harness.diagnosis.events import epoch
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import PodFact
from harness.diagnosis.signal import NEVER, T0, Need, Signal, t1, t2
from harness.manifests.pods import field_prefix
from harness.model.refs import ObjectRef

AWS_GATE = "target-health.elbv2.k8s.aws"
AWS_CONTROLLER = "aws-load-balancer-controller"
GATE_SECONDS = 300.0


def unset_gates(facts: Facts) -> Iterator[Signal]:
    """Yields B10: all containers are ready, and a readiness gate keeps the pod unready."""
    for pod in facts.troubled_pods:
        ready = pod.condition("ContainersReady")
        if ready.get("status") != "True" or not facts.in_scope(pod.ref.namespace):
            continue
        for gate in pod.spec.get("readinessGates") or []:
            kind = str(gate.get("conditionType") or "")
            if pod.condition(kind).get("status") != "True":
                since = epoch(ready.get("lastTransitionTime")) or facts.first_seen(pod.ref)
                yield _unset(facts, pod, kind, since)


def _unset(facts: Facts, pod: PodFact, gate: str, since: float) -> Signal:
    found = pod.condition(gate)
    state = f"is {found.get('status')}" if found else "was never set"
    need = _need(facts, gate)
    field = f"{field_prefix(pod.workload.kind)}.readinessGates"
    return Signal(
        cause="B10",
        at=pod.workload,
        root=pod.workload,
        field=field,
        seen=f"{pod.ref.name}: all containers are ready, but condition {gate} {state}"
        f"{'; no ' + AWS_CONTROLLER + ' runs here' if need is not None and is_aws(gate) else ''}",
        expected=f"a controller that sets {gate}, or no such gate",
        fix=f"remove {gate} from {field} in this overlay",
        need=need or t2(GATE_SECONDS),
        count=2,
        since=since,
        last=facts.now,
    )


def is_aws(gate: str) -> bool:
    """Whether a gate is that of a target group of AWS."""
    return gate.startswith(AWS_GATE)


def _need(facts: Facts, gate: str) -> Need | None:
    """Returns how soon an unset gate counts; None when its controller may run."""
    if not is_aws(gate) or _has_controller(facts):
        return None
    machines = [str((n.get("spec") or {}).get("providerID") or "") for n in facts.all("Node")]
    if not machines or any(m.startswith("aws:") for m in machines):
        return None
    return T0 if all(machines) else t1(2, 60)


def _has_controller(facts: Facts) -> bool:
    live = [ObjectRef.of({**o, "kind": "Deployment"}) for o in facts.all("Deployment")]
    return any(AWS_CONTROLLER in ref.name for ref in (*live, *facts.declared))


def short_readiness(facts: Facts) -> Iterator[Signal]:
    """Yields B08: the pods are ready, and must stay so for minReadySeconds until they count."""
    for workload in facts.workloads:
        obj = facts.find(workload) or {}
        seconds = float((obj.get("spec") or {}).get("minReadySeconds") or 0)
        since = facts.ready_since(workload)
        if seconds and since and not facts.is_ok(workload):
            yield Signal(
                cause="B08",
                at=workload,
                root=workload,
                field="spec.minReadySeconds",
                seen=f"the pods of {workload} are ready for {facts.now - since:.0f} s",
                expected=f"{seconds:.0f} s of readiness until they count as available",
                fix="wait, or lower spec.minReadySeconds in this overlay",
                need=NEVER,
                since=since,
                last=facts.now,
                rank=90,
            )


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (unset_gates, short_readiness)
