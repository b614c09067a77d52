"""Gives Services of type LoadBalancer an address where no cloud does: a node's own. Pure.

As k3s' ServiceLB does: kube-proxy accepts traffic for the address and port of
`status.loadBalancer.ingress` on every node. Two Services with the same port cannot share a node,
and the ports of the node's own programs are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.model.refs import ObjectRef

Object = Mapping[str, Any]
OF_THE_NODE = frozenset({2379, 2380, 2381, 6443, 10248, 10249, 10250, 10256, 10257, 10259})
"""etcd, API server, kubelet, kube-proxy, controller manager, scheduler (kubeadm's defaults)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """Which Service gets which address; an empty one where every node's port is taken."""

    service: ObjectRef
    address: str


def assigned(services: Iterable[Object], nodes: Sequence[str]) -> tuple[Assigned, ...]:
    """Returns an address for each Service of type LoadBalancer that has none.

    Args:
        services: Live Services.
        nodes: The nodes' addresses.
    """
    found = []
    taken = {node: set(OF_THE_NODE) for node in nodes}
    for service in sorted(services, key=lambda s: str(ObjectRef.of(s))):
        spec = service.get("spec") or {}
        if spec.get("type") != "LoadBalancer" or spec.get("loadBalancerClass") or _has(service):
            continue
        ports = {int(port["port"]) for port in spec.get("ports") or []}
        address = next((node for node in nodes if not ports & taken[node]), "")
        if address:
            taken[address] |= ports
        meta = service.get("metadata") or {}
        ref = ObjectRef("Service", str(meta.get("namespace") or ""), str(meta.get("name") or ""))
        found.append(Assigned(service=ref, address=address))
    return tuple(found)


def _has(service: Object) -> bool:
    return bool(((service.get("status") or {}).get("loadBalancer") or {}).get("ingress"))
