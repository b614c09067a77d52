"""Time as a handle, so that tests move it and nobody else reads it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits."""

    def monotonic(self) -> float:
        """Returns seconds from an arbitrary start, never going back."""

    def now(self) -> datetime:
        """Returns the current time in UTC."""

    def sleep(self, seconds: float) -> None:
        """Waits that many seconds."""


class SystemClock:
    """The clock of this machine."""

    def monotonic(self) -> float:
        """Returns `time.monotonic()`."""
        return time.monotonic()

    def now(self) -> datetime:
        """Returns the current UTC time."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Waits that many seconds."""
        time.sleep(seconds)
