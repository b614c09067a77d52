"""A live copy of the objects of some kinds and namespaces, kept by Kubernetes watches.

One thread lists and watches each collection (`harness.watch.collection_watch`); what an observation
changes is decided in `harness.watch.objects`. Judging is the reader's business: it asks for a
snapshot whenever the version moves, or is told of every change. What the API server refuses to
list is in `refused`, and nothing is claimed about it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any, Self, assert_never

from harness.model.refs import ObjectRef
from harness.watch.collection_watch import (
    CollectionWatch,
    Event,
    Listing,
    Observation,
    Refusal,
    Trouble,
    Watchable,
)
from harness.watch.objects import Change, ObjectStore

__all__ = ["Change", "ClusterView", "Collected", "Watchable"]

Object = dict[str, Any]
Collected = tuple[str, str]
"""Kind and namespace of a watched collection; no namespace means all."""
ENDING_SECONDS = 2.0


def _nobody(_: Change) -> None:
    """Stands for a listener where nobody listens."""


class ClusterView:
    """Holds the newest version of every watched object; safe to read from any thread."""

    def __init__(
        self,
        kube: Watchable,
        targets: Iterable[Collected],
        on_change: Callable[[Change], None] = _nobody,
        *,
        namespaces: Collection[str] = (),
    ) -> None:
        """Prepares watches.

        Args:
            kube: The API.
            targets: `(kind, namespace)` pairs; an empty namespace means all.
            on_change: Told of every change, in order per object, from the watching threads and
                without any lock held; what it raises becomes `last_error`.
            namespaces: Where given, objects of other namespaces are left out.
        """
        self._kube = kube
        self._targets = _without_overlap(targets)
        self._on_change = on_change
        self._store = ObjectStore(namespaces)
        self._listed: set[Collected] = set()
        self._refused: set[Collected] = set()
        self._version = 0
        self._condition = threading.Condition()
        self._stopped = threading.Event()
        self._watches: list[CollectionWatch] = []
        self._threads: list[threading.Thread] = []
        self.last_error = ""

    def __enter__(self) -> Self:
        for kind, namespace in self._targets:
            watch = CollectionWatch(self._kube, kind, namespace, self._stopped)
            self._watches.append(watch)
            self._threads.append(
                threading.Thread(
                    target=self._follow, args=(watch,), name=f"watch-{kind}", daemon=True
                )
            )
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for watch in self._watches:
            watch.close()
        end = time.monotonic() + ENDING_SECONDS
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, end - time.monotonic()))

    def wait_for_change(self, seen: int, seconds: float) -> int:
        """Waits until something changed after version `seen`; returns the current version."""
        with self._condition:
            self._condition.wait_for(lambda: self._version != seen, timeout=seconds)
            return self._version

    @property
    def targets(self) -> tuple[Collected, ...]:
        """The `(kind, namespace)` pairs that are watched."""
        return self._targets

    @property
    def complete(self) -> bool:
        """True once every collection was listed at least once, or refused.

        Only the view holds everything then; its listener may still be hearing of it.
        """
        with self._condition:
            return len(self._listed | self._refused) == len(self._targets)

    @property
    def refused(self) -> frozenset[Collected]:
        """The `(kind, namespace)` pairs that may not be listed: their absence is not a fact."""
        with self._condition:
            return frozenset(self._refused)

    def find(self, ref: ObjectRef) -> Object | None:
        """Returns the newest version of an object, or None."""
        with self._condition:
            return self._store.find(ref)

    def all(self, kind: str, namespace: str | None = None) -> list[Object]:
        """Returns all objects of a kind, in one namespace or in all."""
        with self._condition:
            return self._store.all(kind, namespace)

    def _follow(self, watch: CollectionWatch) -> None:
        target = (watch.kind, watch.namespace)
        for seen in watch.observations():
            for change in self._take(target, seen):
                self._tell(change)

    def _take(self, target: Collected, seen: Observation) -> list[Change]:
        with self._condition:
            changes = self._changes(target, seen)
            if changes:
                self._bump()
            return changes

    def _changes(self, target: Collected, seen: Observation) -> list[Change]:
        match seen:
            case Event():
                change = self._store.take(target[0], seen.change, seen.object)
                return [] if change is None else [change]
            case Listing():
                return self._take_listing(target, seen)
            case Refusal():
                return self._take_refusal(target, seen)
            case Trouble():
                self.last_error = seen.message
                return []
            case _:
                assert_never(seen)

    def _take_listing(self, target: Collected, seen: Listing) -> list[Change]:
        changes = self._store.replace(*target, seen.objects, seen.version)
        if target not in self._listed or target in self._refused:
            changes += self._store.listed(*target)
        self._listed.add(target)
        self._refused.discard(target)
        return changes

    def _take_refusal(self, target: Collected, seen: Refusal) -> list[Change]:
        self.last_error = seen.message
        if target not in self._refused:
            self._refused.add(target)
            self._bump()
        return []

    def _tell(self, change: Change) -> None:
        try:
            self._on_change(change)
        except Exception as error:  # a listener's fault must not end the watch
            self.last_error = f"{change.ref}: {type(error).__name__}: {error}"

    def _bump(self) -> None:
        self._version += 1
        self._condition.notify_all()


def _without_overlap(targets: Iterable[Collected]) -> tuple[Collected, ...]:
    # Two threads on one collection would break the order per object.
    distinct = dict.fromkeys(targets)
    return tuple((kind, ns) for kind, ns in distinct if not ns or (kind, "") not in distinct)
