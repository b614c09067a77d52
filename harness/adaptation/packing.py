"""Whether pods find room on some nodes: a rehearsal of the scheduler, largest pods first. Pure.

Looks at requests, demanded labels, spread and anti-affinity within a workload. Rules between
workloads, taints and volumes are left to the real scheduler.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.adaptation.pod_groups import PodGroup
from harness.adaptation.terms import Resources
from harness.adaptation.topology import Spread, demanded_labels, spreads
from harness.audit.checks.placement import HOSTNAME
from harness.model.refs import ObjectRef


@dataclass(slots=True, kw_only=True)
class Bin:
    """A node with the room it has left."""

    labels: Mapping[str, str]
    free: Resources
    pods: Counter[ObjectRef] = field(default_factory=Counter)


def unplaced(groups: Iterable[PodGroup], bins: Sequence[Bin]) -> tuple[ObjectRef, ...]:
    """Returns the workloads of which a pod found no node; fills the bins."""
    listed = tuple(groups)
    for group in listed:
        if group.is_per_node:
            for each in bins:
                each.free -= group.requests
    ordered = sorted(
        (g for g in listed if not g.is_per_node),
        key=lambda g: (g.requests.processors, g.requests.memory_bytes),
        reverse=True,
    )
    return tuple(
        group.ref for group in ordered if not all(_place(group, bins) for _ in range(group.count))
    )


def _place(group: PodGroup, bins: Sequence[Bin]) -> bool:
    demanded, wanted = demanded_labels(group), spreads(group)
    able = [b for b in bins if _labelled(b, demanded)]
    fitting = [
        each
        for each in able
        if each.free.holds(group.requests) and all(_spread(group, s, each, able) for s in wanted)
    ]
    if not fitting:
        return False
    chosen = max(fitting, key=lambda b: (-b.pods[group.ref], b.free.processors))
    chosen.free -= group.requests
    chosen.pods[group.ref] += 1
    return True


def _labelled(each: Bin, demanded: Mapping[str, tuple[str, ...]]) -> bool:
    return all(each.labels.get(key) in values for key, values in demanded.items())


def _spread(group: PodGroup, spread: Spread, chosen: Bin, able: Sequence[Bin]) -> bool:
    """Tells whether one more pod on a node keeps the skew."""
    counts: Counter[str] = Counter()
    for each in able:
        domain = _domain(each, spread.key)
        if domain is not None:
            counts[domain] += each.pods[group.ref]
    here = _domain(chosen, spread.key)
    if here is None:
        return False
    if spread.is_exclusive:
        return counts[here] == 0
    return counts[here] + 1 - min(counts.values()) <= spread.skew


def _domain(each: Bin, key: str) -> str | None:
    return str(id(each)) if key == HOSTNAME else each.labels.get(key)
