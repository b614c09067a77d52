from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from harness.watch.settle import Settled, Standing, settle
from harness.watch.view import ClusterView


class SteppingClock:
    """Moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class QuietView(ClusterView):
    """A view in which nothing is watched; waiting moves the clock."""

    def __init__(self, clock: SteppingClock) -> None:
        self._clock = clock

    @property
    def complete(self) -> bool:
        return True

    def wait_for_change(self, seen: int, seconds: float) -> int:
        self._clock.sleep(seconds)
        return seen + 1


def _settle(
    script: Callable[[float], Standing],
    *,
    deadline: float = 30,
    stable: float = 0,
    lines: list[str] | None = None,
    cancelled: threading.Event | None = None,
) -> Settled:
    clock = SteppingClock()
    return settle(
        QuietView(clock),
        lambda _: script(clock.time),
        clock=clock,
        deadline_seconds=deadline,
        stable_seconds=stable,
        on_change=lambda s: lines.append(s.line) if lines is not None else None,
        cancelled=cancelled,
    )


def test_a_goal_must_hold_for_the_stable_time() -> None:
    ended = _settle(lambda t: Standing(reached=t >= 3, line="x"), stable=5)

    assert ended.ok
    assert 8 <= ended.seconds < 10


def test_flapping_does_not_count_as_stable() -> None:
    ended = _settle(lambda t: Standing(reached=int(t) % 4 != 0, line="x"), stable=5, deadline=20)

    assert ended.timed_out
    assert not ended.ok


def test_the_deadline_ends_the_wait_with_the_last_standing() -> None:
    ended = _settle(lambda t: Standing(reached=False, line=f"{t:.0f}"), deadline=7)

    assert ended.timed_out
    assert 7 <= ended.seconds < 8.2
    assert ended.standing.line == "7"


def test_a_certain_failure_ends_the_wait_at_once() -> None:
    ended = _settle(lambda t: Standing(reached=False, line="x", failed="I01" if t > 2 else ""))

    assert ended.standing.failed == "I01"
    assert not ended.timed_out
    assert ended.seconds < 4


def test_an_unchanged_line_is_shown_once() -> None:
    lines: list[str] = []
    _settle(lambda t: Standing(reached=t > 5, line="late" if t > 3 else "early"), lines=lines)

    assert lines == ["early", "late"]


def test_a_cancelled_run_stops_waiting() -> None:
    event = threading.Event()
    event.set()

    ended = _settle(lambda _: Standing(reached=False, line="x"), cancelled=event)

    assert ended.cancelled
    assert not ended.ok
