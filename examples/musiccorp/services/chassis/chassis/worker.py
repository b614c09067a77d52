"""A background thread that can be watched and stopped, and how long to wait after a failure.

A worker repeats one step until it is told to stop; an unexpected error in a step is logged and
followed by a growing pause, never by the end of the thread. Next: `events` and the outbox of the
order service are such steps; `health` reads the pulse.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from typing import TYPE_CHECKING

from chassis.health import CheckResult
from chassis.logs import Complaint

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Backoff", "Worker"]

log = logging.getLogger(__name__)


class Backoff:
    """Grows from `first_seconds` to `longest_seconds`, with jitter, until `reset`."""

    def __init__(
        self,
        *,
        first_seconds: float = 0.2,
        longest_seconds: float = 5.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._first = first_seconds
        self._longest = longest_seconds
        self._jitter = jitter
        self._failures = 0

    def next_seconds(self) -> float:
        """Returns the pause after one more failure, between half and all of the current step."""
        step = min(self._longest, self._first * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return step * (0.5 + 0.5 * self._jitter())

    def reset(self) -> None:
        """Starts again from the shortest pause; called after a success."""
        self._failures = 0


class Worker:
    """Runs `step` again and again in a thread of its own.

    A step gets the event that says "stop" and should return within a second or two, waiting on that
    event rather than sleeping.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[threading.Event], None],
        *,
        silence_seconds: float = 120.0,
        finish: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._step = step
        self._finish = finish
        self._silence_seconds = silence_seconds
        self._clock = clock
        self._stop = threading.Event()
        self._last_beat = clock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def name(self) -> str:
        """Names the worker in logs and in `/livez`."""
        return self._name

    def start(self) -> None:
        """Starts the thread; call it once."""
        self._last_beat = self._clock()
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Returns at once; the worker ends after the step it is in."""
        self._stop.set()

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Asks the worker to end and waits for it, so that what it holds is given back."""
        self.ask_to_stop()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)
        if self._thread.is_alive():
            log.warning("worker did not stop in time", extra={"worker": self._name})

    def pulse(self) -> CheckResult:
        """Fails when the thread is dead or has not finished a step for `silence_seconds`."""
        if not self._thread.is_alive():
            return CheckResult(ok=False, detail="thread is not running")
        silent = self._clock() - self._last_beat
        return CheckResult(
            ok=silent <= self._silence_seconds, detail=f"last seen {silent:.1f} s ago"
        )

    def _run(self) -> None:
        backoff, complaint = Backoff(), Complaint(log)
        while not self._stop.is_set():
            self._last_beat = self._clock()
            try:
                self._step(self._stop)
                backoff.reset()
                complaint.is_over()
            except Exception as error:
                pause = backoff.next_seconds()
                complaint.failed("worker step failed", error, worker=self._name, pause=pause)
                self._stop.wait(pause)
        if self._finish:
            self._finish()
        log.info("worker stopped", extra={"worker": self._name})
