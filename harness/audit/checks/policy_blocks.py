"""Connections that the declared configuration needs and the declared policies forbid. Pure.

The graph of who names whom is run through a simulation of the policies (`harness.connectivity.
reach`: both ends, all policies together, ports behind the Service). Where a source that is not
judged, or a policy engine of another kind, may allow more, nothing is said; a label that somebody
else may give a namespace makes the fault a precondition. Failure causes N01 to N06 and K08.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import at, entries, whole
from harness.audit.scope import Scope
from harness.audit.world import World, separate, world
from harness.connectivity.dependencies import Dependency, Graph
from harness.connectivity.nearness import Lack
from harness.connectivity.peers import Direction, rules
from harness.connectivity.reach import DNS, Blocked, Miss, blocked, seen
from harness.connectivity.repairs import place, repair
from harness.connectivity.selectors import in_words
from harness.connectivity.services import is_headless
from harness.model.refs import ObjectRef

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

SHOWN = 3
"""So many further clients and rules are written out."""
DNS_PORTS = frozenset({53, 5353, "dns", "dns-tcp", "dns-udp"})
OPENSHIFT_DNS = "openshift-dns"
MOST_POLICIES = 100
"""With more of them, namespaces are judged one by one."""
Key = tuple[ObjectRef, ObjectRef, int, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A forbidden connection with the world in which it is."""

    found: Blocked
    world: World

    @property
    def subject(self) -> ObjectRef:
        """The workload whose policies forbid it."""
        egress = self.found.decision.direction == Direction.EGRESS
        return self.found.client if egress else self.found.server

    @property
    def other(self) -> ObjectRef:
        """The other end."""
        egress = self.found.decision.direction == Direction.EGRESS
        return self.found.server if egress else self.found.client


def blocked_connections(scope: Scope) -> tuple[Block, ...]:
    """Returns what the policies of a scope forbid, wherever the sources may be one cluster or not.

    What only the policies of one source forbid counts only if all sources together forbid it too:
    the allowing policy may be in another source.
    """
    found: tuple[Block, ...] = scope.memo("policy blocks", lambda: tuple(_blocks(scope)))
    return found


def _blocks(scope: Scope) -> Iterator[Block]:
    worlds = separate(scope)
    everywhere = {_key(b) for b in _blocked(world(scope))} if len(worlds) > 1 else None
    for each in worlds:
        for found in _blocked(each):
            if everywhere is None or _key(found) in everywhere:
                yield Block(found=_renamed(found, each), world=each)


def _key(found: Blocked) -> Key:
    direction = str(found.decision.direction)
    return found.client, found.server, found.port, found.protocol, direction


def _blocked(here: World) -> tuple[Blocked, ...]:
    spaces = {ObjectRef.of(p).namespace for p in here.inventory.policies}
    if not spaces:
        return ()
    needs = tuple(
        d
        for d in here.graph.dependencies
        if d.client.namespace in spaces or (d.server and d.server.namespace in spaces)
    )
    asking = frozenset(c for c in here.graph.clients_of_dns if c.namespace in spaces)
    graph = Graph(dependencies=needs, clients_of_dns=asking)
    parts = [(graph, here.objects)]
    if len(here.inventory.policies) > MOST_POLICIES:
        parts = list(_by_client(here, graph))
    labels = here.inventory.namespaces
    return tuple(b for part, known in parts for b in blocked(part, known, labels) if not b.advisory)


def _by_client(here: World, graph: Graph) -> Iterator[tuple[Graph, tuple[Any, ...]]]:
    """Yields the needs of each namespace's clients, with the objects that bear on them.

    Every policy is asked about every connection, so that a large cluster is judged in parts.
    """
    by_space: dict[str, list[Any]] = {}
    for obj in here.objects:
        by_space.setdefault(ObjectRef.of(obj).namespace, []).append(obj)
    needs: dict[str, list[Dependency]] = {}
    for need in graph.dependencies:
        needs.setdefault(need.client.namespace, []).append(need)
    for space in sorted({*needs, *(c.namespace for c in graph.clients_of_dns)}):
        own = tuple(needs.get(space, ()))
        around = {space, *(need.server.namespace for need in own if need.server)}
        asking = frozenset(c for c in graph.clients_of_dns if c.namespace == space)
        known = tuple(obj for each in sorted(around) for obj in by_space.get(each, ()))
        yield Graph(dependencies=own, clients_of_dns=asking), known


def _renamed(found: Blocked, here: World) -> Blocked:
    return replace(found, client=here.real(found.client), server=here.real(found.server))


def is_told(scope: Scope, policy: ObjectRef, field: str) -> bool:
    """Tells whether a blocked connection already names a place in a policy as the one to change."""
    return any(
        block.found.decision.closest.policy == policy and field.startswith(place(block.found))
        for block in blocked_connections(scope)
        if block.found.policy == policy
    )


def policies_allow_dns(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the policies that keep workloads which name hosts from asking for them."""
    asked = [b for b in blocked_connections(scope) if b.found.server == DNS]
    yield from _faults([b for b in asked if not _knows_other_dns(b)], "netpol-blocks-dns")


def policies_allow_dependencies(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the policies that keep workloads from what their configuration names."""
    needed = [b for b in blocked_connections(scope) if b.found.server != DNS]
    needed = [b for b in needed if not is_misled(b)]
    yield from _faults(needed, "netpol-blocks-declared-dependency")


def is_misled(block: Block) -> bool:
    """Tells whether a Service leads to a port that its pods do not declare and policies forbid.

    The policies allow another port of the same pods: it is the Service that names the wrong one.
    """
    found, need = block.found, block.found.dependency
    if need is None or need.server is None or need.service is None:
        return False
    if found.decision.closest.lack not in {Lack.PORT, Lack.SERVICE_PORT}:
        return False
    stock = block.world.inventory
    service = stock.services.get((need.service.namespace, need.service.name))
    server = stock.workload(need.server)
    if service is None or server is None or is_headless(service):
        return False
    offered = [port for c in server.serving_containers for port in entries(c.get("ports"))]
    declared = {whole(port.get("containerPort")) for port in offered}
    targets = {whole(entry.get("targetPort")) for entry in entries(at(service, "spec", "ports"))}
    return bool(declared) and found.port not in declared and found.port in targets


def _faults(blocks: Sequence[Block], rule: str) -> Iterator[Fault | NotJudged]:
    unknown: dict[str, str] = {}
    known: dict[tuple[ObjectRef, Miss, Severity | None], list[Block]] = {}
    deny_both = {b.found.policy for b in blocks if b.found.miss is Miss.INGRESS}
    for block in blocks:
        reason = block.world.policies.reason(block.subject.namespace)
        if reason:
            unknown.setdefault(block.subject.namespace, reason)
            continue
        miss, policy = block.found.miss, block.found.policy
        if miss is Miss.EGRESS and policy in deny_both:
            miss = Miss.INGRESS
        known.setdefault((policy, miss, _severity(block)), []).append(block)
    for (policy, miss, severity), group in known.items():
        yield _fault(policy, miss, severity, group, rule)
    for namespace, reason in unknown.items():
        yield NotJudged(subject=f"network policies of namespace {namespace}", reason=reason)


def _severity(block: Block) -> Severity | None:
    """A namespace that nobody declares may have labels that nobody declares."""
    if block.found.decision.closest.lack is Lack.NAMESPACE:
        declared = block.world.find(ObjectRef("Namespace", "", block.other.namespace))
        return None if declared is not None else Severity.PRECONDITION
    is_dns = block.found.server == DNS
    return Severity.PRECONDITION if is_dns and _has_dns_rule(block) else None


def _isolating(block: Block) -> Iterator[Any]:
    for policy in block.world.inventory.policies:
        if ObjectRef.of(policy) in block.found.decision.isolating:
            yield policy


def _has_dns_rule(block: Block) -> bool:
    """Whether some rule opens the port of DNS to pods that are not the usual ones."""
    return any(
        entry.get("port") in DNS_PORTS
        for policy in _isolating(block)
        for rule in rules(policy, Direction.EGRESS)
        for entry in entries(rule.get("ports"))
    )


def _knows_other_dns(block: Block) -> bool:
    """Whether the policies name OpenShift's DNS, which is elsewhere and on another port."""
    return any(OPENSHIFT_DNS in str(at(p, "spec", "egress")) for p in _isolating(block))


def _fault(
    policy: ObjectRef, miss: Miss, severity: Severity | None, group: Sequence[Block], rule: str
) -> Fault:
    lead = min(group, key=lambda b: (b.found.miss is not miss, b.found.client))
    declared = lead.world.find(policy)
    return Fault(
        rule=rule,
        object=policy,
        severity=severity,
        cause=miss.value,
        message=f"{seen(lead.found)}{_why(lead)}{_likewise(lead, group)}",
        expected=_expected(group),
        fix=_fix(policy, lead),
        field=place(lead.found),
        source=declared.source.path if declared else "",
    )


def _why(block: Block) -> str:
    need = block.found.dependency
    if need is None or not need.source:
        return ""
    return f" ({need.source} names {need.host})"


def _likewise(lead: Block, group: Sequence[Block]) -> str:
    others = sorted({_pair(b) for b in group} - {_pair(lead)})
    more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
    return f"; likewise {', '.join(others[:SHOWN])}{more}" if others else ""


def _pair(block: Block) -> str:
    found = block.found
    return (
        found.client.name if found.server == DNS else f"{found.client.name} to {found.server.name}"
    )


def _expected(group: Sequence[Block]) -> str:
    if group[0].found.server == DNS:
        return "egress on UDP and TCP 53 to the pods k8s-app=kube-dns of namespace kube-system"
    wanted = list(dict.fromkeys(f"for pods with {b.found.pods}: {b.found.hint}" for b in group))
    more = f"; and {len(wanted) - SHOWN} more" if len(wanted) > SHOWN else ""
    return "; ".join(wanted[:SHOWN]) + more


def _fix(policy: ObjectRef, block: Block) -> str:
    found = block.found
    pods = f"pods with {found.pods}"
    if found.server == DNS:
        declared = block.world.find(policy)
        selector = at(declared.object, "spec", "podSelector") if declared else None
        pods = f"pods with {in_words(selector)}" if selector else f"all pods of {policy.namespace}"
    other = block.world.inventory.workload(block.other)
    labels = ", ".join(f"{k}={v}" for k, v in other.selector.items()) if other else block.other.name
    return repair(found, policy, pods, labels)


CHECKS: tuple[ScopeCheck, ...] = (policies_allow_dns, policies_allow_dependencies)
