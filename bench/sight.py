"""When the API first showed a cause: the moment from which the tools' times are counted.

An own watch, opened before the objects are delivered, notes when each line about a pod or an event
came. What a cause looks like is the case's; lines are made of the fields that `kubectl describe`
shows. Times are those of arrival here: the API's own have a resolution of one second.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, Self

from harness.io.kube import KubeError, WatchStream
from harness.model.kinds import collection

Object = Mapping[str, Any]
KINDS = ("Pod", "Event")
MAX_LINES = 400
KEPT_CHARACTERS = 500


class Watched(Protocol):
    """What looking out needs of the API."""

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Returns the list at a path."""

    def watch(self, path: str, resource_version: str, *, seconds: int = 240) -> WatchStream:
        """Returns the changes after a version."""


def lines(kind: str, obj: Object) -> Iterator[str]:
    """Yields what an object shows, one line for each container, condition or event."""
    yield from _pod_lines(obj) if kind == "Pod" else _event_lines(obj)


def _event_lines(obj: Object) -> Iterator[str]:
    about = obj.get("involvedObject") or {}
    reason, message = obj.get("reason"), obj.get("message")
    yield f"Event {about.get('kind')}/{about.get('name')}: {reason}: {message}"


def _pod_lines(obj: Object) -> Iterator[str]:
    name, status = obj["metadata"]["name"], obj.get("status") or {}
    for condition in status.get("conditions") or []:
        if condition.get("status") == "False" and condition.get("reason"):
            yield _pod_line(name, str(condition.get("type")), condition)
    for which in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(which) or []:
            yield from _container_lines(name, container)


def _container_lines(pod: str, container: Object) -> Iterator[str]:
    states = (container.get("state") or {}, container.get("lastState") or {})
    for word in ("waiting", "terminated"):
        for state in states:
            if state.get(word):
                yield _pod_line(pod, f"{container.get('name')} {word}", state[word])


def _pod_line(pod: str, what: str, said: Object) -> str:
    return f"Pod {pod}: {what} {said.get('reason')}: {said.get('message', '')}"


def first_sight(seen: Iterable[tuple[float, str]], patterns: Sequence[str]) -> float | None:
    """Returns when the last of the patterns had been seen; None when one never was."""
    known = list(seen)
    moments = []
    for pattern in patterns:
        found = re.compile(pattern, re.DOTALL)
        hit = next((at for at, line in known if found.search(line)), None)
        if hit is None:
            return None
        moments.append(hit)
    return max(moments, default=None)


class Lookout:
    """Notes every new line about a namespace, with the time it came, until it is left."""

    def __init__(
        self, kube: Watched, namespace: str, *, now: Callable[[], float] = time.time
    ) -> None:
        self._kube, self._namespace, self._now = kube, namespace, now
        self._seen: dict[str, float] = {}
        self._streams: list[WatchStream] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        for kind in KINDS:
            path = collection(kind, self._namespace)
            version = str(self._kube.get(path)["metadata"]["resourceVersion"])
            stream = self._kube.watch(path, version, seconds=600)
            thread = threading.Thread(target=self._read, args=(kind, stream), daemon=True)
            self._streams.append(stream)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._streams:
            stream.close()
        for thread in self._threads:
            thread.join(2)

    @property
    def seen(self) -> tuple[tuple[float, str], ...]:
        """Every different line with the time it first came, in order."""
        with self._lock:
            return tuple(sorted((at, line) for line, at in self._seen.items()))

    def _read(self, kind: str, stream: WatchStream) -> None:
        with contextlib.suppress(KubeError):
            for change, obj in stream:
                if change in {"ADDED", "MODIFIED"}:
                    self._note(lines(kind, obj))

    def _note(self, found: Iterable[str]) -> None:
        now = self._now()
        with self._lock:
            for line in found:
                if len(self._seen) < MAX_LINES:
                    self._seen.setdefault(line[:KEPT_CHARACTERS], now)
