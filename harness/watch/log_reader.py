"""Reads the container logs that matter while a cluster is watched, four at a time.

Told of pod changes (`changed`) and of logs somebody wants (`request`), it reads what
`harness.watch.log_schedule` says is due, masks known secrets and hands on every text that is news
as an entry. A reading that fails is an empty one; its deadline is that of the source (20 s for
`harness.io.kube.Kube`). Keeps no text.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol, Self

from harness.io.clock import Clock
from harness.model.refs import ObjectRef
from harness.model.timeline import Entry, EntryKind
from harness.watch.container_logs import shortened
from harness.watch.credentials import without_url_credentials
from harness.watch.log_schedule import LogSchedule, LogTask
from harness.watch.objects import Change

WORKERS = 4
LOG_LINES = 50
IDLE_SECONDS = 1.0
ENDING_SECONDS = 1.0


class LogSource(Protocol):
    """What reading logs needs of the API."""

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, lines: int = 200
    ) -> str:
        """Returns the last lines of a container's log; empty where there is none."""


def _as_it_is(text: str) -> str:
    return text


class LogReader:
    """Hands on log entries until it is left; safe to tell from any thread."""

    def __init__(
        self,
        source: LogSource,
        on_entry: Callable[[Entry], None],
        *,
        clock: Clock,
        mask: Callable[[str], str] = _as_it_is,
        workers: int = WORKERS,
    ) -> None:
        """Prepares reading; `mask` removes the secret values that the harness knows."""
        self._source = source
        self._on_entry = on_entry
        self._clock = clock
        self._mask = mask
        self._schedule = LogSchedule()
        self._condition = threading.Condition()
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._work, name=f"logs-{n}", daemon=True)
            for n in range(workers)
        ]
        self.last_error = ""

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._condition:
            self._stopped = True
            self._condition.notify_all()
        for thread in self._threads:
            thread.join(ENDING_SECONDS / len(self._threads))

    def changed(self, change: Change) -> None:
        """Takes a change of the view; only pods concern it."""
        if change.ref.kind != "Pod" or change.kind is EntryKind.LISTED:
            return
        with self._condition:
            if change.object is None:
                self._schedule.pod_gone(change.ref)
            else:
                self._schedule.pod_changed(change.ref, change.object, self._clock.monotonic())
            self._condition.notify_all()

    def request(self, pod: ObjectRef, container: str) -> None:
        """Wants the log of a container that would not be read otherwise, at most every 5 s."""
        with self._condition:
            self._schedule.request(pod, container, self._clock.monotonic())
            self._condition.notify_all()

    def _work(self) -> None:
        while True:
            task = self._next()
            if task is None:
                return
            entry = self._read(task)
            if entry is not None:
                self._hand_on(entry)

    def _next(self) -> LogTask | None:
        with self._condition:
            while not self._stopped:
                now = self._clock.monotonic()
                task = self._schedule.take_due(now)
                if task is not None:
                    return task
                due = self._schedule.next_due()
                self._condition.wait(IDLE_SECONDS if due is None else min(IDLE_SECONDS, due - now))
            return None

    def _read(self, task: LogTask) -> Entry | None:
        name = task.name
        try:
            text = self._source.logs(
                name.pod.namespace,
                name.pod.name,
                name.container,
                previous=name.previous,
                lines=LOG_LINES,
            )
            text = shortened(without_url_credentials(self._mask(text)))
        except Exception as error:  # whatever the source raises, the next reading may succeed
            self.last_error, text = f"log of {name.pod}: {error}", ""
        with self._condition:
            news = self._schedule.finished(task, text, self._clock.monotonic())
        if not news or self._stopped:
            return None
        return Entry(
            at=self._clock.now().timestamp(),
            kind=EntryKind.LOG,
            ref=name.pod,
            container=name.container,
            previous=name.previous,
            restarts=task.restarts,
            text=text,
        )

    def _hand_on(self, entry: Entry) -> None:
        try:
            self._on_entry(entry)
        except Exception as error:  # a listener's fault must not end the reading
            self.last_error = f"log of {entry.ref}: {type(error).__name__}: {error}"
