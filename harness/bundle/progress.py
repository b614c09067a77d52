"""What is going on, part by part: the one stream of values every long task of the bundle reports.

Building, pulling, saving and loading all speak it; `screen.py` shows it, the pipeline may show it
in its own way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class PartState(StrEnum):
    """Where a part stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartProgress:
    """One part as it is now."""

    part: str
    state: PartState
    detail: str = ""
    """What happens at the moment, or why it failed."""
    done: float | None = None
    """How much of `total` is done, in whatever unit the part counts; None where it cannot count."""
    total: float | None = None
    seconds: float = 0.0
    """How long it took; known at the end."""
    cached: bool = False
    """True when the part was there already and nothing had to be done."""
    log: Path | None = None

    @property
    def fraction(self) -> float | None:
        """The share that is done, 0 to 1; None where it is not known."""
        if self.done is None or not self.total:
            return None
        return min(max(self.done / self.total, 0.0), 1.0)


class StoppedError(Exception):
    """There is no point in going on: the run was cancelled, or another part failed."""


Report = Callable[[PartProgress], None]
"""Takes progress; is called from several threads, one call at a time."""


def stoppable(report: Report, cancelled: threading.Event) -> Report:
    """Returns a report that raises `StoppedError` once the run is cancelled."""

    def tell(progress: PartProgress) -> None:
        if cancelled.is_set():
            raise StoppedError
        report(progress)

    return tell
