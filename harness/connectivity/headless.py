"""What a StatefulSet needs of its headless Service: that it is there, and names unready pods. Pure.

A StatefulSet is accepted without its governing Service, but its pods then have no names (H11). A
pod that asks for names of its own set before it is ready gets none unless the Service has
`publishNotReadyAddresses` (K07). Whether readiness really waits for those names only a run shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.connectivity.dependencies import Dependency, Graph
from harness.connectivity.inventory import Inventory, Workload
from harness.connectivity.resolution import is_in_hosts_file, nearest
from harness.connectivity.services import is_headless, publishes_not_ready
from harness.manifests.pods import Object
from harness.model.refs import ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentGoverningService:
    """A StatefulSet whose `spec.serviceName` is no given Service of its namespace."""

    workload: ObjectRef
    service: str
    """The name as written."""
    nearest: str = ""
    """The Service that was probably meant; empty when none is like it."""


def absent_governing_services(objects: Iterable[Object]) -> tuple[AbsentGoverningService, ...]:
    """Returns the StatefulSets whose governing Service is not among the objects."""
    inventory = Inventory.of(objects)
    return tuple(
        AbsentGoverningService(
            workload=each.ref,
            service=each.governing_service,
            nearest=nearest(each.governing_service, each.ref.namespace, inventory),
        )
        for each in inventory.workloads
        if each.ref.kind == "StatefulSet" and _lacks_service(each, inventory)
    )


def _lacks_service(workload: Workload, inventory: Inventory) -> bool:
    name = workload.governing_service
    return bool(name) and (workload.ref.namespace, name) not in inventory.services


def unpublished_self_needs(graph: Graph, objects: Iterable[Object]) -> tuple[Dependency, ...]:
    """Returns the needs of a workload for its own pods whose names exist only once they are ready.

    A lone pod that names itself in full is left out: its hosts file holds that name.
    """
    inventory = Inventory.of(objects)
    return tuple(
        each
        for each in graph.dependencies
        if each.client == each.server and each.certain and _is_unpublished(each, inventory)
    )


def _is_unpublished(need: Dependency, inventory: Inventory) -> bool:
    ref, workload = need.service, inventory.workload(need.client)
    service = inventory.services.get((ref.namespace, ref.name)) if ref else None
    if service is None or workload is None or is_in_hosts_file(need.host, workload):
        return False
    return is_headless(service) and not publishes_not_ready(service)
