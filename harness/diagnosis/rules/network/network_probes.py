"""Probes that a network policy drops (N11), which most policy engines never do. Pure.

The specification lets the node reach its pods; some engines have not. One ready pod that is
isolated for ingress and is probed over the network refutes it for the whole cluster, and a single
workload with slow probes proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from harness.connectivity.peers import Direction, Endpoint
from harness.connectivity.policies import isolates
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import PodFact
from harness.diagnosis.rules.network.network_ways import inventory
from harness.diagnosis.rules.probe.probe_failures import Failing, Fault, failing
from harness.diagnosis.rules.probe.probe_specs import Handler, ProbeKind, probe
from harness.diagnosis.signal import NEVER, Signal, t1
from harness.manifests.pods import pod_labels
from harness.model.refs import ObjectRef

_NO_CONNECTION = re.compile(
    r"dial tcp \S+ i/o timeout|while waiting for connection|awaiting headers", re.IGNORECASE
)
NETWORK = frozenset({Handler.HTTP, Handler.TCP, Handler.GRPC})


def dropped_probes(facts: Facts) -> Iterator[Signal]:
    """Yields N11 when all probes of isolated pods get no answer, of several workloads."""
    found = blocked_probes(facts)
    several = len({each.container.workload for each, _ in found}) > 1
    for each, policy in found:
        text = each.text[:180]
        yield Signal(
            cause="N11",
            at=each.container.workload,
            root=policy,
            field="spec.ingress",
            seen=f'{each.pod.ref.name}: "{text}"; {policy.name} isolates its ingress, and no '
            "isolated pod of the cluster passes a probe over the network",
            expected="the node's address is let in, or an engine that lets the kubelet through",
            fix=f"add an ipBlock with the nodes' addresses to spec.ingress of {policy}",
            need=t1(4, 60) if several else NEVER,
            count=each.count,
            since=each.since,
            last=facts.now,
            rank=40,
        )


def blocked_probes(facts: Facts) -> tuple[tuple[Failing, ObjectRef], ...]:
    """Returns the probes that may be dropped, with the policy that isolates; none if refuted."""
    found: tuple[tuple[Failing, ObjectRef], ...] = facts.memo(
        "network.dropped_probes", lambda: tuple(_blocked(facts))
    )
    return found


def _blocked(facts: Facts) -> Iterator[tuple[Failing, ObjectRef]]:
    suffering = [f for f in failing(facts) if f.fault is Fault.TIMEOUT and f.is_beyond_budget]
    if not suffering or _is_refuted(facts):
        return
    for each in suffering:
        policy = _isolating(facts, each.pod)
        if (
            policy is not None
            and each.probe.handler in NETWORK
            and _NO_CONNECTION.search(each.text)
        ):
            yield each, policy


def _is_refuted(facts: Facts) -> bool:
    return any(
        pod.ready and _is_probed_by_network(pod) and _isolating(facts, pod) is not None
        for pod in facts.all_pods
    )


def _is_probed_by_network(pod: PodFact) -> bool:
    found = [probe(c, ProbeKind.READINESS) for c in pod.containers]
    return any(p is not None and p.handler in NETWORK for p in found)


def _isolating(facts: Facts, pod: PodFact) -> ObjectRef | None:
    end = Endpoint(namespace=pod.ref.namespace, labels=pod_labels(pod.object), ref=pod.ref)
    found = [p for p in inventory(facts).policies if isolates(p, end, Direction.INGRESS)]
    live = [ref for p in found if facts.find(ref := ObjectRef.of(p)) is not None]
    return live[0] if live else None


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (dropped_probes,)
