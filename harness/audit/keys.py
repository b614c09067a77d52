"""Which keys a Secret or ConfigMap will have, where everything that makes it is known. Pure.

Facts: external-secrets `target.template` (its `data` replaces the provider's keys unless
`mergePolicy: Merge`) and `dataFrom` (keys of the provider, unknown here); a SealedSecret has the
keys of `encryptedData` and of its template; cert-manager writes `tls.crt`, `tls.key`, `ca.crt` and
keystores; `service-ca.crt` in a token Secret is OpenShift's. An object that is declared empty is
filled by somebody else: its keys are unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.audit.api_groups import is_of
from harness.audit.reading import (
    annotations_of,
    at,
    entries,
    is_placeholder,
    labels_of,
    mapping,
    text,
)
from harness.audit.scope import Scope
from harness.model.refs import ObjectRef

Object = dict[str, Any]
Keys = frozenset[str]
_CERTIFICATE = frozenset({
    "tls.crt", "tls.key", "ca.crt", "keystore.jks", "truststore.jks", "keystore.p12",
    "truststore.p12", "tls-combined.pem", "key.der",
})  # fmt: skip
_ACCOUNT_TOKEN = frozenset({"token", "ca.crt", "namespace", "service-ca.crt"})
_FILLED_BY_OTHERS = (
    "kustomize.toolkit.fluxcd.io/ssa",
    "reflector.v1.k8s.emberstack.com/reflects",
    "replicator.v1.mittwald.de/replicate-from",
    "service.beta.openshift.io/inject-cabundle",
    "config.openshift.io/inject-trusted-cabundle",
    "secret-generator.v1.mittwald.de/autogenerate",
    "avp.kubernetes.io/path",
)


def known_keys(scope: Scope, ref: ObjectRef) -> Keys | None:
    """Returns the keys of a Secret or ConfigMap; None where they cannot be known here."""
    declared = [d.object for d in scope.alike(ref)]
    found = [keys_of(obj) for obj in (*declared, *scope.products.makers(ref))]
    if not found or scope.products.operators.is_written(ref):
        return None
    return _union(found)


def keys_of(obj: Object) -> Keys | None:
    """Returns the keys that one object gives to the Secret or ConfigMap it is or makes."""
    if is_of(obj, "", "Secret", "ConfigMap"):
        return _of_declared(obj)
    if is_of(obj, "bitnami.com", "SealedSecret"):
        return _of_sealed(obj)
    if is_of(obj, "external-secrets.io", "ExternalSecret"):
        return _of_external(mapping(obj.get("spec")))
    return _CERTIFICATE if is_of(obj, "cert-manager.io", "Certificate") else None


def _of_declared(obj: Object) -> Keys | None:
    marks = {**annotations_of(obj), **labels_of(obj)}
    if any(mark in marks for mark in _FILLED_BY_OTHERS):
        return None
    found = _keys(obj.get("data"), obj.get("stringData"), obj.get("binaryData"))
    if text(obj.get("type")) == "kubernetes.io/service-account-token":
        return _ACCOUNT_TOKEN | (found or frozenset())
    return found


def _of_sealed(obj: Object) -> Keys | None:
    return _keys(at(obj, "spec", "encryptedData"), at(obj, "spec", "template", "data"))


def _of_external(spec: Mapping[str, Any]) -> Keys | None:
    target = mapping(spec.get("target"))
    template = mapping(target.get("template"))
    if text(target.get("creationPolicy")) in {"Merge", "None"} or template.get("templateFrom"):
        return None
    written = mapping(template.get("data"))
    if written and text(template.get("mergePolicy")) != "Merge":
        return _keys(written)
    if spec.get("dataFrom"):
        return None
    asked = {text(entry.get("secretKey")): "" for entry in entries(spec.get("data"))}
    return _keys(asked, written)


def _keys(*parts: Any) -> Keys | None:
    """Returns the keys of some mappings; None where there are none, or one is a placeholder."""
    found = frozenset(str(key) for part in parts for key in mapping(part))
    return None if not found or any(map(is_placeholder, found)) else found


def _union(parts: Iterable[Keys | None]) -> Keys | None:
    found: set[str] = set()
    for part in parts:
        if part is None:
            return None
        found |= part
    return frozenset(found)
