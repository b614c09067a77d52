"""Which container log is read when, and whether what was read is news; without thread or clock.

A log is due when the state of its container changes, and every few seconds again while the
container runs without being ready. The log of an earlier instance is read once per restart; an
empty answer for a container that ended is asked for again, because the kubelet may lag behind the
API. Which containers matter is decided in `harness.watch.container_logs`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.model.refs import ObjectRef
from harness.watch.container_logs import Why, container_statuses, wanted_logs

Object = Mapping[str, Any]
AGAIN_SECONDS = 5.0
EMPTY_TRIES = 3
EMPTY_AGAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True, order=True)
class LogName:
    """One log: of a pod's container, now or in its instance before."""

    pod: ObjectRef
    container: str
    previous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTask:
    """One reading to be done."""

    name: LogName
    restarts: int
    why: Why


@dataclass(slots=True, kw_only=True)
class _Wanted:
    task: LogTask
    state: tuple[object, ...]
    runs: bool
    """The container runs, so its log grows."""
    due: float | None
    reading: bool = False
    empty: int = 0


class LogSchedule:
    """Remembers the containers whose logs matter; keeps a digest of each text, never the text."""

    def __init__(self) -> None:
        self._wanted: dict[LogName, _Wanted] = {}
        self._digests: dict[LogName, str] = {}
        self._read_at: dict[LogName, float] = {}
        self._names: dict[ObjectRef, set[LogName]] = {}
        self._restarts: dict[ObjectRef, dict[str, int]] = {}

    def pod_changed(self, pod: ObjectRef, obj: Object, now: float) -> None:
        """Takes a new version of a pod."""
        statuses = {str(s.get("name")): s for s in container_statuses(obj)}
        self._restarts[pod] = {n: int(s.get("restartCount") or 0) for n, s in statuses.items()}
        wanted: set[LogName] = set()
        for container, previous, why in wanted_logs(obj):
            name = LogName(pod, container, previous)
            wanted.add(name)
            self._want(name, statuses[container], why, now)
        for name in self._names.get(pod, set()) - wanted:
            found = self._wanted.get(name)
            if found is not None and found.task.why is not Why.ASKED:
                del self._wanted[name]

    def pod_gone(self, pod: ObjectRef) -> None:
        """Forgets a pod."""
        self._restarts.pop(pod, None)
        for name in self._names.pop(pod, set()):
            self._wanted.pop(name, None)
            self._digests.pop(name, None)
            self._read_at.pop(name, None)

    def request(self, pod: ObjectRef, container: str, now: float) -> None:
        """Wants one reading of a log that would not be read otherwise, such as a ready pod's."""
        name = LogName(pod, container)
        due = max(now, self._read_at.get(name, now - AGAIN_SECONDS) + AGAIN_SECONDS)
        self._remember(name)
        found = self._wanted.get(name)
        if found is None:
            task = LogTask(name=name, restarts=self._count(name), why=Why.ASKED)
            self._wanted[name] = _Wanted(task=task, state=(), runs=False, due=due)
        elif found.due is None and not found.reading:
            found.due = due

    def take_due(self, now: float) -> LogTask | None:
        """Returns the reading that is due for longest and marks it as being done."""
        planned = [(w.due, n) for n, w in self._wanted.items() if w.due is not None]
        if not planned or min(planned)[0] > now:
            return None
        first = self._wanted[min(planned)[1]]
        first.reading, first.due = True, None
        return first.task

    def next_due(self) -> float | None:
        """Returns the time of the next reading, or None when nothing is planned."""
        return min((w.due for w in self._wanted.values() if w.due is not None), default=None)

    def finished(self, task: LogTask, text: str, now: float) -> bool:
        """Takes what was read; tells whether it is news."""
        name = task.name
        if name.pod not in self._names:  # gone while its log was read
            return False
        self._read_at[name] = now
        found = self._wanted.get(name)
        if found is not None and found.task is task:
            self._plan(found, text, now)
        digest = hashlib.sha256(f"{task.restarts}\n{text}".encode()).hexdigest()[:16]
        if not text or self._digests.get(name) == digest:
            return False
        self._digests[name] = digest
        return True

    def _want(self, name: LogName, status: Object, why: Why, now: float) -> None:
        self._remember(name)
        state = _state(status, previous=name.previous)
        found = self._wanted.get(name)
        if found is not None and found.state == state:
            return
        runs = "running" in (status.get("state") or {}) and not status.get("ready")
        self._wanted[name] = _Wanted(
            task=LogTask(name=name, restarts=self._count(name), why=why),
            state=state,
            runs=runs and not name.previous,
            due=now,
        )

    def _plan(self, found: _Wanted, text: str, now: float) -> None:
        found.reading = False
        if found.runs:
            found.due = now + AGAIN_SECONDS
        elif found.task.why is Why.ASKED:
            del self._wanted[found.task.name]
        elif not text and found.empty < EMPTY_TRIES:
            found.empty += 1
            found.due = now + EMPTY_AGAIN_SECONDS

    def _remember(self, name: LogName) -> None:
        self._names.setdefault(name.pod, set()).add(name)

    def _count(self, name: LogName) -> int:
        return self._restarts.get(name.pod, {}).get(name.container, 0)


def _state(status: Object, *, previous: bool) -> tuple[object, ...]:
    restarts = int(status.get("restartCount") or 0)
    if previous:
        return (restarts,)
    return (restarts, *sorted(status.get("state") or {}), status.get("containerID"))
