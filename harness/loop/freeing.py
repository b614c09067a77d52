"""Lets a corrected claim template take effect, where no data can be lost.

Kubernetes never changes the claim templates of a StatefulSet, nor the class of a claim. So one
whose declared templates are others than the live ones is deleted with its claims and made again by
Argo CD, if every claim of it is still unbound. A bound claim may hold data; it is left, and said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from harness.model.kinds import collection, object_path
from harness.model.refs import ObjectRef
from harness.model.repository import Declaration

Object = Mapping[str, Any]
Template = tuple[str, str, tuple[str, ...], str]


class Freeable(Protocol):
    """What freeing needs of the API."""

    def find(self, path: str) -> dict[str, Any] | None:
        """Returns an object, or None."""

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Returns the objects of a list."""

    def delete(self, path: str, *, grace_seconds: int | None = None) -> None:
        """Deletes an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A StatefulSet with old claim templates, and its claims."""

    ref: ObjectRef
    unbound: tuple[ObjectRef, ...]
    bound: tuple[ObjectRef, ...]


def free_claims(kube: Freeable, declaration: Declaration) -> list[str]:
    """Deletes what keeps corrected claim templates from taking effect; returns what it did.

    Raises:
        KubeError: The API server does not answer.
    """
    return [_free(kube, stuck) for stuck in _stuck_sets(kube, declaration)]


def _stuck_sets(kube: Freeable, declaration: Declaration) -> list[Stuck]:
    found = []
    for app in declaration.applications:
        for obj in app.objects:
            if obj.get("kind") != "StatefulSet":
                continue
            ref = ObjectRef.of(obj, app.application.namespace)
            live = kube.find(object_path(ref)) if templates(obj) else None
            if live is not None and templates(live) != templates(obj):
                claims = kube.items(collection("PersistentVolumeClaim", ref.namespace))
                found.append(stuck(ref, live, claims))
    return found


def stuck(ref: ObjectRef, live: Object, claims: Iterable[Object]) -> Stuck:
    """Returns the claims of a live StatefulSet, sorted into those without and with a volume."""
    names = tuple(f"{name}-{ref.name}-" for name, *_ in templates(live))
    own = [c for c in claims if _is_of(str(c["metadata"]["name"]), names)]
    refs = [
        (ObjectRef("PersistentVolumeClaim", ref.namespace, c["metadata"]["name"]), c) for c in own
    ]
    return Stuck(
        ref=ref,
        unbound=tuple(r for r, claim in refs if not _has_volume(claim)),
        bound=tuple(r for r, claim in refs if _has_volume(claim)),
    )


def templates(obj: Object) -> tuple[Template, ...]:
    """Returns what the claim templates of a StatefulSet ask for: name, class, modes, size."""
    found = []
    for claim in (obj.get("spec") or {}).get("volumeClaimTemplates") or []:
        spec = claim.get("spec") or {}
        size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
        found.append(
            (
                str((claim.get("metadata") or {}).get("name")),
                str(spec.get("storageClassName") or ""),
                tuple(spec.get("accessModes") or ()),
                str(size or ""),
            )
        )
    return tuple(found)


def _is_of(claim: str, prefixes: tuple[str, ...]) -> bool:
    return any(claim.startswith(p) and claim.removeprefix(p).isdigit() for p in prefixes)


def _has_volume(claim: Object) -> bool:
    status = (claim.get("status") or {}).get("phase")
    return bool((claim.get("spec") or {}).get("volumeName")) or status != "Pending"


def _free(kube: Freeable, found: Stuck) -> str:
    if found.bound:
        names = ", ".join(str(ref) for ref in found.bound)
        return (
            f"{found.ref} has other claim templates now, which cannot be changed; {names} may hold "
            f"data, so it is left: kubectl delete statefulset {found.ref.name} and its claims"
        )
    kube.delete(object_path(found.ref))
    for claim in found.unbound:
        kube.delete(object_path(claim))
    return (
        f"{found.ref} was deleted with {len(found.unbound)} unbound claims, to be made again: its "
        "claim templates changed"
    )
