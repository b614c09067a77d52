"""Facts about the network that never fail a run and may explain a wait (N03, N10, N14, N16). Pure.

Shown among the suspects, and only while some workload is not ready: a list item that is probably
two, load balancers that no policy lets in, an Ingress or Service that gets no address here, a
resolver on the node that no rule names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from harness.connectivity.peers import Direction, peers, rules
from harness.connectivity.policies import counts_for
from harness.connectivity.split_peers import split_peers
from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.network.network_ways import inventory
from harness.diagnosis.signal import NEVER, Signal
from harness.model.refs import ObjectRef

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
TARGET_TYPE = "alb.ingress.kubernetes.io/target-type"
NODE_RESOLVER = "169.254.20.10/32"
ADDRESS_SECONDS = 120.0
Object = Mapping[str, Any]


def advice(facts: Facts) -> Iterator[Signal]:
    """Yields what may be behind a wait and is never a verdict."""
    if any(not facts.is_ok(workload) for workload in facts.workloads):
        yield from _split(facts)
        yield from _without_address(facts)
        if _is_aws(facts):
            yield from _balancers(facts)
        yield from _node_resolver(facts)


def _fact(
    facts: Facts, cause: str, at: ObjectRef, *, field: str, seen: str, expected: str, fix: str
) -> Signal:
    return Signal(
        cause=cause,
        at=at,
        root=at,
        field=field,
        seen=seen,
        expected=expected,
        fix=fix,
        need=NEVER,
        since=facts.header.started,
        rank=95,
    )


def _split(facts: Facts) -> Iterator[Signal]:
    for found in split_peers(dict(o) for o in facts.manifests):
        yield _fact(
            facts,
            "N03",
            found.policy,
            field=found.field,
            seen=f"podSelector {found.pods} and namespaceSelector {found.namespaces} are two items:"
            f" either is enough, and the podSelector means namespace {found.policy.namespace}",
            expected="one item with both selectors, if both are meant",
            fix=f"remove the second dash at {found.field} of {found.policy}",
        )


def _without_address(facts: Facts) -> Iterator[Signal]:
    """N14: nobody gives an Ingress of this class, or a load balancer, its address."""
    for obj in facts.manifests:
        if obj.get("kind") == "Ingress":
            yield from _ingress(facts, obj)
        if (obj.get("spec") or {}).get("type") == "LoadBalancer" and obj.get("kind") == "Service":
            yield from _balancer(facts, ObjectRef.of(obj))


def _ingress(facts: Facts, obj: Object) -> Iterator[Signal]:
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    wanted = (obj.get("spec") or {}).get("ingressClassName") or annotations.get(CLASS_ANNOTATION)
    ref = ObjectRef("IngressClass", "", str(wanted or ""))
    if not wanted or not facts.knows("IngressClass") or ref in facts.declared or facts.find(ref):
        return
    known = sorted(str(o["metadata"]["name"]) for o in facts.all("IngressClass"))
    yield _fact(
        facts,
        "N14",
        ObjectRef.of(obj),
        field="spec.ingressClassName",
        seen=f"its class {wanted} is not in the cluster, so it never gets an address, and Argo CD "
        "shows the Application as Progressing",
        expected=f"one of the classes {', '.join(known)}" if known else "an ingress controller",
        fix="install the controller, or leave the Ingress out of this overlay",
    )


def _balancer(facts: Facts, ref: ObjectRef) -> Iterator[Signal]:
    live = facts.find(ref)
    if live is None or facts.now - facts.first_seen(ref) < ADDRESS_SECONDS:
        return
    if not ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
        yield _fact(
            facts,
            "N14",
            ref,
            field="spec.type",
            seen="no load balancer has given it an address",
            expected="a controller for Services of type LoadBalancer",
            fix="install one, or use type ClusterIP in this overlay",
        )


def _is_aws(facts: Facts) -> bool:
    machines = [str((n.get("spec") or {}).get("providerID") or "") for n in facts.all("Node")]
    return any(machine.startswith("aws:") for machine in machines)


def _balancers(facts: Facts) -> Iterator[Signal]:
    """N10: an ALB with targets by address, and policies that let in nobody by address."""
    for obj in facts.manifests:
        annotations = (obj.get("metadata") or {}).get("annotations") or {}
        if annotations.get(TARGET_TYPE) != "ip" or obj.get("kind") != "Ingress":
            continue
        ref = ObjectRef.of(obj)
        local = [p for p in inventory(facts).policies if ObjectRef.of(p).namespace == ref.namespace]
        closing = [p for p in local if counts_for(p, Direction.INGRESS)]
        if not closing or any(_has_block(p, Direction.INGRESS) for p in local):
            continue
        yield _fact(
            facts,
            "N10",
            ObjectRef.of(closing[0]),
            field="spec.ingress",
            seen=f"{ref} sends to the pods' addresses, and no policy of {ref.namespace} has an "
            "ipBlock that lets the load balancer in",
            expected="an ipBlock with the subnets of the load balancer",
            fix="add a policy for the backends with the subnets of the VPC as ipBlock",
        )


def _has_block(policy: Object, direction: Direction) -> bool:
    return any(
        peer.get("ipBlock")
        for rule in rules(dict(policy), direction)
        for peer in peers(rule, direction)
    )


def _node_resolver(facts: Facts) -> Iterator[Signal]:
    """N16: names are asked of an address on the node, which no podSelector means."""
    daemons = facts.all("DaemonSet", "kube-system")
    if not any("node-local-dns" in str(o["metadata"].get("name")) for o in daemons):
        return
    for policy in inventory(facts).policies:
        if _allows_dns(policy) and not _has_block(policy, Direction.EGRESS):
            yield _fact(
                facts,
                "N16",
                ObjectRef.of(policy),
                field="spec.egress",
                seen="it allows port 53 to pods alone, and this cluster resolves names on the node",
                expected=f"an ipBlock {NODE_RESOLVER} beside the pods of the cluster's DNS",
                fix=f"add ipBlock {NODE_RESOLVER} to the rule for port 53",
            )


def _allows_dns(policy: Object) -> bool:
    entries = [e for rule in rules(dict(policy), Direction.EGRESS) for e in rule.get("ports") or []]
    return any(entry.get("port") == 53 for entry in entries)


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (advice,)
