"""Ingresses: class, backend Services and their ports, TLS Secrets. Pure.

cert-manager makes the TLS Secrets of an annotated Ingress; a `tls` entry without `secretName` uses
the controller's own certificate. The AWS controller takes names of annotations for Services
(`use-annotation`); Contour delegates Secrets as `namespace/name`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.audit.checks.backends import Backend, judge
from harness.audit.checks.tls_secrets import ingresses
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.pods import containers, pod_spec
from harness.audit.reading import (
    annotations_of,
    at,
    is_known,
    items,
    mapping,
    text,
    text_at,
    texts,
)
from harness.audit.scope import Declared, Presence, Scope
from harness.diagnosis.rules.nearest import listed
from harness.model.refs import ObjectRef

OLD_CLASS = "kubernetes.io/ingress.class"


def backends(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `ingress-backend-service-missing` and `ingress-backend-port-missing`."""
    for declared in ingresses(scope):
        for backend in _backends(declared):
            yield from judge(scope, backend)


def _backends(declared: Declared) -> Iterator[Backend]:
    spec = mapping(declared.object.get("spec"))
    for word in ("defaultBackend", "backend"):
        yield from _backend(declared, mapping(spec.get(word)), f"spec.{word}")
    for position, rule in enumerate(items(spec.get("rules"))):
        for index, path in enumerate(items(at(rule, "http", "paths"))):
            field = f"spec.rules[{position}].http.paths[{index}].backend"
            yield from _backend(declared, mapping(at(path, "backend")), field)


def _backend(declared: Declared, backend: Mapping[str, Any], field: str) -> Iterator[Backend]:
    service = mapping(backend.get("service"))
    name, port, place = text(service.get("name")), service.get("port"), f"{field}.service"
    number, named = at(port, "number"), text_at(port, "name")
    name_field = f"{place}.name"
    port_field = f"{place}.port.number" if number is not None else f"{place}.port.name"
    asked: Any = number if number is not None else named or None
    if not service:
        name, asked = text(backend.get("serviceName")), backend.get("servicePort")
        name_field, port_field = f"{field}.serviceName", f"{field}.servicePort"
    if not name or asked == "use-annotation":
        return
    yield Backend(
        holder=declared,
        service=ObjectRef("Service", declared.ref.namespace, name),
        field=name_field,
        port=asked,
        port_field=port_field,
    )


def missing_classes(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `ingress-class-missing` for Ingresses of a class that will not be there."""
    answered = _answered(scope)
    for declared in ingresses(scope):
        name = text_at(declared.object, "spec", "ingressClassName")
        field = "spec.ingressClassName"
        if not name:
            name = annotations_of(declared.object).get(OLD_CLASS, "")
            field = f"metadata.annotations[{OLD_CLASS}]"
        ref, known = ObjectRef("IngressClass", "", name), scope.profile.ingress_classes
        if not is_known(name) or name in answered or (known is not None and name in known):
            continue
        if scope.presence(ref) is Presence.ABSENT:
            yield _no_class(scope, declared, ref, field)


def _answered(scope: Scope) -> frozenset[str]:
    """Returns the classes that a controller among the declared pods is told to answer to."""
    found = set()
    for declared in scope.declared:
        spec = pod_spec(declared.object)
        for _, container in containers(spec) if spec is not None else ():
            for line in texts(container.get("args")):
                option, _, value = line.partition("=")
                if option.lstrip("-").replace("-", "") in {"ingressclass", "ingressclassname"}:
                    found.add(value)
    return frozenset(found)


def _no_class(scope: Scope, declared: Declared, ref: ObjectRef, field: str) -> Fault:
    known = scope.profile.ingress_classes
    classes = sorted({*scope.names("IngressClass", ""), *(known or ())})
    where = f" and {scope.profile.name} does not have" if known is not None else ""
    return Fault(
        rule="ingress-class-missing",
        object=ref,
        message=f"{declared.ref} is of the class {ref.name}, which nobody declares{where}",
        expected=f"a class that exists: {listed(classes)}"
        if classes
        else f"an Ingress controller that brings the class {ref.name}",
        fix=f"Install the Ingress controller of {ref.name}, or correct {field} of {declared.ref}",
        severity=Severity.PRECONDITION if known is None else Severity.MISMATCH,
        cause="N14",
        user=declared.ref,
        field=field,
        value=ref.name,
        source=declared.source.path,
    )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (
    backends,
    missing_classes,
)
