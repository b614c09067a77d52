"""Which needs the network policies forbid here, and whether a client shows that it hurts. Pure.

The policies are simulated over what is declared and what lives (`harness.connectivity.reach`): live
objects count before declared ones, so that a sync under way is not taken for a gap. A block counts
only when its server does its work, one of the isolating policies lives, and the client suffers in a
way that fits: a time-out in its log, an init container that waits for that very server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.connectivity.dependencies import Dependency, Graph
from harness.connectivity.nearness import Lack
from harness.connectivity.reach import DNS, Blocked, Miss, blocked
from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.network.connection_texts import ConnectionTrouble, TroubleKind
from harness.diagnosis.rules.network.network_evidence import Shown, Symptom, lasting_since, symptoms
from harness.diagnosis.rules.network.network_ways import (
    Proof,
    Strength,
    Way,
    offered_ports,
    proofs,
)
from harness.model.refs import ObjectRef

MOST_CLIENTS = 60
"""More clients that suffer at once are not judged; one policy or resolver explains them too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hurt:
    """A block and the proof that its client suffers from it."""

    block: Blocked
    proof: Proof


def blocks(facts: Facts) -> tuple[Blocked, ...]:
    """Returns the needs of unready workloads that policies forbid, without advisory ones."""
    found: tuple[Blocked, ...] = facts.memo("network.blocks", lambda: _blocks(facts))
    return found


def _blocks(facts: Facts) -> tuple[Blocked, ...]:
    policies = [o for o in facts.manifests if o.get("kind") == "NetworkPolicy"]
    suffering = [w for w in facts.workloads if symptoms(facts, w)] if policies else []
    if not suffering:
        return ()
    objects = [dict(o) for o in facts.manifests]
    if any("ipBlock" in str(policy.get("spec")) for policy in policies):
        # Addresses matter to address ranges alone, and a large cluster has many pods.
        objects += [dict(o) for o in (*facts.all("Node"), *facts.all("Pod"))]
    graph = _around(facts.graph, frozenset(sorted(suffering)[:MOST_CLIENTS]))
    found = blocked(graph, objects, namespace_labels(facts))
    return tuple(b for b in found if not b.advisory and is_in_force(facts, b))


def _around(graph: Graph, clients: frozenset[ObjectRef]) -> Graph:
    """Returns the needs of some clients alone: to judge the others costs time and tells nothing."""
    return Graph(
        dependencies=tuple(d for d in graph.dependencies if d.client in clients),
        clients_of_dns=graph.clients_of_dns & clients,
    )


def namespace_labels(facts: Facts) -> dict[str, dict[str, str]]:
    """Returns the labels of the live namespaces."""
    return {
        str(o["metadata"].get("name")): dict(o["metadata"].get("labels") or {})
        for o in facts.all("Namespace")
    }


def is_in_force(facts: Facts, found: Blocked) -> bool:
    """Whether one of the policies that isolate is in the cluster already."""
    return any(facts.find(policy) is not None for policy in found.decision.isolating)


def hurts_of_dns(facts: Facts) -> tuple[Hurt, ...]:
    """Returns the clients that suffer from having no way to the cluster's DNS."""
    if not is_dns_up(facts):
        return ()
    return tuple(
        hurt
        for found in blocks(facts)
        if found.server == DNS
        for symptom in symptoms(facts, found.client)
        if (hurt := _of_dns(facts, found, symptom)) is not None
    )


def is_dns_up(facts: Facts) -> bool:
    """Whether the cluster's DNS works, as far as it may be looked at."""
    pods = [
        p
        for p in facts.all_pods
        if p.ref.namespace == "kube-system" and _labels(p.object).get("k8s-app") == "kube-dns"
    ]
    return not pods or any(p.ready for p in pods)


def _labels(obj: Any) -> dict[str, str]:
    return dict((obj.get("metadata") or {}).get("labels") or {})


def _of_dns(facts: Facts, found: Blocked, symptom: Symptom) -> Hurt | None:
    trouble = next(iter(symptom.troubles), None)
    since = lasting_since(facts, found.client, symptom, 0.0)
    if trouble is None:
        spoken = symptom.speaks or symptom.shown is Shown.WAITS
        strength = Strength.SPOKEN if spoken else Strength.VAGUE
    elif trouble.kind is TroubleKind.NAME and not is_negative(trouble):
        strength, since = Strength.TEXT, symptom.overdue_since
    elif trouble.kind is TroubleKind.TIMEOUT and not trouble.address:
        strength = Strength.SPOKEN
    else:
        # It had an address: names are not what it lacks.
        return None
    proof = Proof(
        client=found.client, symptom=symptom, strength=strength, trouble=trouble, since=since
    )
    return Hurt(block=found, proof=proof)


def is_negative(trouble: ConnectionTrouble) -> bool:
    """Whether the name server answered that there is no such name."""
    words = ("nxdomain", "no such host", "enotfound", "not known", "does not resolve", "errno -2")
    return not trouble.is_unanswered and any(word in trouble.line.lower() for word in words)


def hurts_of_edges(facts: Facts) -> tuple[Hurt, ...]:
    """Returns the clients that suffer from a blocked way to a server that does its work."""
    nameless = without_names(facts)
    return tuple(
        Hurt(block=found, proof=proof)
        for found in blocks(facts)
        if found.dependency
        and found.client not in nameless
        and _is_up(facts, found)
        and found.dependency not in misled(facts)
        for proof in proofs(
            facts,
            Way.of(facts, found.dependency),
            (TroubleKind.TIMEOUT,),
            ready=0.0 if found.client == found.server else facts.ready_since(found.server),
        )
    )


def misled(facts: Facts) -> frozenset[Dependency]:
    """Returns the needs that a Service leads to a port which its pods do not offer.

    The policies allow the pair another port and forbid this one: to open it would not help.
    """
    found: frozenset[Dependency] = facts.memo("network.misled", lambda: _misled(facts))
    return found


def _misled(facts: Facts) -> frozenset[Dependency]:
    return frozenset(
        block.dependency
        for block in blocks(facts)
        if block.dependency and block.dependency.server and block.dependency.service
        if block.decision.closest.lack in {Lack.PORT, Lack.SERVICE_PORT}
        if (offered := offered_ports(facts, block.dependency.server)) and block.port not in offered
    )


def without_names(facts: Facts) -> frozenset[ObjectRef]:
    """Returns the clients that cannot ask for names, so that nothing else of them can be tested."""
    return frozenset(b.client for b in blocks(facts) if b.server == DNS)


def _is_up(facts: Facts, found: Blocked) -> bool:
    """Whether the server does its work; the pods of a quorum cannot before they meet."""
    return found.client == found.server or facts.is_ok(found.server)


def by_policy(hurts: Sequence[Hurt]) -> Iterator[tuple[Miss, ObjectRef, tuple[Hurt, ...]]]:
    """Yields what hurts by cause and by the policy to change, which is one finding each.

    Where one policy denies both ends of a connection it is told once, as that of the server.
    """
    both = {h.block.policy for h in hurts if h.block.miss is Miss.INGRESS}
    groups: dict[tuple[Miss, ObjectRef], list[Hurt]] = {}
    for hurt in hurts:
        miss, policy = hurt.block.miss, hurt.block.policy
        if miss is Miss.EGRESS and policy in both:
            miss = Miss.INGRESS
        groups.setdefault((miss, policy), []).append(hurt)
    for (miss, policy), found in groups.items():
        yield miss, policy, tuple(found)
