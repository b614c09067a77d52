"""Builds the parts of a graph, side by side where they do not wait for each other.

Two lanes: Go compiles one after the other, everything else several at a time; a part starts when
what it is built from is finished. The first failure stops the rest: what is finished stays, and
Go's own cache keeps what was compiled.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from airgap.bench import Bench
from airgap.errors import BuildError, CancelledBuildError
from airgap.events import Events
from airgap.parts import Graph, Lane, Part
from airgap.store import Result, Store

WORKERS: Mapping[Lane, int] = MappingProxyType({Lane.COMPILE: 1, Lane.FETCH: 3})
"""Threads per lane. Three fetches keep networks and disks busy beside a compile on two cores."""


@dataclass(slots=True)
class _State:
    waiting: list[str]
    finished: dict[str, Result] = field(default_factory=dict)
    failed: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)


class Scheduler:
    """One build of some parts of a graph."""

    def __init__(
        self, graph: Graph, store: Store, events: Events, cancelled: threading.Event
    ) -> None:
        self._graph = graph
        self._store = store
        self._events = events
        self._cancelled = cancelled
        self._stop = threading.Event()

    def build(self, names: tuple[str, ...]) -> Mapping[str, Result] | None:
        """Builds the parts and returns the results; None if a part failed (its event says why).

        Args:
            names: The parts with everything below them, in order of preference (``closure``).

        Raises:
            CancelledBuildError: the build was told to stop; running programs were ended.
        """
        state = _State(waiting=list(names))
        self._take_finished(state)
        workers = [
            threading.Thread(target=self._work, args=(lane, state), daemon=True)
            for lane, count in WORKERS.items()
            for _ in range(count)
            if state.waiting
        ]
        for worker in workers:
            worker.start()
        self._wait(workers, state)
        if self._cancelled.is_set():
            raise CancelledBuildError
        return None if state.failed else state.finished

    def _take_finished(self, state: _State) -> None:
        for name in list(state.waiting):
            found = self._store.find(name, self._graph.keys[name])
            if found:
                state.finished[name] = found
                state.waiting.remove(name)
                self._events.done(name, 0.0, cached=True)

    def _wait(self, workers: list[threading.Thread], state: _State) -> None:
        """Waits so that signals are taken, and passes a cancellation on to the workers."""
        while any(worker.is_alive() for worker in workers):
            if self._cancelled.wait(0.1):
                self._stop.set()
                with state.changed:
                    state.changed.notify_all()
        for worker in workers:
            worker.join()

    def _work(self, lane: Lane, state: _State) -> None:
        while part := self._next(lane, state):
            result = self._attempt(part, state)
            with state.changed:
                if result is None:
                    state.failed = True
                    self._stop.set()
                else:
                    state.finished[part.name] = result
                state.changed.notify_all()

    def _next(self, lane: Lane, state: _State) -> Part | None:
        """The first part of this lane that can start; waits for one; None when there is none."""
        with state.changed:
            while not self._stop.is_set():
                ours = [name for name in state.waiting if self._graph.part(name).lane is lane]
                for name in ours:
                    part = self._graph.part(name)
                    if all(below in state.finished for below in part.depends_on):
                        state.waiting.remove(name)
                        return part
                if not ours:
                    return None
                state.changed.wait(1.0)
        return None

    def _attempt(self, part: Part, state: _State) -> Result | None:
        began = time.monotonic()
        log = self._store.log_of(part.name, self._graph.keys[part.name])
        try:
            return self._make(part, dict(state.finished), began)
        except CancelledBuildError:
            return None
        except BuildError as error:
            message = f"{error} The whole output is in {log}."
        except Exception as error:  # a mistake of ours must end the build too
            message = f"{type(error).__name__}: {error}. The output so far is in {log}."
        self._events.failed(part.name, time.monotonic() - began, message)
        return None

    def _make(self, part: Part, finished: Mapping[str, Result], began: float) -> Result:
        key = self._graph.keys[part.name]
        log = self._store.log_of(part.name, key)
        self._events.start(part.name, key, log)
        waiting = f"waiting for another build of {part.name}"
        with self._store.lock(
            part.name,
            cancelled=self._stop,
            on_wait=lambda: self._events.progress(part.name, waiting, None, None),
        ):
            found = self._store.find(part.name, key)
            if found is None:
                found = self._build_anew(part, key, finished)
                self._events.done(part.name, time.monotonic() - began, cached=False)
            else:
                self._events.done(part.name, time.monotonic() - began, cached=True)
            return found

    def _build_anew(self, part: Part, key: str, finished: Mapping[str, Result]) -> Result:
        began = time.monotonic()
        log = self._store.log_of(part.name, key)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("", encoding="utf-8")
        draft = self._store.draft(part.name, key)
        bench = Bench(
            part=part.name,
            key=key,
            settings=part.settings,
            sources=part.sources,
            folder=draft,
            inputs=finished,
            go_caches=self._store.go,
            log=log,
            cancelled=self._stop,
            events=self._events,
        )
        try:
            facts = part.build(bench)
            seconds = time.monotonic() - began
            return self._store.keep(part.name, key, draft=draft, seconds=seconds, facts=facts)
        finally:
            self._store.sweep(part.name)
