"""Whether the network policies let one pod reach a port of another. Pure simulation.

Semantics of networking.k8s.io/v1: a pod that no policy selects for a direction is open in it;
otherwise the union of the rules of all policies that select it decides. Both ends must agree: the
client's egress and the server's ingress. Without `policyTypes` a policy counts for ingress, and for
egress only if it has egress rules (defaulting of the API server). A pod always reaches itself.
Nothing is known here of Services, nodes, or whether the cluster enforces policies at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.connectivity.addresses import Match
from harness.connectivity.nearness import NOTHING_NEAR, Near, Setting, closest
from harness.connectivity.peers import (
    Connection,
    Direction,
    Endpoint,
    Namespaces,
    admits_port,
    match_peers,
    rules,
)
from harness.connectivity.population import Population
from harness.connectivity.selectors import selects
from harness.manifests.pods import Object
from harness.model.refs import ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether a connection is allowed, and by or for want of which rules."""

    allowed: bool
    direction: str = ""
    """`egress` or `ingress` where it is blocked, empty when it is allowed."""
    isolating: tuple[ObjectRef, ...] = ()
    """The policies that isolate the pod that blocks; when allowed, those of both pods."""
    allowing: tuple[tuple[ObjectRef, int], ...] = ()
    """Policy and index of each rule that allows it in its direction."""
    near: str = ""
    """The rule that almost allows it, and what it lacks."""
    closest: Near = NOTHING_NEAR
    """The same for programs."""
    certain: bool = True
    """False when it is allowed only because an `ipBlock` may hold an address not yet known."""


def decide(
    client: Endpoint,
    server: Endpoint,
    port: int,
    protocol: str,
    policies: Sequence[Object],
    namespaces: Namespaces,
    *,
    service_port: int = 0,
    pods: Sequence[Endpoint] = (),
) -> Decision:
    """Returns whether `client` reaches `port` of the pod `server`, egress judged before ingress.

    `service_port` (the Service's port in front of `port`) and `pods` (all known pods) serve only
    to say which rule almost allows it.
    """
    wanted = Connection(
        client=client, server=server, port=port, protocol=protocol, service_port=service_port
    )
    known = Population(pods, namespaces)
    egress = decide_direction(Direction.EGRESS, wanted, policies, namespaces, pods=known)
    if not egress.allowed:
        return egress
    ingress = decide_direction(Direction.INGRESS, wanted, policies, namespaces, pods=known)
    if not ingress.allowed:
        return ingress
    return Decision(
        allowed=True,
        isolating=(*egress.isolating, *ingress.isolating),
        allowing=(*egress.allowing, *ingress.allowing),
        certain=egress.certain and ingress.certain,
    )


def decide_direction(
    direction: Direction,
    wanted: Connection,
    policies: Sequence[Object],
    namespaces: Namespaces,
    *,
    pods: Population | None = None,
) -> Decision:
    """Returns whether the policies of one end allow a connection; see `decide` for `pods`."""
    isolating = [p for p in policies if isolates(p, wanted.subject(direction), direction)]
    refs = tuple(ObjectRef.of(p) for p in isolating)
    if not isolating or _is_itself(wanted):
        return Decision(allowed=True, isolating=refs)
    matches = [found for p in isolating for found in _matches(p, direction, wanted, namespaces)]
    best = max((match for _, _, match in matches), default=Match.NO)
    if best is Match.NO:
        known = Population((), namespaces) if pods is None else pods
        setting = Setting(direction=direction, wanted=wanted, namespaces=namespaces, pods=known)
        near = closest(setting, [p for p in policies if counts_for(p, direction)], isolating)
        return Decision(
            allowed=False, direction=direction, isolating=refs, near=near.text, closest=near
        )
    allowing = tuple((ref, index) for ref, index, match in matches if match is best)
    return Decision(allowed=True, isolating=refs, allowing=allowing, certain=best is Match.YES)


def isolates(policy: Object, pod: Endpoint, direction: Direction) -> bool:
    """Whether a policy selects a pod for a direction."""
    if pod.is_outside or ObjectRef.of(policy).namespace != pod.namespace:
        return False
    selector = (policy.get("spec") or {}).get("podSelector") or {}
    return counts_for(policy, direction) and selects(selector, pod.labels)


def counts_for(policy: Object, direction: Direction) -> bool:
    """Whether a policy speaks of a direction at all."""
    spec: Mapping[str, object] = policy.get("spec") or {}
    listed = spec.get("policyTypes")
    if isinstance(listed, list) and listed:
        return direction.capitalize() in listed
    return direction is Direction.INGRESS or bool(spec.get("egress"))


def _is_itself(wanted: Connection) -> bool:
    client, server = wanted.client, wanted.server
    same_pod = client.ref is not None and client.ref == server.ref and client.ref.kind == "Pod"
    return same_pod or (bool(client.ip) and "/" not in client.ip and client.ip == server.ip)


def _matches(
    policy: Object, direction: Direction, wanted: Connection, namespaces: Namespaces
) -> list[tuple[ObjectRef, int, Match]]:
    ref, other = ObjectRef.of(policy), wanted.other(direction)
    return [
        (ref, index, match)
        for index, rule in enumerate(rules(policy, direction))
        if admits_port(rule, wanted)
        and (match := match_peers(rule, direction, other, ref.namespace, namespaces))
    ]
