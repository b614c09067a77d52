"""Routes of other products and callbacks of the API server that lead to no Service. Pure.

Traefik IngressRoutes, Istio VirtualServices, Contour HTTPProxies, OpenShift Routes; webhooks and
APIServices. A host of Istio without a dot means a Service of the same namespace; one that is not
`NAME.NAMESPACE.svc...` is outside of the cluster or a ServiceEntry's, and not judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from harness.audit.api_groups import is_of
from harness.audit.checks.backends import Backend, judge
from harness.audit.checks.gateways import gateway_fault
from harness.audit.checks.tls_secrets import tls_fault
from harness.audit.finding import Fault, NotJudged
from harness.audit.reading import at, entries, group_of, items, mapping, text, text_at, texts
from harness.audit.scope import Declared, Scope
from harness.model.refs import ObjectRef

TRAEFIK = frozenset({"traefik.io", "traefik.containo.us"})
ISTIO = "networking.istio.io"
_IN_CLUSTER = re.compile(r"(?P<name>[^.*]+)\.(?P<space>[^.*]+)\.svc(\.[a-z0-9.-]+)?")
_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


def traefik(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields the faults of Traefik's IngressRoutes."""
    for declared in scope.of_kind("IngressRoute", "IngressRouteTCP", "IngressRouteUDP"):
        if group_of(declared.object) not in TRAEFIK:
            continue
        for position, route in enumerate(entries(at(declared.object, "spec", "routes"))):
            for index, service in enumerate(entries(route.get("services"))):
                field = f"spec.routes[{position}].services[{index}]"
                if (text(service.get("kind")) or "Service") == "Service":
                    yield from _plain(scope, declared, service, field)
        secret = text_at(declared.object, "spec", "tls", "secretName")
        yield from tls_fault(scope, declared, secret, "spec.tls.secretName")


def _plain(
    scope: Scope, declared: Declared, service: Mapping[str, Any], field: str
) -> Iterator[Fault]:
    name = text(service.get("name"))
    if "@" in name:
        return
    space = text(service.get("namespace")) or declared.ref.namespace
    backend = Backend(
        holder=declared,
        service=ObjectRef("Service", space, name),
        field=f"{field}.name",
        port=service.get("port"),
        port_field=f"{field}.port",
    )
    yield from judge(scope, backend)


def contour(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields the faults of Contour's HTTPProxies."""
    for declared in scope.of_kind("HTTPProxy"):
        if not is_of(declared.object, "projectcontour.io", "HTTPProxy"):
            continue
        spec = mapping(declared.object.get("spec"))
        for position, route in enumerate(entries(spec.get("routes"))):
            for index, service in enumerate(entries(route.get("services"))):
                field = f"spec.routes[{position}].services[{index}]"
                yield from _plain(scope, declared, service, field)
        secret = text_at(spec, "virtualhost", "tls", "secretName")
        yield from tls_fault(scope, declared, secret, "spec.virtualhost.tls.secretName")


def openshift(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields the faults of OpenShift's Routes."""
    for declared in scope.of_kind("Route"):
        if not is_of(declared.object, "route.openshift.io", "Route"):
            continue
        spec = mapping(declared.object.get("spec"))
        found = [("spec.to", mapping(spec.get("to")))]
        others = entries(spec.get("alternateBackends"))
        found += [(f"spec.alternateBackends[{i}]", other) for i, other in enumerate(others)]
        for field, service in found:
            if (text(service.get("kind")) or "Service") == "Service":
                yield from _plain(scope, declared, {"name": service.get("name")}, field)


def istio(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields the faults of Istio's VirtualServices: destinations and Gateways."""
    entered = _entered(scope)
    for declared in scope.of_kind("VirtualService"):
        if not is_of(declared.object, ISTIO, "VirtualService"):
            continue
        for field, destination in _destinations(declared):
            host = text(destination.get("host"))
            service = _service(declared, host)
            if service is not None and host not in entered:
                port = at(destination, "port", "number")
                backend = Backend(
                    holder=declared,
                    service=service,
                    field=f"{field}.host",
                    port=port,
                    port_field=f"{field}.port.number",
                )
                yield from (replace(fault, value=host) for fault in judge(scope, backend))
        yield from _gateways(scope, declared)


def _entered(scope: Scope) -> frozenset[str]:
    """Returns the hosts that ServiceEntries bring into the mesh."""
    found = scope.of_kind("ServiceEntry")
    return frozenset(h for e in found for h in texts(at(e.object, "spec", "hosts")))


def _destinations(declared: Declared) -> Iterator[tuple[str, Mapping[str, Any]]]:
    spec = mapping(declared.object.get("spec"))
    for protocol in ("http", "tls", "tcp"):
        for position, entry in enumerate(entries(spec.get(protocol))):
            place = f"spec.{protocol}[{position}]"
            for index, route in enumerate(items(entry.get("route"))):
                yield f"{place}.route[{index}].destination", mapping(at(route, "destination"))
            yield f"{place}.mirror", mapping(entry.get("mirror"))


def _service(declared: Declared, host: str) -> ObjectRef | None:
    found = _IN_CLUSTER.fullmatch(host)
    if found:
        return ObjectRef("Service", found["space"], found["name"])
    is_short = bool(host) and "." not in host and "*" not in host
    return ObjectRef("Service", declared.ref.namespace, host) if is_short else None


def _gateways(scope: Scope, declared: Declared) -> Iterator[Fault]:
    for position, name in enumerate(texts(at(declared.object, "spec", "gateways"))):
        space, slash, own = name.rpartition("/")
        if own == "mesh" or "." in own:
            continue
        space = space if slash and space != "." else declared.ref.namespace
        gateway = ObjectRef("Gateway", space, own)
        yield from gateway_fault(scope, declared, gateway, f"spec.gateways[{position}]")


def callbacks(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `webhook-service-missing` for webhooks and APIServices without their Service."""
    for declared in scope.of_kind(*_WEBHOOKS):
        for position, hook in enumerate(entries(declared.object.get("webhooks"))):
            field = f"webhooks[{position}].clientConfig.service"
            service = mapping(at(hook, "clientConfig", "service"))
            yield from _callback(scope, declared, service, field)
    for declared in scope.of_kind("APIService"):
        service = mapping(at(declared.object, "spec", "service"))
        yield from _callback(scope, declared, service, "spec.service")


def _callback(
    scope: Scope, declared: Declared, service: Mapping[str, Any], field: str
) -> Iterator[Fault]:
    backend = Backend(
        holder=declared,
        service=ObjectRef("Service", text(service.get("namespace")), text(service.get("name"))),
        field=f"{field}.name",
    )
    if backend.service.namespace:
        for fault in judge(scope, backend):
            yield replace(fault, rule="webhook-service-missing", cause="A15")


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (
    traefik,
    contour,
    openshift,
    istio,
    callbacks,
)
