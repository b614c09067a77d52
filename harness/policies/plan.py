"""Which pairs are probed, what is declared of each, and which addresses that takes. Pure.

A pair is a source and one port of a target. A workload with one pod is not paired with itself. Of
replicas one pod stands for all, unless every pod is wanted. Beyond a number of pairs, denials are
left out evenly, allowed pairs never.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from harness.connectivity.inventory import Inventory
from harness.connectivity.peers import Endpoint
from harness.connectivity.services import is_headless, publishes_not_ready, targets
from harness.manifests.pods import Object
from harness.model.policies import Listener, PartyKind
from harness.model.refs import ObjectRef
from harness.policies.ends import Cast, End, Member, service_ports
from harness.policies.expectation import Expectation, Rulebook
from harness.policies.probes import Goal, Probe

MOST_PAIRS = 4000
OUTER = {PartyKind.OUTSIDE, PartyKind.LOAD_BALANCER}
DNS_QUERY = "kubernetes.default.svc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One probe of a pair, between two members."""

    probe: Probe
    source: Member
    target: Member

    @property
    def title(self) -> str:
        """E.g. `shop/order-0 -> shop/db-0`."""
        return f"{self.source.stand.name} -> {self.target.stand.name}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """One cell to be."""

    source: End
    target: End
    listener: Listener
    expectation: Expectation
    attempts: tuple[Attempt, ...]
    why_not: str = ""
    """Why nothing can be probed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Path:
    """The way of one declared client through one port of a Service, by its name."""

    service: ObjectRef
    name: str
    port: int
    pair: Pair
    attempt: Attempt
    """The client's pod; the goal is not yet the Service's address."""
    headless: bool

    @property
    def title(self) -> str:
        """E.g. `Service order:80`."""
        return f"Service {self.service.name}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything to be probed."""

    pairs: tuple[Pair, ...]
    own: tuple[Probe, ...]
    """Each target's port, from the target itself: whether anybody listens."""
    proven: frozenset[Goal] = frozenset()
    """What answers its kubelet."""
    paths: tuple[Path, ...] = ()
    left_out: int = 0
    notes: tuple[str, ...] = ()

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Every probe but those of paths, each once."""
        tried = (a.probe for pair in self.pairs for a in pair.attempts)
        return tuple(dict.fromkeys((*tried, *self.own)))


def make_plan(
    people: Cast,
    rulebook: Rulebook,
    inventory: Inventory,
    *,
    domain: str,
    every_pod: bool = False,
    most: int = MOST_PAIRS,
) -> Plan:
    """Returns what is to be probed."""
    query = f"{DNS_QUERY}.{domain}"
    every = [
        _pair(source, target, listener, rulebook, query, every_pod)
        for source, target in product(people.ends, people.ends)
        for listener in target.listeners
        if _belongs(source, target)
    ]
    kept = thinned(every, most)
    paths, notes = _paths(kept, inventory, domain)
    return Plan(
        pairs=tuple(kept),
        own=tuple(_own_probes(people.ends, query, every_pod)),
        proven=frozenset(_proven(people.ends)),
        paths=tuple(paths),
        left_out=len(every) - len(kept),
        notes=(*people.notes, *notes),
    )


def _belongs(source: End, target: End) -> bool:
    """Whether a pair says something of the declared policies."""
    if source.party.kind is PartyKind.DNS:
        return False
    if source.party.kind in OUTER:
        return target.party.kind is PartyKind.WORKLOAD
    return not (source is target and source.is_alone)


def _pair(
    source: End, target: End, listener: Listener, rulebook: Rulebook, query: str, every_pod: bool
) -> Pair:
    attempts = tuple(_attempts(source, target, listener, query, every_pod))
    why = _why_not(source, target, listener)
    if not attempts and not why:
        why = f"{source.party.title} runs one pod, which always reaches itself"
    return Pair(
        source=source,
        target=target,
        listener=listener,
        expectation=_expectation(source, target, listener, attempts, rulebook),
        attempts=() if why else attempts,
        why_not=why,
    )


def _expectation(
    source: End, target: End, listener: Listener, attempts: Iterable[Attempt], rulebook: Rulebook
) -> Expectation:
    first = next(iter(attempts), None)
    if first is not None:
        client, server = first.source.endpoint, first.target.endpoint
        return rulebook.of(client, server, listener.port, listener.protocol)
    ends = [end.members[0].endpoint if end.members else _declared(end) for end in (source, target)]
    return rulebook.of(ends[0], ends[1], listener.port, listener.protocol)


def _declared(end: End) -> Endpoint:
    workload = end.workload
    if workload is None:
        return Endpoint(namespace=end.party.ref.namespace if end.party.ref else "")
    return Endpoint(
        namespace=workload.ref.namespace,
        labels=workload.labels,
        named_ports=workload.named_ports,
        ref=workload.ref,
    )


def _why_not(source: End, target: End, listener: Listener) -> str:
    for end in (source, target):
        if not end.members:
            return f"{end.party.title} has no running pod"
    if listener.protocol != "TCP" and target.party.kind is not PartyKind.DNS:
        return f"a listener of {listener.protocol} does not tell a stranger that it is there"
    return ""


def _attempts(
    source: End, target: End, listener: Listener, query: str, every_pod: bool
) -> Iterator[Attempt]:
    for client, server in product(source.members, target.members):
        if client == server:
            continue
        goal = _goal(server, listener, query)
        probe = Probe(stand=client.stand, goal=goal)
        yield Attempt(probe=probe, source=client, target=server)
        if not every_pod:
            return


def _goal(server: Member, listener: Listener, query: str) -> Goal:
    asked = query if listener.protocol == "UDP" else ""
    return Goal(address=server.address, port=listener.port, protocol=listener.protocol, query=asked)


def _own_probes(ends: Iterable[End], query: str, every_pod: bool) -> Iterator[Probe]:
    for end in ends:
        members = end.members if every_pod or end.is_alone else end.members[:2]
        for member, listener in product(members, end.listeners):
            if listener.protocol == "TCP" or end.party.kind is PartyKind.DNS:
                yield Probe(stand=member.stand, goal=_goal(member, listener, query))


def _proven(ends: Iterable[End]) -> Iterator[Goal]:
    for end in ends:
        for member in end.members:
            for port in member.answering:
                yield Goal(address=member.address, port=port)


def thinned(pairs: list[Pair], most: int) -> list[Pair]:
    """Returns at most so many pairs: all that are allowed, and denials evenly spread."""
    if len(pairs) <= most:
        return pairs
    denied = [pair for pair in pairs if not pair.expectation.allowed]
    room = max(0, most - (len(pairs) - len(denied)))
    kept = {id(denied[i * len(denied) // room]) for i in range(room)}
    return [pair for pair in pairs if pair.expectation.allowed or id(pair) in kept]


def _paths(
    pairs: Iterable[Pair], inventory: Inventory, domain: str
) -> tuple[list[Path], list[str]]:
    found, notes = [], []
    usable = [p for p in pairs if p.attempts and p.source.party.kind is PartyKind.WORKLOAD]
    for service in inventory.services.values():
        ref = ObjectRef.of(service)
        for port in service_ports(service):
            pair = _client_of(service, port, inventory, usable)
            if pair is None:
                notes.append(f"no workload may reach {ref} port {port}: its name was not tried")
                continue
            found.append(
                Path(
                    service=ref,
                    name=f"{ref.name}.{ref.namespace}.svc.{domain}",
                    port=port,
                    pair=pair,
                    attempt=pair.attempts[0],
                    headless=is_headless(service) or publishes_not_ready(service),
                )
            )
    return found, notes


def _client_of(
    service: Object, port: int, inventory: Inventory, pairs: Iterable[Pair]
) -> Pair | None:
    """Returns an allowed pair that a Service port stands in front of, other workloads first."""
    leads = {
        (target.workload.ref, target.port, target.protocol)
        for target in targets(service, port, inventory)
        if target.workload is not None
    }
    behind = [
        p
        for p in pairs
        if p.expectation.allowed
        and (p.target.party.ref, p.listener.port, p.listener.protocol) in leads
    ]
    return min(behind, key=lambda p: p.source is p.target, default=None)
