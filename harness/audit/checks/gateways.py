"""Gateway API: backends, parents, listeners and certificates that are not there. Pure.

Defaults of the API reference: `backendRefs` mean Services of the route's namespace, `parentRefs`
Gateways, `certificateRefs` Secrets. Parents and backends of other kinds are not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.audit.alternatives import alternative
from harness.audit.api_groups import is_of
from harness.audit.checks.backends import Backend, judge
from harness.audit.checks.tls_secrets import tls_fault
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import at, entries, is_known, mapping, text, text_at
from harness.audit.scope import Declared, Presence, Scope
from harness.diagnosis.rules.nearest import listed, nearest
from harness.model.refs import ObjectRef

GROUP = "gateway.networking.k8s.io"
ROUTES = ("GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute")
BROUGHT = frozenset({"amazon-vpc-lattice", "cilium", "istio", "istio-remote", "istio-waypoint"})
"""Classes that the controller makes itself when it starts."""


def _of_group(scope: Scope, *kinds: str) -> Iterator[Declared]:
    for declared in scope.of_kind(*kinds):
        if is_of(declared.object, GROUP, *kinds):
            yield declared


def backends(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields the faults of the Services that routes lead to."""
    for declared in _of_group(scope, *ROUTES):
        for position, rule in enumerate(entries(at(declared.object, "spec", "rules"))):
            place = f"spec.rules[{position}]"
            for index, ref in enumerate(entries(rule.get("backendRefs"))):
                yield from _backend(scope, declared, ref, f"{place}.backendRefs[{index}]")
            for index, found in enumerate(entries(rule.get("filters"))):
                ref = mapping(at(found, "requestMirror", "backendRef"))
                field = f"{place}.filters[{index}].requestMirror.backendRef"
                yield from _backend(scope, declared, ref, field)


def _backend(
    scope: Scope, declared: Declared, ref: Mapping[str, Any], field: str
) -> Iterator[Fault]:
    if text(ref.get("group")) or (text(ref.get("kind")) or "Service") != "Service":
        return
    space = text(ref.get("namespace")) or declared.ref.namespace
    backend = Backend(
        holder=declared,
        service=ObjectRef("Service", space, text(ref.get("name"))),
        field=f"{field}.name",
        port=ref.get("port"),
        port_field=f"{field}.port",
    )
    yield from judge(scope, backend)


def parents(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `gateway-missing` and `gateway-listener-missing` for the parents of routes."""
    for declared in _of_group(scope, *ROUTES):
        for position, ref in enumerate(entries(at(declared.object, "spec", "parentRefs"))):
            if (text(ref.get("group")) or GROUP) != GROUP:
                continue
            if (text(ref.get("kind")) or "Gateway") == "Gateway":
                yield from _parent(scope, declared, ref, f"spec.parentRefs[{position}]")


def _parent(
    scope: Scope, declared: Declared, ref: Mapping[str, Any], field: str
) -> Iterator[Fault]:
    space = text(ref.get("namespace")) or declared.ref.namespace
    gateway = ObjectRef("Gateway", space, text(ref.get("name")))
    yield from gateway_fault(scope, declared, gateway, f"{field}.name")
    found = scope.find(gateway)
    section = text(ref.get("sectionName"))
    if found is None or not is_of(found.object, GROUP, "Gateway") or not is_known(section):
        return
    names = [text(e.get("name")) for e in entries(at(found.object, "spec", "listeners"))]
    if names and section not in names and all(map(is_known, names)):
        yield _no_listener(declared, gateway, section, names, f"{field}.sectionName")


def gateway_fault(
    scope: Scope, declared: Declared, gateway: ObjectRef, field: str
) -> Iterator[Fault]:
    """Yields `gateway-missing` for a Gateway that nobody declares."""
    if not is_known(gateway.name) or scope.presence(gateway) is not Presence.ABSENT:
        return
    place = f" in namespace {gateway.namespace}" if gateway.namespace else ""
    yield Fault(
        rule="gateway-missing",
        object=gateway,
        message=f"{declared.ref} is attached to {gateway}, which nobody declares",
        expected=alternative(scope, gateway),
        fix=f"Declare the Gateway {gateway.name}{place}, or correct {field} of {declared.ref}",
        user=declared.ref,
        field=field,
        value=gateway.name,
        source=declared.source.path,
    )


def _no_listener(
    declared: Declared, gateway: ObjectRef, section: str, names: list[str], field: str
) -> Fault:
    like = nearest(section, names)
    return Fault(
        rule="gateway-listener-missing",
        object=gateway,
        message=f"{declared.ref} is attached to the listener {section} of {gateway}, which has "
        f"{listed(names)}",
        expected=f"one of its listeners: {listed(names)}",
        fix=f"Set {field} of {declared.ref} to {like or names[0]}",
        user=declared.ref,
        field=field,
        value=section,
        source=declared.source.path,
    )


def certificates(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `ingress-tls-secret-missing` for the certificates of Gateways."""
    for declared in _of_group(scope, "Gateway"):
        for name, listener in enumerate(entries(at(declared.object, "spec", "listeners"))):
            for index, ref in enumerate(entries(at(listener, "tls", "certificateRefs"))):
                if text(ref.get("group")) or (text(ref.get("kind")) or "Secret") != "Secret":
                    continue
                space, secret = text(ref.get("namespace")), text(ref.get("name"))
                field = f"spec.listeners[{name}].tls.certificateRefs[{index}].name"
                whole = f"{space}/{secret}" if space and secret else secret
                yield from tls_fault(scope, declared, whole, field)


def classes(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `gateway-class-missing` for Gateways of a class that nobody declares."""
    for declared in _of_group(scope, "Gateway"):
        name = text_at(declared.object, "spec", "gatewayClassName")
        ref = ObjectRef("GatewayClass", "", name)
        if not is_known(name) or name in BROUGHT or name.startswith("gke-"):
            continue
        if scope.presence(ref) is Presence.ABSENT:
            yield Fault(
                rule="gateway-class-missing",
                object=ref,
                message=f"{declared.ref} is of the class {name}, which nobody declares",
                expected=f"a gateway controller that brings the class {name}",
                fix=f"Install the gateway controller of {name}, or declare the GatewayClass",
                severity=Severity.PRECONDITION,
                user=declared.ref,
                field="spec.gatewayClassName",
                value=name,
                source=declared.source.path,
            )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (
    backends,
    parents,
    certificates,
    classes,
)
