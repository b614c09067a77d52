"""Waits on a view until a judgement holds for some seconds, fails for good, or time is over.

A judgement looks at the view and says how things stand; it is pure but for reading the view. A
`Standing` with `failed` ends the wait at once: the seam for root-cause verdicts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from harness.io.clock import Clock
from harness.model.run import ObjectStatus
from harness.watch.view import ClusterView

MAX_PAUSE_SECONDS = 1.0
DEBOUNCE_SECONDS = 0.1
READING = "reading the cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How things stand: whether the goal holds, one line for people, and the objects judged."""

    reached: bool
    line: str
    objects: tuple[ObjectStatus, ...] = ()
    failed: str = ""

    @property
    def count(self) -> str:
        """The head of the line: how many of how many; who is waited for stands behind it."""
        return self.line.partition(";")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How a wait ended, with the last standing; `timed_out` and `failed` exclude each other."""

    standing: Standing
    seconds: float
    timed_out: bool = False
    cancelled: bool = False

    @property
    def ok(self) -> bool:
        """True when the goal was reached and stayed."""
        return not (self.timed_out or self.cancelled or self.standing.failed)


def settle(
    view: ClusterView,
    judge: Callable[[ClusterView], Standing],
    *,
    clock: Clock,
    deadline_seconds: float,
    stable_seconds: float = 0.0,
    on_change: Callable[[Standing], None] = lambda _: None,
    cancelled: threading.Event | None = None,
) -> Settled:
    """Returns how the wait ended; never later than the deadline plus one judgement."""
    start, seen, shown = clock.monotonic(), -1, ""
    since: float | None = None
    while True:
        standing = judge(view) if view.complete else Standing(reached=False, line=READING)
        now = clock.monotonic()
        if standing.line != shown:
            shown = standing.line
            on_change(standing)
        since = (since if since is not None else now) if standing.reached else None
        if standing.failed or (since is not None and now - since >= stable_seconds):
            return Settled(standing=standing, seconds=now - start)
        if cancelled is not None and cancelled.is_set():
            return Settled(standing=standing, seconds=now - start, cancelled=True)
        left = deadline_seconds - (now - start)
        if left <= 0:
            return Settled(standing=standing, seconds=now - start, timed_out=True)
        clock.sleep(min(DEBOUNCE_SECONDS, left))
        pause = MAX_PAUSE_SECONDS if since is None else min(MAX_PAUSE_SECONDS, stable_seconds)
        seen = view.wait_for_change(seen, max(0.0, min(pause, left)))
