"""Keeps what is known about every part while a bundle is made, for whoever shows it.

Turns the stream of `PartProgress` into a state: what waits, what runs since when, what is done and
how long it took. How that looks is `screen.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from harness.bundle.progress import PartProgress, PartState
from harness.io.clock import Clock


class Change(StrEnum):
    """What a report changed that is worth a line."""

    NONE = "none"
    STARTED = "started"
    FINISHED = "finished"


@dataclass(slots=True)
class Board:
    """All parts as they are now."""

    clock: Clock
    parts: dict[str, PartProgress] = field(default_factory=dict)
    began: float = 0.0
    _started: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.began = self.clock.monotonic()

    def take(self, progress: PartProgress) -> Change:
        """Takes a report and returns what it changed."""
        name = progress.part
        before = self.parts.get(name)
        self.parts[name] = progress
        if progress.state is PartState.RUNNING:
            if name not in self._started:
                self._started[name] = self.clock.monotonic()
                return Change.STARTED
        elif progress.state in {PartState.DONE, PartState.FAILED}:
            if not progress.seconds:
                # Saving and loading do not measure; what was seen from here is good enough.
                self.parts[name] = replace(progress, seconds=self.running_seconds(name))
            self._started.pop(name, None)
            if before is None or before.state is not progress.state:
                return Change.FINISHED
        return Change.NONE

    def in_state(self, state: PartState) -> list[PartProgress]:
        """Returns the parts of a state, those that run longest first."""
        found = [part for part in self.parts.values() if part.state is state]
        return sorted(found, key=lambda p: self._started.get(p.part, 0.0))

    @property
    def cached(self) -> list[PartProgress]:
        """Parts that were there already."""
        return [p for p in self.in_state(PartState.DONE) if p.cached]

    @property
    def made(self) -> list[PartProgress]:
        """Parts that were made, the slowest first."""
        made = [p for p in self.in_state(PartState.DONE) if not p.cached]
        return sorted(made, key=lambda p: -p.seconds)

    def running_seconds(self, part: str) -> float:
        """Returns for how long a part has been running."""
        return self.clock.monotonic() - self._started.get(part, self.clock.monotonic())

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return self.clock.monotonic() - self.began

    @property
    def counts(self) -> str:
        """How many parts are done, in words."""
        done = len(self.in_state(PartState.DONE))
        return f"{done} of {len(self.parts)} parts done"


def amount(progress: PartProgress) -> str:
    """Returns how far a part is: a percentage, a number, or nothing."""
    fraction = progress.fraction
    if fraction is not None:
        return f"{fraction:.0%}"
    return "" if progress.done is None else quantity(progress.done)


def quantity(number: float) -> str:
    """Returns a number for people; large ones are bytes."""
    return f"{number / 2**20:.0f} MiB" if number >= 1 << 20 else f"{number:.0f}"


def duration(seconds: float) -> str:
    """Returns seconds for people: `0.4 s`, `37 s`, `6 min 36 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"
