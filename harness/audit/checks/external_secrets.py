"""Stores and issuers that ExternalSecrets, PushSecrets and Certificates name. Pure.

A SecretStore belongs to the namespace, a ClusterSecretStore and a ClusterIssuer to the cluster
(external-secrets and cert-manager API references). Generators and the stores inside of a
ClusterExternalSecret, which may go to any namespace, are not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.audit.alternatives import alternative
from harness.audit.api_groups import is_of
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import annotations_of, at, entries, is_known, mapping, text
from harness.audit.scope import Declared, Presence, Scope
from harness.model.refs import ObjectRef

GROUP = "external-secrets.io"
ISSUER_MARKS = {
    "cert-manager.io/cluster-issuer": "ClusterIssuer",
    "cert-manager.io/issuer": "Issuer",
}


def missing_stores(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `externalsecret-store-missing` for every user of a store that nobody declares."""
    for declared in scope.of_kind("ExternalSecret", "PushSecret"):
        if is_of(declared.object, GROUP, "ExternalSecret", "PushSecret"):
            for field, ref in _stores(mapping(declared.object.get("spec"))):
                yield from _store(scope, declared, ref, field)


def _stores(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(spec.get("secretStoreRef"), dict):
        yield "spec.secretStoreRef", mapping(spec.get("secretStoreRef"))
    for position, ref in enumerate(entries(spec.get("secretStoreRefs"))):
        yield f"spec.secretStoreRefs[{position}]", ref
    for word in ("data", "dataFrom"):
        for position, entry in enumerate(entries(spec.get(word))):
            ref = at(entry, "sourceRef", "storeRef")
            if isinstance(ref, dict):
                yield f"spec.{word}[{position}].sourceRef.storeRef", ref


def _store(scope: Scope, declared: Declared, ref: Mapping[str, Any], field: str) -> Iterator[Fault]:
    kind, name = text(ref.get("kind")) or "SecretStore", text(ref.get("name"))
    if kind not in {"SecretStore", "ClusterSecretStore"} or not is_known(name):
        return
    store = ObjectRef(kind, declared.ref.namespace if kind == "SecretStore" else "", name)
    if scope.presence(store) is not Presence.ABSENT:
        return
    other = _of_other_kind(scope, declared, store)
    yield Fault(
        rule="externalsecret-store-missing",
        object=store,
        message=f"{declared.ref} reads from {store}, which nobody declares"
        + (f"; there is a {other}" if other else ""),
        expected=other or alternative(scope, store),
        fix=f"Set {field}.kind of {declared.ref} to {other.partition(' ')[0]}"
        if other
        else f"Declare {store}, or correct {field}.name of {declared.ref}",
        severity=Severity.DEFECT if other else None,
        user=declared.ref,
        field=f"{field}.kind" if other and ref.get("kind") else f"{field}.name",
        value=name,
        source=declared.source.path,
    )


def _of_other_kind(scope: Scope, declared: Declared, store: ObjectRef) -> str:
    """Returns the store of that name and the other kind, in words; empty where there is none."""
    kind = "SecretStore" if store.kind == "ClusterSecretStore" else "ClusterSecretStore"
    space = declared.ref.namespace if kind == "SecretStore" else ""
    found = scope.find(ObjectRef(kind, space, store.name))
    return str(found.ref) if found else ""


def missing_issuers(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `certificate-issuer-missing` for Certificates and annotated Ingresses and Gateways."""
    for declared in scope.of_kind("Certificate"):
        ref = mapping(at(declared.object, "spec", "issuerRef"))
        if not is_of(declared.object, "cert-manager.io", "Certificate"):
            continue
        if (text(ref.get("group")) or "cert-manager.io") == "cert-manager.io":
            kind = text(ref.get("kind")) or "Issuer"
            yield from _issuer(scope, declared, kind, text(ref.get("name")), "spec.issuerRef.name")
    for declared in scope.of_kind("Ingress", "Gateway"):
        found = annotations_of(declared.object)
        for mark, kind in ISSUER_MARKS.items():
            if found.get("cert-manager.io/issuer-group", "cert-manager.io") == "cert-manager.io":
                field = f"metadata.annotations[{mark}]"
                yield from _issuer(scope, declared, kind, found.get(mark, ""), field)


def _issuer(scope: Scope, declared: Declared, kind: str, name: str, field: str) -> Iterator[Fault]:
    if kind not in {"Issuer", "ClusterIssuer"} or not is_known(name):
        return
    ref = ObjectRef(kind, declared.ref.namespace if kind == "Issuer" else "", name)
    if scope.presence(ref) is Presence.ABSENT:
        yield Fault(
            rule="certificate-issuer-missing",
            object=ref,
            message=f"{declared.ref} gets its certificate from {ref}, which nobody declares",
            expected=alternative(scope, ref),
            fix=f"Declare {ref}, or correct {field} of {declared.ref}",
            user=declared.ref,
            field=field,
            value=name,
            source=declared.source.path,
        )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (
    missing_stores,
    missing_issuers,
)
