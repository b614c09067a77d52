"""What a host name means in a pod: a Service, one pod of it, something outside, nothing. Pure.

Names are tried in the order of a pod's search path (`<namespace>.svc.cluster.local`,
`svc.cluster.local`, `cluster.local`, then as written; Kubernetes "DNS for Services and Pods").
A pod has a name of its own only below its governing, headless Service. A dotted name that does not
end in `.svc` or a known namespace is outside: nothing is said about it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from harness.connectivity.addresses import is_address
from harness.connectivity.inventory import Inventory, Workload
from harness.connectivity.services import external_name, is_headless, ports_of, selected
from harness.manifests.pods import Object

BUILT_IN = frozenset({("default", "kubernetes"), ("kube-system", "kube-dns")})
"""Services of every cluster; no repository declares them."""
LONGEST_ALIAS_CHAIN = 3
_SERVICE_SUFFIX = re.compile(r"\.svc(\..+)?$")
_POD_NAME = re.compile(r"-\d+$")


class Meaning(StrEnum):
    """What kind of thing a host name leads to."""

    SERVICE = "service"
    OUTSIDE = "outside"
    """A host outside the cluster, or a Service that every cluster has."""
    LOCAL = "local"
    """An address, or the pod itself by `localhost`: no name is asked."""
    MISSING = "missing"
    """A name that only a Service could have, and none of the given ones has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a host name means to a pod of one namespace."""

    meaning: Meaning
    service: Object | None = None
    pod: Workload | None = None
    """The workload of the one pod that the name means."""
    wanted: str = ""
    """The Service's name as written, without namespace."""
    namespace: str = ""
    """Where the Service is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """One way to read a name."""

    namespace: str
    service: str
    pod: str = ""


def resolve(host: str, namespace: str, inventory: Inventory) -> Resolution:
    """Returns what a host name means in a pod of `namespace`."""
    name = host.lower().rstrip(".")
    if is_local(name):
        return Resolution(meaning=Meaning.LOCAL)
    candidates = list(_candidates(name, namespace, inventory))
    for candidate in candidates:
        found = _found(candidate, inventory)
        if found is not None:
            return found
    if any((c.namespace, c.service) in BUILT_IN for c in candidates):
        return Resolution(meaning=Meaning.OUTSIDE)
    missing = next((c for c in candidates if _is_certain(name, c, inventory)), None)
    if missing is None:
        return Resolution(meaning=Meaning.OUTSIDE)
    return Resolution(meaning=Meaning.MISSING, wanted=missing.service, namespace=missing.namespace)


def is_local(name: str) -> bool:
    """Whether a host is an address or the pod itself."""
    return name in {"", "localhost"} or name.endswith(".localhost") or is_address(name)


def is_in_hosts_file(host: str, workload: Workload) -> bool:
    """Whether a name of the workload's pods, if in full, is known to the only pod that asks.

    The kubelet writes a pod's full name into its `/etc/hosts`; other pods have to ask.
    """
    return workload.is_alone and host.rstrip(".").endswith(".svc.cluster.local")


def ports_known(host: str, namespace: str, inventory: Inventory) -> frozenset[int] | None:
    """Returns the ports of the Service that a name means, None when it means no given Service."""
    service = resolve(host, namespace, inventory).service
    return None if service is None else frozenset(ports_of(service))


def behind_alias(service: Object, inventory: Inventory) -> Object:
    """Returns the Service that an ExternalName Service leads to, itself if to none."""
    for _ in range(LONGEST_ALIAS_CHAIN):
        alias = external_name(service)
        behind = resolve(alias, "", inventory).service if "." in alias else None
        if behind is None:
            break
        service = behind
    return service


def _candidates(name: str, namespace: str, inventory: Inventory) -> Iterator[_Candidate]:
    explicit = _SERVICE_SUFFIX.search(name)
    parts = _SERVICE_SUFFIX.sub("", name).split(".")
    match parts:
        case [service] if not explicit:
            yield _Candidate(namespace=namespace, service=service)
        case [first, second]:
            if not explicit:
                yield _Candidate(namespace=namespace, service=second, pod=first)
            yield _Candidate(namespace=second, service=first)
        case [pod, service, space] if explicit or space in inventory.namespaces:
            yield _Candidate(namespace=space, service=service, pod=pod)


def _found(candidate: _Candidate, inventory: Inventory) -> Resolution | None:
    service = inventory.services.get((candidate.namespace, candidate.service))
    if service is None:
        return None
    pod = _pod(candidate.pod, service, inventory) if candidate.pod else None
    if candidate.pod and pod is None:
        return None
    return Resolution(
        meaning=Meaning.SERVICE,
        service=service,
        pod=pod,
        wanted=candidate.service,
        namespace=candidate.namespace,
    )


def _pod(name: str, service: Object, inventory: Inventory) -> Workload | None:
    """Returns the workload that has a pod of that name below the Service."""
    if not is_headless(service):
        return None
    own = str((service.get("metadata") or {}).get("name") or "")
    return next(
        (
            each
            for each in selected(service, inventory)
            if each.governing_service == own and _has_pod(each, name)
        ),
        None,
    )


def _has_pod(workload: Workload, name: str) -> bool:
    if workload.ref.kind == "Pod":
        return workload.hostname == name
    prefix, dash, ordinal = name.rpartition("-")
    if not dash or prefix != workload.ref.name or not ordinal.isdecimal():
        return False
    past = workload.first_ordinal + (workload.replicas or 0)
    return workload.replicas is None or workload.first_ordinal <= int(ordinal) < past


def _is_certain(name: str, candidate: _Candidate, inventory: Inventory) -> bool:
    """Whether only a Service of the cluster can have the name, so that its absence is a fact."""
    if _SERVICE_SUFFIX.search(name) or "." not in name:
        return True
    if not candidate.pod or name.count(".") == 2:
        return candidate.namespace in inventory.namespaces
    in_space = inventory.services_of(candidate.namespace)
    is_close = candidate.service in in_space or bool(_with_affix(candidate.service, in_space))
    return is_close and bool(_POD_NAME.search(candidate.pod))


def nearest(wanted: str, namespace: str, inventory: Inventory) -> str:
    """Returns the name of the Service that was probably meant, or an empty string.

    A Service of the namespace that adds a prefix or suffix comes first (Kustomize's `namePrefix`
    renames Services and not the host names in values), then a similar name, then the same name in
    another namespace, as `name.namespace`.
    """
    local = inventory.services_of(namespace)
    affixed = _with_affix(wanted, local)
    similar = difflib.get_close_matches(wanted, sorted(local), n=1, cutoff=0.75)
    elsewhere = sorted(f"{n}.{space}" for space, n in inventory.services if n == wanted)
    return next(iter([*([wanted] if wanted in local else []), *affixed, *similar, *elsewhere]), "")


def _with_affix(wanted: str, names: dict[str, Object]) -> list[str]:
    affixed = [n for n in names if n.endswith(f"-{wanted}") or n.startswith(f"{wanted}-")]
    return sorted(affixed, key=lambda n: (not n.endswith(wanted), len(n), n))
