"""Which needs of a graph the network policies forbid, and the one line that would allow each. Pure.

Every certain dependency with a known port is judged, and the way of each client to the cluster's
DNS. A workload with one pod reaches itself whatever policies say; pods on the node's network are
not judged, since policies are not defined for them. Whether the cluster enforces policies (C07) is
not known here. Section 1.10 of the failure catalogue gives the ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from harness.connectivity.dependencies import Dependency, Graph
from harness.connectivity.hints import rule_in_words
from harness.connectivity.inventory import Inventory, Workload
from harness.connectivity.nearness import Lack
from harness.connectivity.peers import Connection, Direction, Endpoint, Namespaces
from harness.connectivity.policies import Decision, decide_direction
from harness.connectivity.population import Population
from harness.connectivity.selectors import Labels, requirements
from harness.connectivity.services import all_targets
from harness.manifests.pods import Object
from harness.model.refs import ObjectRef

DNS_NAMESPACE = "kube-system"
DNS_LABELS: Mapping[str, str] = {"k8s-app": "kube-dns"}
DNS_PORT = 53
DNS = ObjectRef("Service", DNS_NAMESPACE, "kube-dns")


class Miss(StrEnum):
    """What is missing, by the failure catalogue's id."""

    DNS = "N01"
    """Names cannot be asked for."""
    NAMESPACE = "N02"
    """A namespaceSelector matches no namespace."""
    SPLIT = "N03"
    """A podSelector stands alone where it needs a namespaceSelector in the same item."""
    SERVICE_PORT = "N04"
    """A rule names the Service's port in place of the pod's."""
    INGRESS = "N05"
    """The dependency does not let the client in."""
    EGRESS = "N06"
    """The client is not let out to the dependency."""
    SELF = "K08"
    """A StatefulSet's pods do not reach one another."""


_OF_LACK: Mapping[Lack, Miss] = {
    Lack.NAMESPACE: Miss.NAMESPACE,
    Lack.OWN_NAMESPACE: Miss.SPLIT,
    Lack.SERVICE_PORT: Miss.SERVICE_PORT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A needed connection that policies of one end forbid; two of them when both ends do."""

    client: ObjectRef
    server: ObjectRef
    """The workload, or the Service `kube-system/kube-dns`."""
    port: int
    """The pod's."""
    protocol: str
    miss: Miss
    decision: Decision
    policy: ObjectRef
    """The policy to look at: the one whose rule nearly allows it, else one that denies most."""
    hint: str
    """The missing rule, as YAML on one line."""
    pods: str
    """The labels of the pods whose policies lack the rule."""
    dependency: Dependency | None = None
    """None for DNS."""
    advisory: bool = False
    """True when it harms in rare cases only: DNS over TCP serves answers that are too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is known around a dependency while it is judged."""

    inventory: Inventory
    namespaces: Namespaces
    ends: Mapping[ObjectRef, Endpoint]
    """A pod of each workload."""
    pods: Population
    """The same without repeated labels, those of standing workloads first."""
    pod_range: str = ""

    @classmethod
    def of(cls, objects: Iterable[Object], namespaces: Namespaces, pod_range: str = "") -> World:
        """Returns the world of raw objects; see `blocked` for the arguments."""
        inventory = Inventory.of(objects)
        known: dict[str, Labels] = {DNS_NAMESPACE: {}}
        for labels in (inventory.namespaces, namespaces):
            for name, own in labels.items():
                known[name] = {**known.get(name, {}), **own}
        ends = {each.ref: inventory.endpoint(each, pod_range) for each in inventory.workloads}
        return cls(
            inventory=inventory,
            namespaces=known,
            ends=ends,
            pods=Population(_different(ends.values()), known),
            pod_range=pod_range or inventory.pod_range,
        )


def _different(ends: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    by_kind = sorted(ends, key=lambda end: end.ref is not None and end.ref.kind == "Pod")
    return tuple({(e.namespace, frozenset(e.labels.items())): e for e in by_kind}.values())


def blocked(
    graph: Graph,
    objects: Iterable[Object],
    namespaces: Namespaces,
    *,
    pod_range: str = "",
) -> tuple[Blocked, ...]:
    """Returns the needs of a graph that policies forbid, clients in order, DNS first.

    `namespaces` are the labels of the cluster's namespaces; those of the objects are added.
    `pod_range` is the network of the pods in CIDR form, for `ipBlock` rules while no address is
    known; Nodes among the objects tell it too. Without it an `ipBlock` may hold any pod, and what
    it may allow is not called blocked.
    """
    world = World.of(objects, namespaces, pod_range)
    found = list(_blocked_dns(graph, world))
    for dependency in graph.dependencies:
        if dependency.certain:
            found.extend(judge(dependency, world))
    seen: dict[tuple[object, ...], Blocked] = {}
    for each in found:
        key = (each.client, each.server, each.port, each.protocol, each.decision.direction)
        seen.setdefault(key, each)
    return tuple(sorted(seen.values(), key=lambda each: each.client))


def judge(dependency: Dependency, world: World) -> tuple[Blocked, ...]:
    """Returns what forbids one dependency, certain or not."""
    client = world.inventory.workload(dependency.client)
    server = world.inventory.workload(dependency.server) if dependency.server else None
    if client is None or server is None or not _is_judged(client, server):
        return ()
    ends = world.ends[client.ref], world.ends[server.ref]
    ways = [
        _verdicts(client, ends, (port, service_port), dependency.protocol, world)
        for port, service_port in _ports(dependency, server, world.inventory)
    ]
    # Without a written port the Service's ports are all possible: one that is open is enough.
    if not ways or not all(ways):
        return ()
    return tuple(
        replace(each, server=server.ref, miss=_miss(each, dependency), dependency=dependency)
        for each in ways[0]
    )


def _is_judged(client: Workload, server: Workload) -> bool:
    is_itself = client.ref == server.ref and client.is_alone
    return not (is_itself or client.uses_host_network or server.uses_host_network)


def _ports(dependency: Dependency, server: Workload, inventory: Inventory) -> list[tuple[int, int]]:
    """Returns the pod's and the Service's port, of all ports when none is written."""
    if dependency.pod_port:
        return [(dependency.pod_port, dependency.port)]
    ref = dependency.service
    service = inventory.services.get((ref.namespace, ref.name)) if ref else None
    if service is None or dependency.port:
        return []
    return [(target.port, 0) for target in all_targets(service, server) if target.port]


def _blocked_dns(graph: Graph, world: World) -> Iterator[Blocked]:
    server = Endpoint(
        namespace=DNS_NAMESPACE,
        labels=DNS_LABELS,
        ip=world.inventory.address(DNS_NAMESPACE, DNS_LABELS) or world.pod_range,
        named_ports={"dns": DNS_PORT, "dns-tcp": DNS_PORT},
        ref=DNS,
    )
    for workload in world.inventory.workloads:
        if workload.ref not in graph.clients_of_dns or workload.uses_host_network:
            continue
        ends = (world.ends[workload.ref], server)
        over_udp = _verdicts(workload, ends, (DNS_PORT, 0), "UDP", world)
        yield from over_udp
        if not over_udp:
            for each in _verdicts(workload, ends, (DNS_PORT, 0), "TCP", world):
                yield replace(each, advisory=True)


def _verdicts(
    client: Workload,
    ends: tuple[Endpoint, Endpoint],
    ports: tuple[int, int],
    protocol: str,
    world: World,
) -> tuple[Blocked, ...]:
    """Returns what each end forbids: nothing, the egress, the ingress, or both."""
    wanted = Connection(
        client=ends[0],
        server=ends[1],
        port=ports[0],
        protocol=protocol,
        service_port=ports[1],
    )
    found = []
    policies, pods = world.inventory.policies, world.pods
    for direction in Direction:
        decision = decide_direction(direction, wanted, policies, world.namespaces, pods=pods)
        if not decision.allowed:
            found.append(_blocked(client, wanted, direction, decision, world))
    return tuple(found)


def _blocked(
    client: Workload, wanted: Connection, direction: Direction, decision: Decision, world: World
) -> Blocked:
    miss = _OF_LACK.get(decision.closest.lack, Miss.DNS)
    subject, other = wanted.subject(direction), wanted.other(direction)
    return Blocked(
        client=client.ref,
        server=wanted.server.ref or DNS,
        port=wanted.port,
        protocol=wanted.protocol,
        miss=miss,
        decision=decision,
        policy=_policy(decision, world.inventory.policies),
        hint=rule_in_words(
            direction,
            labels=_stable_labels(other, world),
            namespace=other.namespace if other.namespace != subject.namespace else "",
            port=wanted.port,
            protocols=("UDP", "TCP") if other.ref == DNS else (wanted.protocol,),
        ),
        pods=", ".join(f"{k}={v}" for k, v in _stable_labels(subject, world).items()),
    )


def _stable_labels(end: Endpoint, world: World) -> Labels:
    workload = world.inventory.workload(end.ref) if end.ref else None
    return workload.selector if workload else end.labels


def _miss(found: Blocked, dependency: Dependency) -> Miss:
    lack = found.decision.closest.lack
    if lack in _OF_LACK:
        return _OF_LACK[lack]
    if dependency.client == dependency.server:
        return Miss.SELF
    return Miss.EGRESS if found.decision.direction == Direction.EGRESS else Miss.INGRESS


def _policy(decision: Decision, policies: Sequence[Object]) -> ObjectRef:
    """Returns the policy to look at first."""
    near = decision.closest
    if near.policy is not None and near.is_strong:
        return near.policy
    isolating = [p for p in policies if ObjectRef.of(p) in decision.isolating]
    most_closed = min(isolating, key=lambda p: _openness(p, decision.direction))
    return ObjectRef.of(most_closed)


def _openness(policy: Object, direction: str) -> tuple[int, int, str]:
    """Orders policies: those without any rule first, then those that select most."""
    spec = policy.get("spec") or {}
    conditions = requirements(spec.get("podSelector"))
    return len(spec.get(direction) or []), len(conditions), ObjectRef.of(policy).name


def explain(found: Blocked) -> str:
    """Returns one sentence: who is isolated by what, what nobody allows, and the rule to add."""
    return f"{seen(found)}: for the pods with {found.pods} add {found.hint}"


def seen(found: Blocked) -> str:
    """Returns who is isolated by what and what nobody allows, without the rule to add."""
    subject = found.client if found.decision.direction == Direction.EGRESS else found.server
    near = f"; closest: {found.decision.near}" if found.decision.near else ""
    return (
        f"{_isolating_in_words(found)} the {found.decision.direction} of {subject}, and no rule "
        f"allows {found.protocol} {found.port} from {found.client} to {found.server}{near}"
    )


def _isolating_in_words(found: Blocked) -> str:
    names = sorted(found.decision.isolating, key=lambda ref: (ref != found.policy, ref))
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{more} {'isolate' if more else 'isolates'}"
