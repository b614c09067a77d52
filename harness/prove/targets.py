"""The targets behind a Service port: pod addresses, or nodes with the Service's node port.

Pure. Like the controller's, targets of type `ip` are the ready addresses of the Service's
EndpointSlices on the target port, without translation; of type `instance` every node's address on
the node port.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.prove.routing import Object, Snapshot, Target

NODE_PORT_TYPES = frozenset({"NodePort", "LoadBalancer"})


def find_service(snapshot: Snapshot, namespace: str, name: str) -> Object | None:
    """Returns a live Service, or None."""
    found = (s for s in snapshot.services if _key(s) == (namespace, name))
    return next(found, None)


def _key(obj: Object) -> tuple[str, str]:
    return str(obj["metadata"].get("namespace")), str(obj["metadata"]["name"])


def find_port(service: Object, wanted: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Returns the port of a Service that an Ingress backend names by number or by name."""
    name, number = wanted.get("name"), wanted.get("number")
    for port in (service.get("spec") or {}).get("ports") or []:
        if (number and port.get("port") == number) or (name and port.get("name") == name):
            return dict(port)
    return None


def pod_targets(
    service: Object, port: Mapping[str, Any], slices: Iterable[Object]
) -> tuple[Target, ...]:
    """Returns the ready addresses behind a Service port."""
    name = str(port.get("name") or "")
    found = (
        Target(str(address), int(number))
        for item in slices
        if _belongs(item, service)
        for number in _ports(item, name)
        for address in _ready(item)
    )
    return tuple(sorted(set(found)))


def _belongs(item: Object, service: Object) -> bool:
    labels = item["metadata"].get("labels") or {}
    owner = (item["metadata"].get("namespace"), labels.get("kubernetes.io/service-name"))
    return owner == _key(service) and item.get("addressType", "IPv4") == "IPv4"


def _ports(item: Object, name: str) -> Iterator[int]:
    for port in item.get("ports") or []:
        if (port.get("name") or "") == name and port.get("port"):
            yield int(port["port"])


def _ready(item: Object) -> Iterator[str]:
    for endpoint in item.get("endpoints") or []:
        if (endpoint.get("conditions") or {}).get("ready") is not False:
            yield from endpoint.get("addresses") or []


def node_targets(port: Mapping[str, Any], nodes: Mapping[str, str]) -> tuple[Target, ...]:
    """Returns every node's address with the node port of a Service port."""
    number = int(port.get("nodePort") or 0)
    return tuple(sorted(Target(address, number) for address in nodes.values())) if number else ()
