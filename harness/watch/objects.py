"""The newest version of every object seen, and what a listing or an event changes in it.

Decides which observation counts: an old version never replaces a newer one, and what was deleted
stays deleted. Versions are compared as numbers, which Kubernetes allows for versions of one
resource (kubernetes/enhancements#5504); others count as different or the same. Not
thread-safe: the view holds the lock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from harness.model.kinds import is_namespaced
from harness.model.refs import ObjectRef
from harness.model.timeline import EntryKind
from harness.watch.redacted import without_noise

Object = dict[str, Any]
REMEMBERED_DELETIONS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of the view; `object` is set for `EntryKind.OBJECT` only.

    For `LISTED` the reference holds the kind and the namespace (empty: all), and no name.
    """

    kind: EntryKind
    ref: ObjectRef
    object: Object | None = None


@dataclass(frozen=True, slots=True)
class _Deletion:
    uid: str
    version: str


def is_newer(version: str, held: str) -> bool:
    """Tells whether a resource version is later than another; unordered ones need only differ."""
    if not version:
        return True
    if version.isdecimal() and held.isdecimal():
        return int(version) > int(held)
    return version != held


def resource_version(obj: Object) -> str:
    """Returns the resource version of an object or a list; empty where there is none."""
    return str((obj.get("metadata") or {}).get("resourceVersion") or "")


class ObjectStore:
    """Holds objects by kind and namespace, without `metadata.managedFields` and the like."""

    def __init__(self, namespaces: Collection[str] = ()) -> None:
        """Keeps objects of these namespaces and cluster-scoped ones; of all when none is given."""
        self._namespaces = frozenset(namespaces)
        self._objects: dict[str, dict[str, dict[ObjectRef, Object]]] = {}
        self._deleted: dict[ObjectRef, _Deletion] = {}

    def find(self, ref: ObjectRef) -> Object | None:
        """Returns the newest version of an object, or None."""
        return self._objects.get(ref.kind, {}).get(ref.namespace, {}).get(ref)

    def all(self, kind: str, namespace: str | None = None) -> list[Object]:
        """Returns all objects of a kind, in one namespace or in all."""
        places = self._objects.get(kind, {})
        if namespace is not None:
            return list(places.get(namespace, {}).values())
        return list(chain.from_iterable(place.values() for place in places.values()))

    def replace(
        self, kind: str, namespace: str, listed: Iterable[Object], version: str
    ) -> list[Change]:
        """Takes a whole listing: what it no longer holds is gone, what it holds unchanged stays."""
        fresh = {self._ref(kind, obj): obj for obj in listed}
        fresh = {ref: obj for ref, obj in fresh.items() if self._is_wanted(ref)}
        missing = [ref for ref in self._refs(kind, namespace) if ref not in fresh]
        changes = [self._delete(ref, version) for ref in missing]
        for ref, obj in fresh.items():
            held = self.find(ref)
            if held is None or _uid(held) != _uid(obj) or _is_later(obj, held):
                changes.append(self._store(ref, obj))
        return changes

    def take(self, kind: str, change: str, obj: Object) -> Change | None:
        """Takes one watch event; returns what changed, or None for what is old or known."""
        ref = self._ref(kind, obj)
        if not self._is_wanted(ref):
            return None
        held = self.find(ref)
        if change == "DELETED":
            return self._delete(ref, resource_version(obj)) if _ends(obj, held) else None
        old = self._is_late(ref, obj) if held is None else not _is_later(obj, held)
        return None if old else self._store(ref, obj)

    def listed(self, kind: str, namespace: str) -> Sequence[Change]:
        """Returns what a listing of this collection makes a fact, given the namespaces kept."""
        known = [namespace]
        if self._namespaces and is_namespaced(kind) and not namespace:
            known = sorted(self._namespaces)
        return [Change(kind=EntryKind.LISTED, ref=ObjectRef(kind, place, "")) for place in known]

    def _store(self, ref: ObjectRef, obj: Object) -> Change:
        kept = {**without_noise(obj), "kind": ref.kind}
        self._objects.setdefault(ref.kind, {}).setdefault(ref.namespace, {})[ref] = kept
        self._deleted.pop(ref, None)
        return Change(kind=EntryKind.OBJECT, ref=ref, object=kept)

    def _delete(self, ref: ObjectRef, version: str) -> Change:
        held = self._objects[ref.kind][ref.namespace].pop(ref)
        last = resource_version(held)
        last = version if version and is_newer(version, last) else last
        self._deleted[ref] = _Deletion(_uid(held), last)
        if len(self._deleted) > REMEMBERED_DELETIONS:
            del self._deleted[next(iter(self._deleted))]
        return Change(kind=EntryKind.GONE, ref=ref)

    def _is_late(self, ref: ObjectRef, obj: Object) -> bool:
        deletion = self._deleted.get(ref)
        if deletion is None:
            return False
        same = bool(deletion.uid) and deletion.uid == _uid(obj)
        return same or not is_newer(resource_version(obj), deletion.version)

    def _refs(self, kind: str, namespace: str) -> list[ObjectRef]:
        places = self._objects.get(kind, {})
        chosen = [places.get(namespace, {})] if namespace else places.values()
        return [ref for place in chosen for ref in place]

    def _is_wanted(self, ref: ObjectRef) -> bool:
        return not self._namespaces or not ref.namespace or ref.namespace in self._namespaces

    @staticmethod
    def _ref(kind: str, obj: Object) -> ObjectRef:
        meta = obj["metadata"]
        return ObjectRef(kind, str(meta.get("namespace") or ""), str(meta["name"]))


def _uid(obj: Object) -> str:
    return str(obj["metadata"].get("uid") or "")


def _is_later(obj: Object, held: Object) -> bool:
    return is_newer(resource_version(obj), resource_version(held))


def _ends(obj: Object, held: Object | None) -> bool:
    # A deletion names the last version of its object or a later one, never that of a successor.
    if held is None:
        return False
    same = bool(_uid(held)) and _uid(held) == _uid(obj)
    return same or not is_newer(resource_version(held), resource_version(obj))
