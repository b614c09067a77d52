"""Claims that wait for a volume: which class they ask for, who declares them, who mounts them.

A StatefulSet's claims are named `<template>-<statefulset>-<ordinal>` (StatefulSet documentation);
the edit that mends one stands in its template unless the repository declares the claim itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.diagnosis.events import epoch
from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.paths import under
from harness.manifests.references import claim_references
from harness.model.refs import ObjectRef

Object = Mapping[str, Any]
KIND = "PersistentVolumeClaim"
DEFAULT_MARKS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_OLD_CLASS = "volume.beta.kubernetes.io/storage-class"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One live claim."""

    ref: ObjectRef
    object: Object

    @property
    def spec(self) -> Object:
        """Its specification."""
        found: Object = self.object.get("spec") or {}
        return found

    @property
    def annotations(self) -> Mapping[str, str]:
        """Its annotations."""
        return dict(self.object["metadata"].get("annotations") or {})

    @property
    def phase(self) -> str:
        """`Pending`, `Bound` or `Lost`."""
        return str((self.object.get("status") or {}).get("phase") or "Pending")

    @property
    def wish(self) -> str | None:
        """The class it asks for; empty for none at all, None for the default."""
        found = self.annotations.get(_OLD_CLASS, self.spec.get("storageClassName"))
        return None if found is None else str(found)

    @property
    def created(self) -> float:
        """Epoch seconds of its creation."""
        return epoch(self.object["metadata"].get("creationTimestamp"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The object whose edit changes a claim, and the path of the claim's specification in it."""

    ref: ObjectRef
    path: str

    def field(self, key: str) -> str:
        """Returns the path of a field of the claim's specification."""
        return under(self.path, key)


def claims(facts: Facts, *phases: str) -> list[Claim]:
    """Returns the live claims in these phases that are not being deleted."""
    found = [Claim(ref=ObjectRef.of(o), object=o) for o in facts.all(KIND)]
    found = [c for c in found if facts.in_scope(c.ref.namespace)]
    return [
        c for c in found if c.phase in phases and not c.object["metadata"].get("deletionTimestamp")
    ]


def pending(facts: Facts) -> list[Claim]:
    """Returns the claims that wait for any volume."""
    return [c for c in claims(facts, "Pending") if not c.spec.get("volumeName")]


def class_of(facts: Facts, claim: Claim) -> Object | None:
    """Returns the StorageClass that serves a claim, the default one where it names none."""
    if claim.wish is None:
        return next(iter(defaults(facts)), None)
    return facts.find(ObjectRef("StorageClass", "", claim.wish)) if claim.wish else None


def defaults(facts: Facts) -> list[Object]:
    """Returns the StorageClasses that are marked as default."""
    return [o for o in facts.all("StorageClass") if is_default(o)]


def is_default(storage_class: Object) -> bool:
    """Tells whether a StorageClass is marked as default."""
    marks = (storage_class.get("metadata") or {}).get("annotations") or {}
    return any(str(marks.get(m)).lower() == "true" for m in DEFAULT_MARKS)


def template_of(facts: Facts, claim: ObjectRef) -> tuple[ObjectRef, str] | None:
    """Returns the StatefulSet and claim template that make a claim, if any."""
    for ref, obj in _stateful_sets(facts, claim.namespace):
        for template in (obj.get("spec") or {}).get("volumeClaimTemplates") or []:
            name = str((template.get("metadata") or {}).get("name"))
            if re.fullmatch(rf"{re.escape(f'{name}-{ref.name}')}-\d+", claim.name):
                return ref, name
    return None


def _stateful_sets(facts: Facts, namespace: str) -> Iterator[tuple[ObjectRef, Object]]:
    known = {r: d.object for r, d in facts.declared.items() if r.kind == "StatefulSet"}
    known |= {ObjectRef.of(o): dict(o) for o in facts.all("StatefulSet")}
    yield from ((r, o) for r, o in known.items() if r.namespace == namespace)


def owner_of(facts: Facts, claim: ObjectRef) -> Owner:
    """Returns where a claim is declared: by itself, or as a template of a StatefulSet."""
    made = None if claim in facts.declared else template_of(facts, claim)
    if made is None:
        return Owner(ref=claim, path="spec")
    return Owner(ref=made[0], path=f"spec.volumeClaimTemplates[{made[1]}].spec")


def sufferers(facts: Facts, claim: ObjectRef) -> tuple[ObjectRef, ...]:
    """Returns the workloads that mount a claim and are not ready."""
    made = template_of(facts, claim)
    found = [made[0]] if made else []
    found += [
        w
        for w in facts.workloads
        if w.namespace == claim.namespace
        and any(name == claim.name for _, name in claim_references(facts.template(w)))
    ]
    return tuple(dict.fromkeys(w for w in found if not facts.is_ok(w)))
