"""From a Service to the pods behind it and the port they are asked on. Pure.

Semantics of core/v1: an absent targetPort is the port; a named one is looked up among the
containers' ports; a headless Service translates nothing, since its name leads straight to the pods;
a Service without selector has its endpoints from somebody else, so nothing is said about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.connectivity.inventory import Inventory, Workload
from harness.connectivity.selectors import in_words, unmet
from harness.manifests.pods import Object
from harness.model.refs import ObjectRef


class Trouble(StrEnum):
    """Why a Service leads nowhere, or not where it should."""

    NONE = ""
    SELECTS_NOTHING = "selects-nothing"
    """No given workload has the labels of its selector."""
    PORT_NOT_OFFERED = "port-not-offered"
    """Clients ask for a port that the Service does not have."""
    NAMED_PORT_ABSENT = "named-port-absent"
    """The targetPort is a name that no container port has."""
    NO_SELECTOR = "no-selector"
    """Its endpoints are not made from labels: not judged."""
    EXTERNAL_NAME = "external-name"
    """It is an alias of a host outside the cluster: not judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where one port of a Service leads."""

    workload: Workload | None
    port: int = 0
    """The pod's port; 0 when it cannot be said."""
    protocol: str = "TCP"
    trouble: Trouble = Trouble.NONE


def is_headless(service: Object) -> bool:
    """Whether the Service's name leads to the pods themselves."""
    return _spec(service).get("clusterIP") == "None"


def publishes_not_ready(service: Object) -> bool:
    """Whether the names of pods exist before the pods are ready."""
    return bool(_spec(service).get("publishNotReadyAddresses"))


def external_name(service: Object) -> str:
    """Returns the host an ExternalName Service stands for, or an empty string."""
    spec = _spec(service)
    return str(spec.get("externalName") or "") if spec.get("type") == "ExternalName" else ""


def has_selector(service: Object) -> bool:
    """Whether the Service finds its pods by labels."""
    return bool(_spec(service).get("selector")) and not external_name(service)


def ports_of(service: Object) -> tuple[int, ...]:
    """Returns the ports that the Service offers."""
    return tuple(int(entry["port"]) for entry in _entries(service) if entry.get("port"))


def selected(service: Object, inventory: Inventory) -> tuple[Workload, ...]:
    """Returns the workloads whose pods the Service selects."""
    if not has_selector(service):
        return ()
    labels = {str(key): str(value) for key, value in _spec(service)["selector"].items()}
    return inventory.labelled(ObjectRef.of(service).namespace, labels)


def targets(
    service: Object, port: int, inventory: Inventory, *, only: Workload | None = None
) -> tuple[Target, ...]:
    """Returns where a port of a Service leads, one target for each workload behind it.

    Port 0 means that the port is not known: the Service's only one is taken, if it has only one.
    `only` is the workload of the pod that a name like `kafka-0.kafka-headless` means.
    """
    if external_name(service):
        return (Target(workload=None, trouble=Trouble.EXTERNAL_NAME),)
    if not has_selector(service):
        return (Target(workload=None, trouble=Trouble.NO_SELECTOR),)
    behind = (only,) if only else selected(service, inventory)
    if not behind:
        return (Target(workload=None, trouble=Trouble.SELECTS_NOTHING),)
    return tuple(_target(service, port, workload) for workload in behind)


def _target(service: Object, port: int, workload: Workload) -> Target:
    entry = _entry(service, port)
    protocol = str((entry or {}).get("protocol") or "TCP")
    if is_headless(service) and port:
        return Target(workload=workload, port=port, protocol=protocol)
    if entry is None:
        trouble = Trouble.PORT_NOT_OFFERED if port else Trouble.NONE
        return Target(workload=workload, trouble=trouble)
    number = _pod_port(entry, workload)
    trouble = Trouble.NONE if number else Trouble.NAMED_PORT_ABSENT
    return Target(workload=workload, port=number, protocol=protocol, trouble=trouble)


def all_targets(service: Object, workload: Workload) -> tuple[Target, ...]:
    """Returns where each port of a Service leads on one workload."""
    return tuple(_target(service, port, workload) for port in ports_of(service))


def idle_services(inventory: Inventory) -> tuple[tuple[ObjectRef, str], ...]:
    """Returns each Service whose selector selects nothing, with the nearest workload in words."""
    return tuple(
        (ObjectRef.of(service), why_nothing(service, inventory))
        for service in inventory.services.values()
        if has_selector(service) and not selected(service, inventory)
    )


def why_nothing(service: Object, inventory: Inventory) -> str:
    """Returns which workload the selector misses least, and by what labels."""
    namespace, selector = ObjectRef.of(service).namespace, _selector(service)
    local = [each for each in inventory.workloads if each.ref.namespace == namespace]
    if not local:
        return "the namespace has no workload"
    nearest = min(local, key=lambda each: (len(unmet(selector, each.labels)), each.ref))
    lacking = unmet(selector, nearest.labels)
    if len(lacking) == len(_spec(service)["selector"]):
        return f"no workload has any of {in_words(selector)}"
    has = (f"{r.key}={nearest.labels[r.key]}" for r in lacking if r.key in nearest.labels)
    return f"{nearest.ref} lacks {', '.join(map(str, lacking))}; it has {', '.join(has) or 'none'}"


def absent_target_ports(inventory: Inventory) -> tuple[tuple[ObjectRef, str, ObjectRef], ...]:
    """Returns each Service, named targetPort and selected workload that has no such port."""
    return tuple(
        (ObjectRef.of(service), str(entry["targetPort"]), workload.ref)
        for service in inventory.services.values()
        for workload in selected(service, inventory)
        for entry in _entries(service)
        if isinstance(entry.get("targetPort"), str) and not _pod_port(entry, workload)
    )


def _pod_port(entry: Mapping[str, Any], workload: Workload) -> int:
    target = entry.get("targetPort") or entry.get("port") or 0
    return workload.named_ports.get(target, 0) if isinstance(target, str) else int(target)


def _entry(service: Object, port: int) -> Mapping[str, Any] | None:
    entries = _entries(service)
    if not port:
        return entries[0] if len(entries) == 1 else None
    matching = [entry for entry in entries if entry.get("port") == port]
    tcp = [entry for entry in matching if (entry.get("protocol") or "TCP") == "TCP"]
    return next(iter(tcp or matching), None)


def _entries(service: Object) -> list[Mapping[str, Any]]:
    return list(_spec(service).get("ports") or [])


def _selector(service: Object) -> dict[str, Any]:
    return {"matchLabels": _spec(service).get("selector") or {}}


def _spec(service: Object) -> Mapping[str, Any]:
    return service.get("spec") or {}
