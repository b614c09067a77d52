"""What pods demand of nodes besides resources: labels, domains to spread over, nodes of their own.

Required are `nodeSelector`, required node affinity, topology spread with `DoNotSchedule`, and
required anti-affinity between pods of one workload (Kubernetes docs, "Assigning Pods to Nodes" and
"Pod Topology Spread Constraints"). A preferred rule asks for nothing; its topology key is a label
that nodes get when the key is known from it. Pure; what fits where is `packing`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.adaptation.pod_groups import PodGroup
from harness.audit.checks.placement import EVERY_NODE, HOSTNAME, UNKNOWN_VALUES
from harness.connectivity.selectors import selects

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
MOST_DOMAINS = 3
"""A spread without `minDomains` gets as many domains as a region usually has zones."""
STRICT = frozenset({"", "DoNotSchedule"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Pods of one group over the domains of one key."""

    key: str
    skew: int
    domains: int
    """Domains that must exist."""
    is_exclusive: bool = False
    """At most one pod in a domain."""


def spreads(group: PodGroup) -> tuple[Spread, ...]:
    """Returns what a group of pods demands of topology domains."""
    return (*_constraints(group), *_exclusions(group))


def _constraints(group: PodGroup) -> Iterator[Spread]:
    for each in group.spec.get("topologySpreadConstraints") or []:
        key = str(each.get("topologyKey") or "")
        strict = str(each.get("whenUnsatisfiable") or "") in STRICT
        if key and strict and selects(each.get("labelSelector"), group.labels):
            asked = each.get("minDomains") or min(group.count, MOST_DOMAINS)
            yield Spread(key=key, skew=int(each.get("maxSkew") or 1), domains=int(asked))


def _exclusions(group: PodGroup) -> Iterator[Spread]:
    affinity = (group.spec.get("affinity") or {}).get("podAntiAffinity") or {}
    for each in affinity.get(REQUIRED) or []:
        if each.get("topologyKey") and selects(each.get("labelSelector"), group.labels):
            yield Spread(
                key=str(each["topologyKey"]), skew=1, domains=group.count, is_exclusive=True
            )


def preferred_keys(group: PodGroup) -> tuple[str, ...]:
    """Returns the topology keys that pods prefer to spread over."""
    found = [
        str(each.get("topologyKey"))
        for each in group.spec.get("topologySpreadConstraints") or []
        if str(each.get("whenUnsatisfiable") or "") not in STRICT and each.get("topologyKey")
    ]
    return tuple(key for key in dict.fromkeys(found) if key != HOSTNAME)


def demanded_labels(group: PodGroup) -> dict[str, tuple[str, ...]]:
    """Returns the labels a node must have: key to the values that would do, best first.

    Of several node selector terms the first one counts: any one of them is enough.
    """
    selector = group.spec.get("nodeSelector") or {}
    found: dict[str, tuple[str, ...]] = {key: (str(value),) for key, value in selector.items()}
    terms = _node_terms(group.spec)
    for each in (terms[0].get("matchExpressions") or []) if terms else []:
        key, values = str(each.get("key")), tuple(map(str, each.get("values") or ()))
        match each.get("operator"):
            case "In":
                found.setdefault(key, values)
            case "Exists":
                found.setdefault(key, ("true",))
            case "Gt" if values:
                found.setdefault(key, (str(int(values[0]) + 1),))
            case "Lt" if values:
                found.setdefault(key, (str(int(values[0]) - 1),))
    return {key: values for key, values in found.items() if not _is_given(key, values)}


def _node_terms(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    return list((affinity.get(REQUIRED) or {}).get("nodeSelectorTerms") or [])


def _is_given(key: str, values: tuple[str, ...]) -> bool:
    if key in UNKNOWN_VALUES:
        return True
    known = EVERY_NODE.get(key)
    return known is not None and bool(known & set(values))


def label_profiles(
    groups: Iterable[PodGroup], *, besides: Collection[str]
) -> tuple[dict[str, tuple[str, ...]], ...]:
    """Returns sets of demanded labels such that every group finds all of its own in one of them.

    Demands that agree share a node; those that contradict each other need nodes of their own.

    Args:
        groups: The pods.
        besides: Topology keys; their values differ from node to node anyway.
    """
    found: list[dict[str, tuple[str, ...]]] = [{}]
    for group in groups:
        demanded = {k: v for k, v in demanded_labels(group).items() if k not in besides}
        home = next((p for p in found if _agree(p, demanded)), None)
        if home is None:
            found.append(home := {})
        for key, values in demanded.items():
            home[key] = tuple(v for v in home.get(key, values) if v in values)
    return tuple(found)


def _agree(profile: Mapping[str, tuple[str, ...]], demanded: Mapping[str, tuple[str, ...]]) -> bool:
    return all(set(profile.get(key, values)) & set(values) for key, values in demanded.items())
