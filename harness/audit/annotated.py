"""What controllers make because of an annotation, or of a field that asks for an object. Pure.

Facts: cert-manager (annotated Ingress and Gateway), OpenShift service CA operator, emberstack
reflector, mittwald kubernetes-replicator, kubed's config-syncer, Kyverno `generate`, Crossplane
connection secrets and `Object`, Flux `install.createNamespace`, Argo CD `CreateNamespace=true`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.audit.api_groups import is_custom, is_of
from harness.audit.products import products_of
from harness.audit.reading import (
    annotations_of,
    at,
    entries,
    group_of,
    items,
    mapping,
    metadata,
    text,
    text_at,
    texts,
    written,
)
from harness.model.refs import ObjectRef

Object = dict[str, Any]
CERTIFICATE_MARKS = (
    "cert-manager.io/cluster-issuer",
    "cert-manager.io/issuer",
    "certmanager.k8s.io/cluster-issuer",
    "certmanager.k8s.io/issuer",
    "kubernetes.io/tls-acme",
    "cert.gardener.cloud/purpose",
)
SERVING_MARKS = (
    "service.beta.openshift.io/serving-cert-secret-name",
    "service.alpha.openshift.io/serving-cert-secret-name",
)
COPY_MARKS = (
    "reflector.v1.k8s.emberstack.com/reflection-auto-enabled",
    "replicator.v1.mittwald.de/replicate-to",
    "replicator.v1.mittwald.de/replicate-to-matching",
    "kubed.appscode.com/sync",
    "config-syncer.appscode.com/sync",
)
OUTPUT_KEYS = frozenset({
    "writeConnectionSecretToRef", "publishConnectionDetailsTo", "writeOutputsToSecret",
    "connInfoSecretTarget", "outputSecret", "outputSecretName", "outputSecretRef", "targetSecret",
    "targetSecretName", "secretTarget", "generatedSecretName", "connectionSecretName",
    "destinationSecret", "writeSecretToRef", "secretOutput",
})  # fmt: skip
ANY_NAME = "{{ any }}"
"""The name of a product that cannot be known."""
_DEEPEST = 12


def annotated(obj: Object) -> Iterator[ObjectRef]:
    """Yields what annotations and asking fields of an object bring about."""
    yield from _certificates(obj)
    yield from _copies(obj)
    yield from _generated(obj)
    yield from _namespaces(obj)
    if is_custom(obj):
        yield from _outputs(obj.get("spec"), _namespace(obj), 0)


def wants_certificate(obj: Object) -> bool:
    """Tells whether cert-manager or the like makes the TLS Secrets of an Ingress or Gateway."""
    found = annotations_of(obj)
    return any(found.get(mark, "") not in {"", "false"} for mark in CERTIFICATE_MARKS)


def _certificates(obj: Object) -> Iterator[ObjectRef]:
    namespace, spec = _namespace(obj), mapping(obj.get("spec"))
    match text(obj.get("kind")):
        case "Ingress" if wants_certificate(obj):
            for entry in entries(spec.get("tls")):
                yield ObjectRef("Secret", namespace, text(entry.get("secretName")))
        case "Gateway" if wants_certificate(obj):
            for listener in entries(spec.get("listeners")):
                for ref in entries(at(listener, "tls", "certificateRefs")):
                    space = text(ref.get("namespace")) or namespace
                    yield ObjectRef("Secret", space, text(ref.get("name")))
        case "Service":
            found = annotations_of(obj)
            for mark in SERVING_MARKS:
                yield ObjectRef("Secret", namespace, found.get(mark, ""))


def _copies(obj: Object) -> Iterator[ObjectRef]:
    """Yields what a replicator copies to other namespaces, which may be any."""
    spec = mapping(obj.get("spec"))
    written_at: tuple[Any, ...] = (
        metadata(obj),
        at(spec, "template", "metadata"),
        at(spec, "target", "template", "metadata"),
        spec.get("secretTemplate"),
    )
    if not any(_is_copied(mapping(m).get("annotations")) for m in written_at):
        return
    if obj.get("kind") in {"Secret", "ConfigMap"}:
        yield ObjectRef(str(obj["kind"]), "", text(metadata(obj).get("name")))
    for made in products_of(obj):
        yield ObjectRef(made.kind, "", made.name)


def _is_copied(found: Any) -> bool:
    marks = mapping(found)
    return any(mark in marks and written(marks[mark]) != "false" for mark in COPY_MARKS)


def _generated(obj: Object) -> Iterator[ObjectRef]:
    if group_of(obj) in {"kyverno.io", "policies.kyverno.io"}:
        for rule in entries(at(obj, "spec", "rules")):
            yield from _by_policy(mapping(rule.get("generate")))
    if is_of(obj, "kubernetes.crossplane.io", "Object"):
        yield _named(mapping(at(obj, "spec", "forProvider", "manifest")))
    if is_of(obj, "fluxcd.controlplane.io", "ResourceSet"):
        yield from map(_named, entries(at(obj, "spec", "resources")))


def _by_policy(generate: Mapping[str, Any]) -> Iterator[ObjectRef]:
    kind = text(generate.get("kind"))
    if kind:
        yield ObjectRef(kind, "", text(generate.get("name")) or ANY_NAME)
    for found in texts(at(generate, "cloneList", "kinds")):
        yield ObjectRef(found.rpartition("/")[2], "", ANY_NAME)


def _named(obj: Mapping[str, Any]) -> ObjectRef:
    meta = metadata(obj)
    return ObjectRef(text(obj.get("kind")), text(meta.get("namespace")), text(meta.get("name")))


def _namespaces(obj: Object) -> Iterator[ObjectRef]:
    spec = mapping(obj.get("spec"))
    if is_of(obj, "argoproj.io", "Application"):
        options = texts(at(spec, "syncPolicy", "syncOptions"))
        if any(o.replace(" ", "").lower() == "createnamespace=true" for o in options):
            yield ObjectRef("Namespace", "", text_at(spec, "destination", "namespace"))
    elif is_of(obj, "helm.toolkit.fluxcd.io", "HelmRelease"):
        if at(spec, "install", "createNamespace") is True:
            yield ObjectRef("Namespace", "", text(spec.get("targetNamespace")) or _namespace(obj))
    elif is_of(obj, "helm.cattle.io", "HelmChart") and spec.get("createNamespace") is True:
        yield ObjectRef("Namespace", "", text(spec.get("targetNamespace")))


def _outputs(value: Any, namespace: str, depth: int) -> Iterator[ObjectRef]:
    if depth > _DEEPEST:
        return
    for item in items(value):
        yield from _outputs(item, namespace, depth + 1)
    for key, inner in mapping(value).items():
        if key in OUTPUT_KEYS:
            name = text(inner) or text_at(inner, "name") or text_at(inner, "secretName")
            yield ObjectRef("Secret", text_at(inner, "namespace") or namespace, name)
        else:
            yield from _outputs(inner, namespace, depth + 1)


def _namespace(obj: Object) -> str:
    return text(metadata(obj).get("namespace"))
