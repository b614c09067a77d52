"""Addresses that a cloud would give, in the status of Ingresses and of Services.

An Ingress has that of the load balancer stand-in, a Service that of a node. Without one Argo CD
calls them Progressing for ever.
"""

from __future__ import annotations

from harness.io.kube import Kube
from harness.model.kinds import collection, object_path
from harness.model.refs import ObjectRef
from harness.prove.service_addresses import assigned
from harness.stages.context import Context


def give_ingress_addresses(context: Context, address: str) -> None:
    """Gives every Ingress of the declared namespaces the address of the load balancer."""
    kube, namespaces = context.kube.get(), context.declaration.get().namespaces
    for ingress in (i for ns in namespaces for i in kube.items(collection("Ingress", ns))):
        publish_address(kube, ObjectRef.of({**ingress, "kind": "Ingress"}), address)


def give_service_addresses(context: Context) -> None:
    """Does what a cloud does for Services of type LoadBalancer; without it Argo CD waits."""
    kube, namespaces = context.kube.get(), context.declaration.get().namespaces
    services = [s for ns in namespaces for s in kube.items(collection("Service", ns))]
    nodes = [
        str(address["address"])
        for node in kube.items("/api/v1/nodes")
        for address in (node.get("status") or {}).get("addresses") or []
        if address.get("type") == "InternalIP"
    ]
    for found in assigned(services, nodes):
        if found.address:
            publish_address(kube, found.service, found.address)
        what = found.address or "none: its ports are taken on every node"
        context.run.notes.append(f"address of {found.service} (type LoadBalancer): {what}")


def publish_address(kube: Kube, ref: ObjectRef, address: str) -> None:
    """Writes an address into the status of an Ingress or a Service."""
    kube.merge(
        f"{object_path(ref)}/status", {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
    )
