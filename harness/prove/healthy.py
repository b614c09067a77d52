"""Waits until every target is healthy, or it is clear that one will not be.

What is looked at is passed in; so is the clock. A target that fails is given a moment, because a
pod that has just come may not answer yet; one without any result is given longer, because checks
have to begin.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from harness.io.clock import Clock
from harness.prove.target_health import GroupHealth

FAILING_SECONDS = 8.0
CHECKING_SECONDS = 30.0
PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """How the targets stand at the end."""

    health: tuple[GroupHealth, ...]
    seconds: float
    failing: GroupHealth | None = None
    """The first group that is not healthy; None where all are."""


def await_healthy(
    look: Callable[[], tuple[GroupHealth, ...]],
    *,
    clock: Clock,
    stopped: threading.Event,
    say: Callable[[str], None],
) -> Waited:
    """Returns how the targets stand once all are healthy, one keeps failing, or time is over."""
    begun = quiet = clock.monotonic()
    while True:
        health, now = look(), clock.monotonic()
        waiting = [group for group in health if not group.settled]
        failing = next((group for group in waiting if group.unhealthy), None)
        quiet = quiet if failing else now
        is_over = now - quiet > FAILING_SECONDS or now - begun > CHECKING_SECONDS
        if not waiting or is_over or stopped.is_set():
            worst = failing or next(iter(waiting), None)
            return Waited(health=health, seconds=now - begun, failing=worst)
        say(str(failing or waiting[0]))
        clock.sleep(PAUSE_SECONDS)
