"""Connections out of the cluster, or to its API, that no egress rule allows (N15). Pure.

The static reason is the simulation for an address outside: an `ipBlock` that may hold an address
which is not known counts as allowing it. The proof is a time-out in the log of an unready client
that names neither a Service nor a pod of the cluster.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator

from harness.connectivity.peers import Connection, Direction, Endpoint
from harness.connectivity.policies import Decision, decide_direction
from harness.connectivity.resolution import Meaning, resolve
from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.network.connection_texts import ConnectionTrouble, TroubleKind
from harness.diagnosis.rules.network.network_blocks import namespace_labels, without_names
from harness.diagnosis.rules.network.network_evidence import Shown, Symptom, quote, symptoms
from harness.diagnosis.rules.network.network_ways import inventory
from harness.diagnosis.signal import Signal, t1
from harness.model.refs import ObjectRef

API_HOSTS = ("kubernetes", "kubernetes.default", "kubernetes.default.svc")
API_PORTS = (443, 6443)
"""Policies see the port of the API server itself, which the Service stands in front of."""
DEFAULT_PORT = 443


def unreachable_outside(facts: Facts) -> Iterator[Signal]:
    """Yields N15 for each client that gets no answer from outside and may not ask there."""
    if not any(o.get("kind") == "NetworkPolicy" for o in facts.manifests):
        return
    for client in facts.workloads:
        if client in without_names(facts):
            continue
        for symptom in symptoms(facts, client):
            trouble = symptom.trouble(TroubleKind.TIMEOUT)
            if trouble is None or not _is_outside(facts, client, trouble):
                continue
            decision = _decision(facts, client, trouble)
            if decision is not None and _lives(facts, decision):
                yield _signal(facts, client, symptom, trouble, decision)


def _is_outside(facts: Facts, client: ObjectRef, trouble: ConnectionTrouble) -> bool:
    if is_api(facts, trouble):
        return True
    if trouble.address:
        return _is_global(trouble.address)
    found = resolve(trouble.host, client.namespace, inventory(facts)) if trouble.host else None
    return found is not None and found.meaning is Meaning.OUTSIDE and "." in trouble.host


def _is_global(address: str) -> bool:
    """Whether an address cannot be one of the cluster's own; clusters use private ranges."""
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def is_api(facts: Facts, trouble: ConnectionTrouble) -> bool:
    """Whether a log means the Kubernetes API."""
    service = facts.find(ObjectRef("Service", "default", "kubernetes")) or {}
    address = str((service.get("spec") or {}).get("clusterIP") or "")
    host = trouble.host.removesuffix(".cluster.local")
    return host in API_HOSTS or bool(address and trouble.address == address)


def _decision(facts: Facts, client: ObjectRef, trouble: ConnectionTrouble) -> Decision | None:
    """Returns the decision that forbids the connection, None when it may be allowed."""
    known = inventory(facts)
    workload = known.workload(client)
    if workload is None or workload.uses_host_network:
        return None
    api = is_api(facts, trouble)
    outside = Endpoint(namespace="", ip="" if api else trouble.address)
    decisions = [
        decide_direction(
            Direction.EGRESS,
            Connection(client=known.endpoint(workload), server=outside, port=port),
            known.policies,
            namespace_labels(facts),
        )
        for port in (API_PORTS if api else (trouble.port or DEFAULT_PORT,))
    ]
    return None if any(d.allowed for d in decisions) else decisions[0]


def _lives(facts: Facts, decision: Decision) -> bool:
    return any(facts.find(policy) is not None for policy in decision.isolating)


def _signal(
    facts: Facts,
    client: ObjectRef,
    symptom: Symptom,
    trouble: ConnectionTrouble,
    decision: Decision,
) -> Signal:
    policy = decision.isolating[0]
    place = trouble.host or trouble.address or "outside"
    port = 6443 if is_api(facts, trouble) else trouble.port or DEFAULT_PORT
    rule = f"egress: [{{to: [{{ipBlock: {{cidr: …}}}}], ports: [{{protocol: TCP, port: {port}}}]}}]"
    return Signal(
        cause="N15",
        at=client,
        root=policy,
        field="spec.egress",
        seen=f"{symptom.pod.ref.name} logs {quote(trouble)}; {policy.name} isolates its egress, "
        f"and no rule with an ipBlock lets it reach {place}",
        expected=f"egress to the addresses of {place} on TCP {port}",
        fix=f"add a policy for {client.name} with {rule}",
        need=t1(3, 45),
        count=symptom.count if symptom.shown is Shown.CRASHES else 3,
        since=symptom.overdue_since,
        last=facts.now,
        by_text=True,
        rank=40,
    )


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (unreachable_outside,)
