"""Runs parts that depend on each other, side by side where they do not, and reports each.

The first failure stops the rest at their next sign of life and is raised. What a part does is its
own business; what is kept of it, too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Generic, TypeVar

from harness.bundle.progress import PartProgress, PartState, Report, StoppedError
from harness.io.clock import Clock
from harness.model.errors import HarnessError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[T]):
    """One piece of work."""

    name: str
    after: tuple[str, ...] = ()
    """Parts whose results it needs."""
    work: Callable[[Teller, Mapping[str, T]], T]


class Teller:
    """What a part tells about itself; telling is also where it is stopped."""

    def __init__(self, part: str, report: Report, *stops: threading.Event) -> None:
        self.cached = False
        """Set by a part that found its result in the cache."""
        self.detail = ""
        """The last thing told; shown with the end."""
        self._part = part
        self._report = report
        self._stops = stops
        self._log: Path | None = None

    def tell(
        self,
        detail: str,
        done: float | None = None,
        total: float | None = None,
        *,
        log: Path | None = None,
    ) -> None:
        """Says what happens now and how far it is.

        Raises:
            StoppedError: There is no point in going on.
        """
        self.check()
        self.detail = detail
        self._log = log or self._log
        self._send(PartState.RUNNING, done=done, total=total)

    def check(self) -> None:
        """Raises `StoppedError` where there is no point in going on."""
        if any(stop.is_set() for stop in self._stops):
            raise StoppedError

    def end(self, state: PartState, detail: str, seconds: float) -> None:
        """Says how it ended."""
        self.detail = detail
        self._send(state, seconds=seconds)

    def _send(
        self,
        state: PartState,
        *,
        done: float | None = None,
        total: float | None = None,
        seconds: float = 0.0,
    ) -> None:
        self._report(
            PartProgress(
                part=self._part,
                state=state,
                detail=self.detail,
                done=done,
                total=total,
                seconds=seconds,
                cached=self.cached,
                log=self._log,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Generic[T]):
    """The result of a part and how long it took."""

    result: T
    seconds: float


def run_parts(
    parts: Iterable[Part[T]],
    *,
    workers: int,
    clock: Clock,
    report: Report,
    cancelled: threading.Event,
) -> dict[str, Finished[T]]:
    """Runs all parts and returns what each made.

    Raises:
        HarnessError: What the first part that failed raised.
        StoppedError: The run was cancelled.
    """
    by_name = {part.name: part for part in parts}
    order = TopologicalSorter({part.name: part.after for part in by_name.values()})
    order.prepare()
    run = _Run(by_name, clock, report, cancelled)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            while order.is_active():
                for name in order.get_ready():
                    run.start(pool, name)
                for name in run.await_some():
                    order.done(name)
        finally:
            run.stop.set()
    return run.finished


class _Run(Generic[T]):
    """The state of one `run_parts`."""

    def __init__(
        self,
        parts: Mapping[str, Part[T]],
        clock: Clock,
        report: Report,
        cancelled: threading.Event,
    ) -> None:
        self.finished: dict[str, Finished[T]] = {}
        self.stop = threading.Event()
        self._cancelled = cancelled
        self._parts = parts
        self._clock = clock
        self._lock = threading.Lock()
        self._outer = report
        self._futures: dict[Future[Finished[T]], str] = {}
        for name in parts:
            report(PartProgress(part=name, state=PartState.WAITING))

    def start(self, pool: ThreadPoolExecutor, name: str) -> None:
        self._futures[pool.submit(self._work, self._parts[name])] = name

    def await_some(self) -> list[str]:
        """Waits until a part is done and returns the names of all that are."""
        done, _ = wait(self._futures, return_when=FIRST_COMPLETED)
        names = [(future, self._futures.pop(future)) for future in done]
        for future, name in names:
            self.finished[name] = future.result()
        return [name for _, name in names]

    def _work(self, part: Part[T]) -> Finished[T]:
        teller = Teller(part.name, self._report, self.stop, self._cancelled)
        began = self._clock.monotonic()
        try:
            teller.check()
            result = part.work(teller, {n: f.result for n, f in self.finished.items()})
        except BaseException as error:
            why = error.seen if isinstance(error, HarnessError) else "stopped"
            teller.end(PartState.FAILED, why, self._clock.monotonic() - began)
            raise
        seconds = self._clock.monotonic() - began
        teller.end(PartState.DONE, teller.detail, seconds)
        return Finished(result=result, seconds=seconds)

    def _report(self, progress: PartProgress) -> None:
        with self._lock:
            self._outer(progress)
