"""Services that routes of any kind lead to: absent, or without the port that is asked for. Pure.

An Ingress, an HTTPRoute, an IngressRoute or a VirtualService without its Service answers 503. A
Service of a namespace where the repository declares workloads or Services is the repository's own
business (a defect); elsewhere the cluster is expected to hold it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.audit.alternatives import alternative, near
from harness.audit.api_groups import is_of, may_make_by_name
from harness.audit.finding import Fault, Severity
from harness.audit.reading import at, entries, is_known, text, whole
from harness.audit.scope import Declared, Presence, Scope
from harness.diagnosis.rules.nearest import listed, nearest
from harness.manifests.pods import TEMPLATED
from harness.model.refs import ObjectRef

_OWN = frozenset({"Service", *TEMPLATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One reference to a Service."""

    holder: Declared
    """The Ingress or route."""
    service: ObjectRef
    field: str
    """Dotted path of the Service's name in the holder."""
    port: Any = None
    """Number or name as written; None where none is given."""
    port_field: str = ""


def judge(scope: Scope, backend: Backend) -> Iterator[Fault]:
    """Yields what is wrong with a backend."""
    if not is_known(backend.service.name):
        return
    presence = scope.presence(backend.service)
    if presence is Presence.ABSENT:
        yield _absent(scope, backend)
    elif presence is Presence.DECLARED:
        yield from _wrong_port(scope, backend)


def _absent(scope: Scope, backend: Backend) -> Fault:
    holder, service = backend.holder, backend.service
    like = near(scope, service)
    place = f" in namespace {service.namespace}" if service.namespace else ""
    return Fault(
        rule="ingress-backend-service-missing",
        object=service,
        message=f"{holder.ref} leads to {service}, which nobody declares",
        expected=alternative(scope, service),
        fix=f"Set {backend.field} of {holder.ref} to {like}"
        if like
        else f"Declare the Service {service.name}{place}, or correct {backend.field}",
        severity=Severity.DEFECT if is_own(scope, backend) else Severity.PRECONDITION,
        cause="N07",
        user=holder.ref,
        field=backend.field,
        value=service.name,
        source=holder.source.path,
    )


def is_own(scope: Scope, backend: Backend) -> bool:
    """Tells whether the repository itself must bring the missing Service.

    It declares workloads or Services beside it, and no custom resource there of which an operator
    might make the Service. Without an engine the other roots may be rivals or parts, so only the
    route's own root counts.
    """
    space, source = backend.service.namespace, backend.holder.source
    if space.startswith("kube-"):
        return False
    near_by = [d for d in scope.declared if space in {"", d.ref.namespace}]
    return not any(may_make_by_name(d.object) for d in near_by) and any(
        d.ref.kind in _OWN and (d.source is source or bool(source.deployer)) for d in near_by
    )


def _wrong_port(scope: Scope, backend: Backend) -> Iterator[Fault]:
    declared = scope.find(backend.service)
    if declared is None or backend.port is None or not is_of(declared.object, "", "Service"):
        return
    if at(declared.object, "spec", "type") == "ExternalName":
        return
    ports = entries(at(declared.object, "spec", "ports"))
    offered = [text(p.get("port")) for p in ports]
    names = [text(p.get("name")) for p in ports if text(p.get("name"))]
    asked = text(backend.port)
    is_number = whole(backend.port) is not None
    if not ports or not is_known(asked) or asked in (offered if is_number else names):
        return
    if all(map(is_known, (*offered, *names))):
        yield _port_fault(backend, asked, offered if is_number else names, offered)


def _port_fault(backend: Backend, asked: str, choices: list[str], offered: list[str]) -> Fault:
    holder, service = backend.holder, backend.service
    like = nearest(asked, choices) or (choices[0] if len(choices) == 1 else "")
    field = backend.port_field
    names = "" if choices == offered else f", named {listed(choices)}"
    return Fault(
        rule="ingress-backend-port-missing",
        object=service,
        message=f"{holder.ref} asks for port {asked} of {service}, which has "
        f"{'port' if len(offered) == 1 else 'ports'} {listed(offered)}{names}",
        expected=f"a port of the Service: {listed(choices or offered)}",
        fix=f"Set {field} of {holder.ref} to {like}"
        if like
        else f"Set {field} of {holder.ref} to a port of the Service, or add the port {asked} to it",
        severity=Severity.DEFECT,
        cause="N08",
        user=holder.ref,
        field=field,
        value=asked,
        source=holder.source.path,
    )
