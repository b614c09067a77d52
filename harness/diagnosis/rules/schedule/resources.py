"""What a pod asks for and what a node can give: the scheduler's arithmetic. Pure.

A pod asks for the greater of its running containers (sidecars included) and of each init container
beside the sidecars started before it, plus overhead (Kubernetes documentation, sidecar containers).
A container that sets only a limit asks for that limit. What other pods use is told, never judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from harness.diagnosis.pod_facts import PodFact
from harness.diagnosis.rules.schedule.quantities import quantity

Object = Mapping[str, Any]
Amounts = dict[str, Decimal]
ENDED = frozenset({"Succeeded", "Failed"})


def requests_of(container: Object) -> Amounts:
    """Returns what one container asks for."""
    resources = container.get("resources") or {}
    return _amounts({**(resources.get("limits") or {}), **(resources.get("requests") or {})})


def pod_request(spec: Object) -> Amounts:
    """Returns what a pod asks for, with the one place in `pods` that it takes."""
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers") or []:
        beside = _sum(sidecars, requests_of(container))
        peak = _greater(peak, beside)
        if container.get("restartPolicy") == "Always":
            sidecars = beside
    running = _sum(sidecars, *(requests_of(c) for c in spec.get("containers") or []))
    whole = _amounts((spec.get("resources") or {}).get("requests") or {})
    total = {**_greater(peak, running), **whole}
    return {**_sum(total, _amounts(spec.get("overhead") or {})), "pods": Decimal(1)}


def greediest(spec: Object, resource: str) -> tuple[str, Object]:
    """Returns the group (`containers`, `initContainers`) and container that asks for most of it."""
    asking = [
        (requests_of(container).get(resource, Decimal(0)), group, container)
        for group in ("containers", "initContainers")
        for container in spec.get(group) or []
    ]
    _, group, container = max(asking, key=lambda found: found[0])
    return group, container


def allocatable(node: Object, resource: str) -> Decimal | None:
    """Returns how much of a resource a node gives to pods; None where the node does not say.

    An extended resource that a node does not list is one that it does not have: 0.
    """
    given = (node.get("status") or {}).get("allocatable") or {}
    if resource in given:
        return quantity(given[resource])
    return Decimal(0) if given and is_extended(resource) else None


def is_extended(resource: str) -> bool:
    """Tells whether a device plugin or the node's set-up brings a resource, e.g. nvidia.com/gpu."""
    return "/" in resource or resource.startswith("hugepages-")


def too_great(request: Amounts, node: Object) -> set[str]:
    """Returns the resources of which a pod asks for more than the empty node could give."""
    limits = {resource: allocatable(node, resource) for resource in request}
    return {r for r, given in limits.items() if given is not None and request[r] > given}


def taken(node: str, resource: str, pods: Iterable[PodFact]) -> Decimal:
    """Returns what the pods bound to a node ask for, as far as they are known."""
    asked = (pod_request(p.spec) for p in pods if p.node == node and p.phase not in ENDED)
    return sum((amounts.get(resource, Decimal(0)) for amounts in asked), Decimal(0))


def _amounts(given: Object) -> Amounts:
    read = {str(resource): quantity(text) for resource, text in given.items()}
    return {resource: amount for resource, amount in read.items() if amount is not None}


def _sum(*parts: Amounts) -> Amounts:
    total: Amounts = {}
    for part in parts:
        for resource, amount in part.items():
            total[resource] = total.get(resource, Decimal(0)) + amount
    return total


def _greater(one: Amounts, other: Amounts) -> Amounts:
    return {
        resource: max(one.get(resource, Decimal(0)), other.get(resource, Decimal(0)))
        for resource in {**one, **other}
    }
