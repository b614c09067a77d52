"""The given objects by kind and name, as the other modules of this room look them up. Pure.

A workload is a Deployment, StatefulSet, DaemonSet, Job, CronJob or Pod (a ReplicaSet without an
owner too); what one of them owns is not a workload of its own, but a live Pod tells its address.
Of several versions of an object the last one given counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.connectivity.addresses import enclosing
from harness.connectivity.peers import Endpoint, Namespaces
from harness.connectivity.selectors import Labels, selects
from harness.manifests.pods import TEMPLATED, Object, pod_labels, pod_spec
from harness.model.refs import ObjectRef

Key = tuple[str, str]
"""Namespace and name."""
CHANGING_LABELS = frozenset({
    "apps.kubernetes.io/pod-index", "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name", "controller-revision-hash", "controller-uid", "job-name",
    "pod-template-generation", "pod-template-hash", "statefulset.kubernetes.io/pod-name",
})  # fmt: skip
"""Labels that controllers set on pods; no policy should name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Something that runs pods, with what matters of their template."""

    ref: ObjectRef
    labels: Labels
    spec: Mapping[str, Any]
    """The pod specification."""
    replicas: int | None = None
    """None where the object does not say."""
    first_ordinal: int = 0
    governing_service: str = ""
    """`spec.serviceName` of a StatefulSet; the subdomain of a Pod."""
    hostname: str = ""
    """The host name of a Pod that has a subdomain."""
    selector: Labels = field(default_factory=dict)
    """The labels by which it finds its pods, or all of theirs if it has none."""
    address: str = ""
    """The address of a live Pod that is a workload of its own."""

    @property
    def named_ports(self) -> dict[str, int]:
        """The container ports that have a name."""
        return {
            str(port["name"]): int(port["containerPort"])
            for container in self.serving_containers
            for port in container.get("ports") or []
            if port.get("name") and port.get("containerPort")
        }

    @property
    def serving_containers(self) -> list[Mapping[str, Any]]:
        """The containers that run as long as the pod does, with restartable init containers."""
        sidecars = [c for c in self.spec.get("initContainers") or [] if is_sidecar(c)]
        return [*sidecars, *(self.spec.get("containers") or [])]

    @property
    def is_alone(self) -> bool:
        """Whether it runs one pod, so that a connection to itself stays in that pod."""
        return self.ref.kind != "DaemonSet" and self.replicas in {None, 0, 1}

    @property
    def uses_host_network(self) -> bool:
        """Whether its pods have the node's address, for which policies are not defined."""
        return bool(self.spec.get("hostNetwork"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything given, ready to be looked up."""

    services: Mapping[Key, Object]
    by_ref: Mapping[ObjectRef, Workload]
    """The workloads, in order."""
    by_label: Mapping[tuple[str, str, str], tuple[Workload, ...]]
    """The workloads of a namespace with a label's key and value."""
    config_maps: Mapping[Key, Object]
    secrets: Mapping[Key, Object]
    policies: tuple[Object, ...]
    pods: Mapping[str, tuple[Object, ...]]
    """Live pods that have an address, by namespace."""
    namespaces: Namespaces
    """Labels of each namespace; empty for one that is only mentioned."""
    pod_range: str = ""
    """The smallest network around the nodes' pod ranges; empty when no Node is given."""

    @classmethod
    def of(cls, objects: Iterable[Object]) -> Inventory:
        """Returns the inventory of raw objects, rendered or live."""
        latest = {ObjectRef.of(obj): obj for obj in objects}
        kinds: dict[str, dict[Key, Object]] = {}
        for ref, obj in latest.items():
            kinds.setdefault(ref.kind, {})[ref.namespace, ref.name] = obj
        by_ref = {each.ref: each for each in sorted(_workloads(latest.values()), key=_ref)}
        return cls(
            services=kinds.get("Service", {}),
            by_ref=by_ref,
            by_label=_by_label(by_ref.values()),
            config_maps=kinds.get("ConfigMap", {}),
            secrets=kinds.get("Secret", {}),
            policies=tuple(kinds.get("NetworkPolicy", {}).values()),
            pods=_with_address(kinds.get("Pod", {}).values()),
            namespaces=_namespaces(latest.values()),
            pod_range=enclosing(_pod_ranges(kinds.get("Node", {}).values())),
        )

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """All workloads, in the order of their references."""
        return tuple(self.by_ref.values())

    def services_of(self, namespace: str) -> dict[str, Object]:
        """Returns the Services of a namespace by name."""
        return {name: obj for (space, name), obj in self.services.items() if space == namespace}

    def labelled(self, namespace: str, labels: Labels) -> tuple[Workload, ...]:
        """Returns the workloads of a namespace whose pods have all of some labels."""
        groups = [self.by_label.get((namespace, *label), ()) for label in labels.items()]
        fewest = min(groups, key=len, default=())
        return tuple(each for each in fewest if selects({"matchLabels": labels}, each.labels))

    def workload(self, ref: ObjectRef) -> Workload | None:
        """Returns one workload."""
        return self.by_ref.get(ref)

    def endpoint(self, workload: Workload, pod_range: str = "") -> Endpoint:
        """Returns a pod of a workload as one end of a connection, with its address if known."""
        address = workload.address or self.address(workload.ref.namespace, workload.labels)
        return Endpoint(
            namespace=workload.ref.namespace,
            labels=workload.labels,
            namespace_labels=self.namespaces.get(workload.ref.namespace, {}),
            ip=address or pod_range or self.pod_range,
            named_ports=workload.named_ports,
            ref=workload.ref,
        )

    def address(self, namespace: str, labels: Labels) -> str:
        """Returns the address, or the smallest network, of the live pods with these labels."""
        wanted = {"matchLabels": labels}
        found = self.pods.get(namespace, ())
        return enclosing(_address(p) for p in found if selects(wanted, pod_labels(p)))


def is_sidecar(container: Mapping[str, Any]) -> bool:
    """Whether an init container keeps running beside the others."""
    return container.get("restartPolicy") == "Always"


def _workloads(objects: Iterable[Object]) -> Iterable[Workload]:
    for obj in objects:
        spec = pod_spec(obj)
        if spec is not None and not _is_owned(obj):
            yield _workload(obj, spec)


def _workload(obj: Object, pod: Mapping[str, Any]) -> Workload:
    spec, labels = obj.get("spec") or {}, pod_labels(obj)
    is_pod = obj.get("kind") == "Pod"
    name = ObjectRef.of(obj).name
    stable = {key: value for key, value in labels.items() if key not in CHANGING_LABELS}
    selector = ((spec.get("selector") or {}) if not is_pod else {}).get("matchLabels")
    service = pod.get("subdomain") if is_pod else spec.get("serviceName")
    return Workload(
        ref=ObjectRef.of(obj),
        labels=labels,
        spec=pod,
        replicas=spec.get("replicas"),
        first_ordinal=int((spec.get("ordinals") or {}).get("start") or 0),
        governing_service=str(service or ""),
        hostname=str(pod.get("hostname") or name) if is_pod else "",
        selector=selector or stable,
        address=_address(obj) if is_pod else "",
    )


def _ref(workload: Workload) -> ObjectRef:
    return workload.ref


def _by_label(
    workloads: Iterable[Workload],
) -> dict[tuple[str, str, str], tuple[Workload, ...]]:
    found: dict[tuple[str, str, str], list[Workload]] = {}
    for workload in workloads:
        for key, value in workload.labels.items():
            found.setdefault((workload.ref.namespace, key, value), []).append(workload)
    return {label: tuple(each) for label, each in found.items()}


def _with_address(pods: Iterable[Object]) -> dict[str, tuple[Object, ...]]:
    found: dict[str, list[Object]] = {}
    for pod in pods:
        if _address(pod):
            found.setdefault(ObjectRef.of(pod).namespace, []).append(pod)
    return {namespace: tuple(each) for namespace, each in found.items()}


def _is_owned(obj: Object) -> bool:
    owners = (obj.get("metadata") or {}).get("ownerReferences") or []
    return any(o.get("controller") and o.get("kind") in TEMPLATED for o in owners)


def _namespaces(objects: Iterable[Object]) -> dict[str, Labels]:
    found: dict[str, Labels] = {}
    for obj in objects:
        ref = ObjectRef.of(obj)
        if ref.kind == "Namespace":
            found[ref.name] = (obj.get("metadata") or {}).get("labels") or {}
        elif ref.namespace:
            found.setdefault(ref.namespace, {})
    return found


def _pod_ranges(nodes: Iterable[Object]) -> Iterable[str]:
    for node in nodes:
        yield str((node.get("spec") or {}).get("podCIDR") or "")


def _address(pod: Object) -> str:
    return str((pod.get("status") or {}).get("podIP") or "")
