"""A live copy of the objects of some kinds and namespaces, kept by Kubernetes watches.

One thread lists and watches each collection. A closed stream is resumed at the last version, an
expired version (410) is listed anew, so nothing is lost or counted twice; a broken connection is
tried again with a pause. Judging is the reader's business: it asks for a snapshot whenever
`changed` says so.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, Self

from harness.io.kube import KubeError
from harness.model.kinds import collection
from harness.model.refs import ObjectRef

Object = dict[str, Any]
RETRY_SECONDS = 0.5


class Watchable(Protocol):
    """What a view needs of the API: list a collection, then watch it."""

    def get(self, path: str, **query: str) -> Object:
        """Returns the list at a path."""

    def watch(
        self, path: str, resource_version: str, *, seconds: int = 240
    ) -> Iterator[tuple[str, Object]]:
        """Yields changes after a version."""


class ClusterView:
    """Holds the newest version of every watched object; safe to read from any thread."""

    def __init__(self, kube: Watchable, targets: Iterable[tuple[str, str]]) -> None:
        """Prepares watches of `(kind, namespace)` pairs; an empty namespace means all."""
        self._kube = kube
        self._targets = tuple(targets)
        self._objects: dict[ObjectRef, Object] = {}
        self._listed: set[tuple[str, str]] = set()
        self._version = 0
        self._condition = threading.Condition()
        self._stopped = threading.Event()
        self.last_error = ""

    def __enter__(self) -> Self:
        for kind, namespace in self._targets:
            thread = threading.Thread(
                target=self._follow, args=(kind, namespace), name=f"watch-{kind}", daemon=True
            )
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()

    def wait_for_change(self, seen: int, seconds: float) -> int:
        """Waits until something changed after version `seen`; returns the current version."""
        with self._condition:
            self._condition.wait_for(lambda: self._version != seen, timeout=seconds)
            return self._version

    @property
    def complete(self) -> bool:
        """True once every collection was listed at least once."""
        with self._condition:
            return len(self._listed) == len(self._targets)

    def find(self, ref: ObjectRef) -> Object | None:
        """Returns the newest version of an object, or None."""
        with self._condition:
            return self._objects.get(ref)

    def all(self, kind: str, namespace: str | None = None) -> list[Object]:
        """Returns all objects of a kind, in one namespace or in all."""
        with self._condition:
            return [
                obj
                for ref, obj in self._objects.items()
                if ref.kind == kind and (namespace is None or ref.namespace == namespace)
            ]

    def _follow(self, kind: str, namespace: str) -> None:
        path, version = collection(kind, namespace), ""
        while not self._stopped.is_set():
            try:
                if not version:
                    version = self._list(kind, namespace, path)
                for change, obj in self._kube.watch(path, version):
                    version = str(obj["metadata"].get("resourceVersion") or version)
                    self._take(kind, change, obj)
                    if self._stopped.is_set():
                        return
            except KubeError as error:
                self.last_error = str(error)
                if error.status == 410:
                    version = ""
                self._stopped.wait(RETRY_SECONDS)

    def _list(self, kind: str, namespace: str, path: str) -> str:
        try:
            found = self._kube.get(path)
        except KubeError as error:
            if error.status != 404:
                raise
            found = {"items": [], "metadata": {}}
        fresh = {self._ref(kind, obj): {**obj, "kind": kind} for obj in found.get("items") or []}
        with self._condition:
            for ref in [r for r in self._objects if r.kind == kind and self._inside(r, namespace)]:
                if ref not in fresh:
                    del self._objects[ref]
            self._objects.update(fresh)
            self._listed.add((kind, namespace))
            self._bump()
        version = str((found.get("metadata") or {}).get("resourceVersion") or "")
        if not version:
            message = f"{kind} is not served yet"
            raise KubeError(message)
        return version

    @staticmethod
    def _inside(ref: ObjectRef, namespace: str) -> bool:
        return not namespace or ref.namespace == namespace

    @staticmethod
    def _ref(kind: str, obj: Object) -> ObjectRef:
        meta = obj["metadata"]
        return ObjectRef(kind, str(meta.get("namespace") or ""), str(meta["name"]))

    def _take(self, kind: str, change: str, obj: Object) -> None:
        if change == "BOOKMARK":
            return
        ref = self._ref(kind, obj)
        with self._condition:
            if change == "DELETED":
                self._objects.pop(ref, None)
            else:
                self._objects[ref] = {**obj, "kind": kind}
            self._bump()

    def _bump(self) -> None:
        self._version += 1
        self._condition.notify_all()
