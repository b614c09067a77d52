"""How many nodes an environment needs on one machine, and which labels they get. Pure.

One node is enough unless pods demand labels that exclude each other, domains to spread over, nodes
of their own, or more resources than one node offers. Every node of kind reports the processors and
the memory of the whole machine, so more nodes offer more on paper, not in fact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

from harness.adaptation.packing import Bin, unplaced
from harness.adaptation.pod_groups import PodGroup
from harness.adaptation.terms import Adaptation, PlannedNode, Resources
from harness.adaptation.topology import (
    MOST_DOMAINS,
    demanded_labels,
    label_profiles,
    preferred_keys,
    spreads,
)
from harness.audit.checks.placement import HOSTNAME
from harness.model.errors import ClusterError
from harness.model.refs import ObjectRef
from harness.model.wording import counted

MOST_NODES = 7
"""Each node is a container with a kubelet and a containerd of its own."""
CONTROL_PLANE = Resources(processors=Decimal("0.95"), memory_bytes=Decimal(340 * 2**20))
"""Requests of kubeadm's static pods and of two CoreDNS pods."""
EVERY_NODE = Resources(processors=Decimal("0.10"), memory_bytes=Decimal(50 * 2**20))
"""Requests of kindnet or its stand-in."""
METRICS = Resources(processors=Decimal("0.05"), memory_bytes=Decimal(64 * 2**20))
VALUES: Mapping[str, str] = {
    "topology.kubernetes.io/zone": "zone-{letter}",
    "failure-domain.beta.kubernetes.io/zone": "zone-{letter}",
    "topology.kubernetes.io/region": "region",
    "failure-domain.beta.kubernetes.io/region": "region",
}
"""Values of well-known labels; a key without `{letter}` has one domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """The nodes, and what is to be said about them."""

    nodes: tuple[PlannedNode, ...]
    adaptations: tuple[Adaptation, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """Labels that nodes share, and keys whose values differ from node to node."""

    profiles: tuple[Mapping[str, tuple[str, ...]], ...]
    domains: Mapping[str, tuple[str, ...]]
    """Topology key that pods must spread over, to its values."""
    preferred: Mapping[str, tuple[str, ...]]
    """The same for keys that pods would rather spread over; they ask for no node."""
    apart: int
    """Nodes that pods of one workload demand for themselves."""

    def labels(self, number: int) -> dict[str, str]:
        """Returns the labels of a node by its number."""
        profile = self.profiles[number % len(self.profiles)]
        turn = number // len(self.profiles)
        found = {key: values[0] for key, values in profile.items() if values}
        for key, values in {**self.preferred, **self.domains}.items():
            found[key] = values[turn % len(values)]
        return found

    @property
    def fewest(self) -> int:
        """The least number of nodes that can satisfy it."""
        domains = max((len(values) for values in self.domains.values()), default=1)
        return max(len(self.profiles), domains, self.apart)


def plan_nodes(groups: Sequence[PodGroup], *, machine: Resources, metrics: bool) -> NodePlan:
    """Returns the fewest nodes that take all pods.

    Args:
        groups: The pods of the environment.
        machine: Processors and memory that a node reports; zero where they are not known.
        metrics: Whether the metrics server runs, too.

    Raises:
        ClusterError: A pod fits no node of this machine, or all nodes together are too small.
    """
    if not (machine.processors and machine.memory_bytes):
        machine = Resources(processors=Decimal(10**6), memory_bytes=Decimal(2**60))
    _refuse_giants(groups, machine)
    shape = _shape(groups)
    first = min(max(1, shape.fewest), MOST_NODES)
    left: tuple[ObjectRef, ...] = ()
    for count in range(first, MOST_NODES + 1):
        left = unplaced(groups, _bins(shape, count, machine, metrics=metrics))
        if not left:
            return _described(shape, count, groups, machine)
    _refuse_overload(groups, machine)
    names = ", ".join(map(str, left))
    remark = f"{MOST_NODES} nodes are the most that are made, and not all pods of {names} fit"
    found = _described(shape, MOST_NODES, groups, machine)
    return NodePlan(nodes=found.nodes, adaptations=found.adaptations, remarks=(remark,))


def _shape(groups: Sequence[PodGroup]) -> _Shape:
    required = [s for g in groups for s in spreads(g)]
    wanted: dict[str, int] = {}
    for spread in required:
        if spread.key != HOSTNAME:
            wanted[spread.key] = max(wanted.get(spread.key, 1), spread.domains)
    softly = chain.from_iterable(preferred_keys(g) for g in groups)
    preferred = [key for key in dict.fromkeys(softly) if key not in wanted]
    hosts = [s.domains for s in required if s.key == HOSTNAME]
    return _Shape(
        profiles=label_profiles(groups, besides={*wanted, *preferred}),
        domains={key: _values(key, count, groups) for key, count in wanted.items()},
        preferred={key: _values(key, MOST_DOMAINS, groups) for key in preferred},
        apart=max(hosts, default=1),
    )


def _values(key: str, count: int, groups: Sequence[PodGroup]) -> tuple[str, ...]:
    """Returns the values of a topology key: those that pods name, and made up ones if too few."""
    named = chain.from_iterable(demanded_labels(g).get(key, ()) for g in groups)
    pattern = VALUES.get(key, key.rpartition("/")[2] + "-{letter}")
    made = (pattern.format(letter=chr(ord("a") + n)) for n in range(MOST_NODES))
    known = tuple(dict.fromkeys(named))
    missing = max(0, min(count, MOST_NODES) - len(known))
    return (*known, *tuple(dict.fromkeys(made))[:missing])


def _bins(shape: _Shape, count: int, machine: Resources, *, metrics: bool) -> list[Bin]:
    bins = [Bin(labels=shape.labels(n), free=machine - EVERY_NODE) for n in range(count)]
    bins[0].free -= CONTROL_PLANE
    if metrics:
        bins[-1].free -= METRICS
    return bins


def _refuse_giants(groups: Sequence[PodGroup], machine: Resources) -> None:
    for group in groups:
        if not (machine - EVERY_NODE).holds(group.requests):
            raise ClusterError(
                attempted="Planning nodes for",
                subject=f"the pods of {group.ref}",
                seen=f"one pod requests {group.requests}; a node of this machine has {machine}",
                expected="a pod that fits a node",
                next_step="lower its requests in this overlay, or use a larger machine",
            )


def _refuse_overload(groups: Sequence[PodGroup], machine: Resources) -> None:
    wanted = total_of(groups)
    if not machine.times(MOST_NODES).holds(wanted):
        raise ClusterError(
            attempted="Planning nodes for",
            subject=f"{counted(len(groups), 'workload')}",
            seen=f"their pods request {wanted} together; {MOST_NODES} nodes of this machine have "
            f"{machine.times(MOST_NODES)}",
            expected="pods that fit as many nodes as one machine carries",
            next_step="lower the requests in this overlay, or use a larger machine",
        )


def total_of(groups: Sequence[PodGroup]) -> Resources:
    """Returns what all pods request together; a DaemonSet counts once."""
    total = Resources()
    for group in groups:
        total += group.total
    return total


def _described(
    shape: _Shape, count: int, groups: Sequence[PodGroup], machine: Resources
) -> NodePlan:
    nodes = tuple(PlannedNode(labels=shape.labels(n)) for n in range(count))
    said = [_workers(shape, count, groups, machine)] if count > 1 else []
    return NodePlan(nodes=nodes, adaptations=(*said, *_labels(nodes, groups)))


def _workers(
    shape: _Shape, count: int, groups: Sequence[PodGroup], machine: Resources
) -> Adaptation:
    reasons = []
    if shape.fewest > 1:
        reasons.append(_why_apart(shape, groups))
    if count > shape.fewest:
        reasons.append(
            f"pods request {total_of(groups)} and a node offers {machine - EVERY_NODE}; every "
            "node reports the whole machine, so there is not more of it in fact"
        )
    return Adaptation(
        subject="Nodes",
        action=f"{counted(count - 1, 'worker')} besides the control plane, which takes pods, too",
        reason="; ".join(reasons),
    )


def _why_apart(shape: _Shape, groups: Sequence[PodGroup]) -> str:
    spread = [g for g in groups if spreads(g)]
    if spread:
        some = ", ".join(g.ref.name for g in spread[:3]) + (" ..." if len(spread) > 3 else "")
        return f"the pods of {counted(len(spread), 'workload')} ({some}) must be spread"
    return f"pods demand {len(shape.profiles)} kinds of node that exclude each other"


def _labels(nodes: Sequence[PlannedNode], groups: Sequence[PodGroup]) -> tuple[Adaptation, ...]:
    keys = dict.fromkeys(chain.from_iterable(node.labels for node in nodes))
    return tuple(
        Adaptation(
            subject=f"Node label {key}",
            action="set to "
            + ", ".join(dict.fromkeys(n.labels[key] for n in nodes if key in n.labels)),
            reason=_why_label(key, groups),
        )
        for key in keys
    )


def _why_label(key: str, groups: Sequence[PodGroup]) -> str:
    required = [g for g in groups if any(s.key == key for s in spreads(g))]
    if required:
        return f"{counted(len(required), 'workload')} must spread over it"
    preferring = [g for g in groups if key in preferred_keys(g)]
    if preferring:
        return f"{counted(len(preferring), 'workload')} would rather spread over it"
    return "pods run only on nodes that have it"
