"""One collection of the API, listed and then watched without end: what it sees, in order.

Decides when to resume and when to list anew: a broken connection resumes at the last version seen,
an expired one (410) or any other refusal of the watch is listed anew, so nothing is lost or counted
twice. A kind that is not served (404) is an empty listing, tried again soon; a refused one
(401, 403) is said to be refused and tried again with growing pauses. Keeps no objects.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from harness.io.kube import KubeError
from harness.model.kinds import collection
from harness.watch.objects import is_newer, resource_version
from harness.watch.redacted import without_noise

Object = dict[str, Any]
RETRY_SECONDS = 0.5
MAX_RETRY_SECONDS = 10.0
PAGE_OBJECTS = 500
FAILURES_BEFORE_LISTING = 5
REFUSED = frozenset({401, 403})
TRANSIENT = frozenset({0, 429, 500, 502, 503})
"""Statuses after which the watch is resumed: no answer, or a server that is busy or starting."""


class Watchable(Protocol):
    """What a watch needs of the API: list a collection, then watch it."""

    def get(self, path: str, **query: str) -> Object:
        """Returns the list at a path."""

    def watch(
        self, path: str, resource_version: str, *, seconds: int = 240
    ) -> Iterator[tuple[str, Object]]:
        """Yields changes after a version; where it has a `close`, that ends it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """All objects of the collection; `version` is empty when the kind is not served."""

    objects: tuple[Object, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Event:
    """One change: `ADDED`, `MODIFIED` or `DELETED`."""

    change: str
    object: Object


@dataclass(frozen=True, slots=True)
class Refusal:
    """The API server does not let us list this collection."""

    message: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something failed and is tried again."""

    message: str


Observation = Listing | Event | Refusal | Trouble


class CollectionWatch:
    """Follows one collection; `close` ends it from any thread."""

    def __init__(
        self, kube: Watchable, kind: str, namespace: str, stopped: threading.Event
    ) -> None:
        self.kind, self.namespace = kind, namespace
        self._kube = kube
        self._path = collection(kind, namespace)
        self._stopped = stopped
        self._stream: Iterator[tuple[str, Object]] | None = None
        self._version = ""
        self._failures = 0

    def close(self) -> None:
        """Ends a blocked read; `stopped` must be set before."""
        close = getattr(self._stream, "close", None)
        if close is not None:
            with contextlib.suppress(ValueError):  # a generator that runs cannot be closed
                close()

    def observations(self) -> Iterator[Observation]:
        """Yields what is seen until `stopped` is set; never raises."""
        while not self._stopped.is_set():
            try:
                yield from self._look()
            except Exception as error:  # a thread that dies freezes the view
                if self._stopped.is_set():
                    return
                yield self._failed(error)
                self._stopped.wait(_pause_seconds(self._failures))

    def _look(self) -> Iterator[Observation]:
        if not self._version:
            listing = self._list()
            yield listing
            self._version = listing.version
        if not self._version:
            self._failures = 0
            self._stopped.wait(RETRY_SECONDS)
            return
        came = False
        for change, obj in self._open():
            self._version = _later(self._version, resource_version(obj))
            self._failures, came = 0, True
            if self._stopped.is_set():
                return
            if change != "BOOKMARK":
                yield Event(change, _named(obj))
        if not came:  # a server that ends every watch at once is not asked without pause
            self._stopped.wait(RETRY_SECONDS)

    def _open(self) -> Iterator[tuple[str, Object]]:
        stream = self._kube.watch(self._path, self._version)
        self._stream = stream
        if self._stopped.is_set():  # set while the stream was opened: nobody else closes it
            self.close()
        return stream

    def _list(self) -> Listing:
        try:
            return self._pages()
        except KubeError as error:
            if error.status != 404:
                raise
            return Listing((), "")

    def _pages(self) -> Listing:
        objects: list[Object] = []
        query = {"limit": str(PAGE_OBJECTS)}
        while True:
            page = self._kube.get(self._path, **query)
            objects += [without_noise(_named(obj)) for obj in page.get("items") or []]
            query["continue"] = str((page.get("metadata") or {}).get("continue") or "")
            if not query["continue"] or self._stopped.is_set():
                return Listing(tuple(objects), resource_version(page))

    def _failed(self, error: Exception) -> Observation:
        self._failures += 1
        status = error.status if isinstance(error, KubeError) else -1
        listing = not self._version
        if status not in TRANSIENT or self._failures % FAILURES_BEFORE_LISTING == 0:
            self._version = ""
        message = str(error) or type(error).__name__
        return Refusal(message) if listing and status in REFUSED else Trouble(message)


def _named(obj: Object) -> Object:
    if not (obj.get("metadata") or {}).get("name"):
        message = f"an object without a name came from the API server: {str(obj)[:80]}"
        raise ValueError(message)
    return obj


def _later(version: str, seen: str) -> str:
    return seen if seen and is_newer(seen, version) else version


def _pause_seconds(failures: int) -> float:
    return min(MAX_RETRY_SECONDS, RETRY_SECONDS * 2.0 ** min(max(0, failures - 1), 10))
