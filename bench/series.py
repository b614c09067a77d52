"""Holds many contests, some at once, each beginning some seconds after the one before.

Most of a contest is waiting: after the first seconds only tools that wait for their limit are left.
The distance keeps the start of one from disturbing the start of another.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from bench.case import Case
from bench.results import Measured

AT_ONCE = 3
FAULT_DISTANCE = 45.0
"""Seconds between the starts of two contests about faults: there, times count."""
CONTROL_DISTANCE = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One contest that is to be held."""

    case: Case
    by_engine: bool = False
    repetition: int = 0

    @property
    def route(self) -> str:
        """The way of delivery, as results name it."""
        return "argocd" if self.by_engine else "apply"

    @property
    def key(self) -> str:
        """The key of its measurement."""
        return f"{self.case.name}/{self.route}/{self.repetition}"


@dataclass(slots=True, kw_only=True)
class Pace:
    """Lets one after the other begin, some seconds apart; none after the end."""

    seconds: float
    end: float
    """Monotonic seconds."""
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def may_begin(self) -> bool:
        """Waits for its turn; tells whether there is time left then."""
        with self._lock:
            self.sleep(max(0.0, min(self._next, self.end) - self.now()))
            begins = self.now() < self.end
            self._next = self.now() + self.seconds
            return begins


def hold_all(
    due: Iterable[Due],
    hold: Callable[[Due], Measured],
    store: Callable[[Measured], None],
    *,
    at_once: int,
    pace: Pace,
) -> list[Due]:
    """Holds contests as the pace allows; returns those for which there was no time."""
    left: list[Due] = []
    storing = threading.Lock()

    def one(wanted: Due) -> None:
        if not pace.may_begin():
            left.append(wanted)
            return
        found = hold(wanted)
        with storing:
            store(found)

    with ThreadPoolExecutor(max_workers=at_once) as pool:
        begun = [pool.submit(one, wanted) for wanted in due]
        try:
            for future in begun:
                future.result()
        except BaseException:  # also when a signal ends the benchmark
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return left
