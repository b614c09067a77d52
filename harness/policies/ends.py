"""Who takes part in the matrix: the declared workloads with their running pods, the DNS, others.

Labels and named ports are the declared ones; of the running pod come its address and the labels
that controllers set. A pod on its node's network is left out, since policies are not defined for
it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.connectivity.inventory import CHANGING_LABELS, Inventory, Workload
from harness.connectivity.peers import Endpoint
from harness.connectivity.selectors import selects
from harness.connectivity.services import Trouble, has_selector, selected, targets
from harness.manifests.pods import Object, pod_labels
from harness.model.containers import LABEL
from harness.model.policies import Listener, Party, PartyKind
from harness.model.refs import ObjectRef
from harness.policies.probes import Stand
from harness.policies.snapshot import DNS_NAMESPACE, DNS_SERVICE, Snapshot

DNS_LABELS = {"k8s-app": "kube-dns"}
DNS_PORT = 53
WAYS = ("httpGet", "tcpSocket", "grpc")
"""The readiness probes by which a kubelet connects to a port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One running pod, or one container outside, of an end."""

    endpoint: Endpoint
    stand: Stand
    answering: frozenset[int] = frozenset()
    """TCP ports on which it answers its kubelet, by its readiness."""

    @property
    def address(self) -> str:
        """Its address."""
        return self.endpoint.ip


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A party with what runs of it."""

    party: Party
    members: tuple[Member, ...] = ()
    listeners: tuple[Listener, ...] = ()
    is_alone: bool = False
    """Whether it has one pod by declaration, so that it only ever reaches itself in that pod."""
    workload: Workload | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsider:
    """A container of ours outside the cluster."""

    kind: PartyKind
    container: str
    address: str
    ports: tuple[int, ...] = ()
    """TCP ports on which it listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everybody who takes part, sources and targets alike."""

    ends: tuple[End, ...]
    notes: tuple[str, ...] = field(default=())


def cast(inventory: Inventory, snapshot: Snapshot, outsiders: Iterable[Outsider]) -> Cast:
    """Returns who takes part, workloads first, in the order of their references."""
    notes: list[str] = []
    several = len({w.ref.namespace for w in inventory.workloads}) > 1
    names = [w.ref.name for w in inventory.workloads]
    ends = []
    for workload in inventory.workloads:
        if workload.uses_host_network:
            notes.append(f"{workload.ref} uses the node's network: no policy is defined for it")
            continue
        twice = names.count(workload.ref.name) > 1 and not several
        ends.append(_end(workload, inventory, snapshot, _title(workload.ref, several, twice)))
    return Cast(
        ends=(*ends, _dns(snapshot), *(_outsider(each) for each in outsiders)), notes=tuple(notes)
    )


def _title(ref: ObjectRef, several: bool, twice: bool) -> str:
    name = f"{ref.kind} {ref.name}" if twice else ref.name
    return f"{ref.namespace}/{name}" if several else name


def _end(workload: Workload, inventory: Inventory, snapshot: Snapshot, title: str) -> End:
    party = Party(kind=PartyKind.WORKLOAD, title=title, ref=workload.ref)
    members = tuple(
        _member(pod, workload.labels, workload.named_ports)
        for pod in running(snapshot.pods, workload)
    )
    return End(
        party=party,
        members=members,
        listeners=listeners(party, workload, inventory),
        is_alone=workload.is_alone,
        workload=workload,
    )


def running(pods: Iterable[Object], workload: Workload) -> list[Object]:
    """Returns the running pods of a workload, ready ones first, in the order of their names."""
    wanted = {"matchLabels": workload.selector}
    found = [
        pod
        for pod in pods
        if ObjectRef.of(pod).namespace == workload.ref.namespace
        and runs(pod)
        and selects(wanted, pod_labels(pod))
        and LABEL not in pod_labels(pod)
    ]
    return sorted(found, key=lambda pod: (not is_ready(pod), ObjectRef.of(pod).name))


def runs(pod: Object) -> bool:
    """Whether a pod has a network of its own that can be entered."""
    status, meta = pod.get("status") or {}, pod.get("metadata") or {}
    is_up = status.get("phase") == "Running" and bool(status.get("podIP"))
    return is_up and not meta.get("deletionTimestamp") and not _spec(pod).get("hostNetwork")


def is_ready(pod: Object) -> bool:
    """Whether the kubelet calls a pod ready."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def _member(pod: Object, labels: Mapping[str, str], ports: Mapping[str, int]) -> Member:
    ref = ObjectRef.of(pod)
    set_here = {k: v for k, v in pod_labels(pod).items() if k in CHANGING_LABELS}
    return Member(
        endpoint=Endpoint(
            namespace=ref.namespace,
            labels={**labels, **set_here},
            ip=str((pod.get("status") or {}).get("podIP") or ""),
            named_ports=ports,
            ref=ref,
        ),
        stand=Stand(
            name=f"{ref.namespace}/{ref.name}",
            pod=ref,
            uid=str((pod.get("metadata") or {}).get("uid") or ""),
            address=str((pod.get("status") or {}).get("podIP") or ""),
            node=str(_spec(pod).get("nodeName") or ""),
        ),
        answering=answering(pod, ports),
    )


def answering(pod: Object, names: Mapping[str, int]) -> frozenset[int]:
    """Returns the ports on which a ready pod has answered its readiness probes."""
    if not is_ready(pod):
        return frozenset()
    probes = [c.get("readinessProbe") or {} for c in _spec(pod).get("containers") or []]
    asked = [(p.get(way) or {}).get("port") for p in probes for way in WAYS]
    numbers = (names.get(port) if isinstance(port, str) else port for port in asked)
    return frozenset(number for number in numbers if number)


def listeners(party: Party, workload: Workload, inventory: Inventory) -> tuple[Listener, ...]:
    """Returns the ports of a workload: those of its containers, and those Services lead to."""
    services: dict[tuple[int, str], list[str]] = {key: [] for key in _container_ports(workload)}
    for service in inventory.services_of(workload.ref.namespace).values():
        if workload not in selected(service, inventory):
            continue
        for number in service_ports(service):
            for target in targets(service, number, inventory, only=workload):
                if target.port and target.trouble is Trouble.NONE:
                    own = services.setdefault((target.port, target.protocol), [])
                    own.append(f"{ObjectRef.of(service).name}:{number}")
    return tuple(
        Listener(target=party, port=port, protocol=protocol, services=tuple(names))
        for (port, protocol), names in sorted(services.items())
    )


def service_ports(service: Object) -> tuple[int, ...]:
    """Returns the numbers of a Service's ports, for Services that find pods by labels."""
    ports = (service.get("spec") or {}).get("ports") or []
    return tuple(int(p["port"]) for p in ports if p.get("port")) if has_selector(service) else ()


def _container_ports(workload: Workload) -> list[tuple[int, str]]:
    return [
        (int(port["containerPort"]), str(port.get("protocol") or "TCP"))
        for container in workload.serving_containers
        for port in container.get("ports") or []
        if port.get("containerPort")
    ]


def _dns(snapshot: Snapshot) -> End:
    ref = ObjectRef("Service", DNS_NAMESPACE, DNS_SERVICE)
    party = Party(kind=PartyKind.DNS, title="DNS", ref=ref)
    pods = [
        pod
        for pod in snapshot.pods
        if ObjectRef.of(pod).namespace == DNS_NAMESPACE
        and runs(pod)
        and selects({"matchLabels": DNS_LABELS}, pod_labels(pod))
    ]
    ports = {"dns": DNS_PORT, "dns-tcp": DNS_PORT}
    return End(
        party=party,
        members=tuple(_member(pod, pod_labels(pod), ports) for pod in pods),
        listeners=tuple(
            Listener(target=party, port=DNS_PORT, protocol=protocol, services=("kube-dns:53",))
            for protocol in ("UDP", "TCP")
        ),
    )


def _outsider(found: Outsider) -> End:
    party = Party(kind=found.kind, title=str(found.kind), address=found.address)
    member = Member(
        endpoint=Endpoint(namespace="", ip=found.address), stand=Stand(name=found.container)
    )
    return End(
        party=party,
        members=(member,),
        listeners=tuple(Listener(target=party, port=port) for port in found.ports),
    )


def _spec(pod: Object) -> Mapping[str, Any]:
    return pod.get("spec") or {}
