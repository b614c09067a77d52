"""SealedSecrets that cannot be opened where they are applied, and the key they need. Pure.

A strict SealedSecret is encrypted with namespace and name as a label, a namespace-wide one with the
namespace; the controller takes both from the applied object's own metadata (sealed-secrets
`Unseal`, `EncryptionLabel`). The template's metadata, and the manifest in the repository before
Kustomize renames it, tell what they were when it was sealed. The same encrypted text identifies the
manifest, because every sealing gives another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.audit.api_groups import is_of
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.reading import (
    annotations_of,
    at,
    is_known,
    labels_of,
    mapping,
    metadata,
    text,
    written,
)
from harness.audit.scope import Declared, Scope
from harness.model.refs import ObjectRef
from harness.model.wording import counted

GROUP = "bitnami.com"
NAMESPACE_WIDE = "sealedsecrets.bitnami.com/namespace-wide"
CLUSTER_WIDE = "sealedsecrets.bitnami.com/cluster-wide"
KEY_LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key"
SEALING_KEY = ObjectRef("Secret", "", "sealed-secrets-key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """What a SealedSecret was called when it was sealed; empty where nobody knows."""

    namespace: str
    name: str
    place: str
    """Where that is said, in words."""
    is_sure: bool = True


def sealed_secrets(scope: Scope) -> Iterator[Declared]:
    """Yields the SealedSecrets of a scope."""
    for declared in scope.of_kind("SealedSecret"):
        if is_of(declared.object, GROUP, "SealedSecret"):
            yield declared


def wrong_scopes(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `sealedsecret-scope` for SealedSecrets that were sealed under another name."""
    manifests = _manifests(scope)
    for declared in sealed_secrets(scope):
        bound = _bound(declared.object)
        for sealing in _sealings(declared, manifests):
            differing = [field for field in bound if _differs(declared, sealing, field)]
            if differing:
                yield _unopenable(declared, sealing, differing[0])
                break


def _bound(obj: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the fields of the metadata that the encryption depends on."""
    inner = mapping(at(obj, "spec", "template", "metadata", "annotations"))
    marks = {**{k: written(v) for k, v in inner.items()}, **annotations_of(obj)}
    if marks.get(CLUSTER_WIDE) == "true":
        return ()
    return ("namespace",) if marks.get(NAMESPACE_WIDE) == "true" else ("namespace", "name")


def _sealings(
    declared: Declared, manifests: Mapping[str, tuple[Mapping[str, Any], str]]
) -> Iterator[Sealing]:
    inner = mapping(at(declared.object, "spec", "template", "metadata"))
    found = manifests.get(_cipher(declared.object))
    yield Sealing(
        namespace=text(inner.get("namespace")),
        name=text(inner.get("name")),
        place="its template",
        # A template written by hand around `kubeseal --raw` says nothing of the sealing.
        is_sure=found is None or metadata(found[0]).get("name") != declared.ref.name,
    )
    if found:
        obj, file = found
        # A manifest without namespace was sealed for one that only its author knows.
        yield Sealing(
            namespace=text(metadata(obj).get("namespace")),
            name=text(metadata(obj).get("name")),
            place=file,
        )


def _differs(declared: Declared, sealing: Sealing, field: str) -> bool:
    was = sealing.namespace if field == "namespace" else sealing.name
    now = declared.ref.namespace if field == "namespace" else declared.ref.name
    return is_known(was) and is_known(now) and was != now


def _manifests(scope: Scope) -> dict[str, tuple[Mapping[str, Any], str]]:
    """Returns the manifests of the repository's SealedSecrets by their first encrypted text.

    A text that stands in several manifests of different names identifies none of them.
    """
    found: dict[str, tuple[Mapping[str, Any], str]] = {}
    doubtful: set[str] = set()
    for file, documents in scope.tree.documents.items():
        for obj in documents:
            cipher = _cipher(obj) if text(obj.get("kind")) == "SealedSecret" else ""
            if cipher and cipher in found and metadata(found[cipher][0]) != metadata(obj):
                doubtful.add(cipher)
            found.setdefault(cipher, (obj, file))
    return {cipher: each for cipher, each in found.items() if cipher and cipher not in doubtful}


def _cipher(obj: Mapping[str, Any]) -> str:
    values = (text(v) for v in mapping(at(obj, "spec", "encryptedData")).values())
    return next((v for v in sorted(values) if len(v) > 20 and is_known(v)), "")


def _unopenable(declared: Declared, sealing: Sealing, field: str) -> Fault:
    was = sealing.namespace if field == "namespace" else sealing.name
    now = declared.ref.namespace if field == "namespace" else declared.ref.name
    return Fault(
        rule="sealedsecret-scope",
        object=declared.ref,
        message=f"{declared.ref} was sealed for the {field} {was} ({sealing.place}) and is applied "
        f"with the {field} {now}, so the controller cannot decrypt it",
        expected=f"{field} {was}, or a Secret sealed anew for {now}",
        fix=f"Seal the Secret again with kubeseal for the {field} {now}, or keep {was}",
        severity=None if sealing.is_sure else Severity.NOTE,
        cause="S07",
        field=f"metadata.{field}",
        value=now,
        source=declared.source.path,
    )


def sealing_key(scope: Scope) -> Iterator[Fault | NotJudged]:
    """Yields `sealedsecret-key-missing` once for all SealedSecrets of a scope."""
    first = next(sealed_secrets(scope), None)
    has_key = any(KEY_LABEL in labels_of(d.object) for d in scope.of_kind("Secret"))
    if first is None or has_key:
        return
    count = sum(1 for _ in sealed_secrets(scope))
    yield Fault(
        rule="sealedsecret-key-missing",
        object=SEALING_KEY,
        message=f"{counted(count, 'SealedSecret')} can be opened only by a cluster that holds the "
        f"key of the sealing, among them {first.ref}",
        expected="the controller's own key, or a backup of it, in the cluster",
        fix="Restore the sealing key before the controller starts: kubectl apply -f BACKUP.yaml",
        cause="S07",
        user=first.ref,
        field="spec.encryptedData",
        source=first.source.path,
    )


CHECKS: tuple[Callable[[Scope], Iterator[Fault | NotJudged]], ...] = (wrong_scopes, sealing_key)
