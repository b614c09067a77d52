"""What happens to a loop, how it is to behave, and by which means it acts."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from harness.loop.preparing import Prepared, prepare
from harness.loop.screen import LoopScreen
from harness.loop.session import Session
from harness.loop.start import Starting
from harness.loop.verdicts import Word
from harness.loop.waiting import Listeners, Round, Wait
from harness.stages.context import Context
from harness.stages.stage import Listener

HELP = (
    "l log of the marked or failing workload   up/down mark   r retry   e evidence   "
    "f full run with proof   ? keys   q quit"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """Files were written."""

    files: tuple[str, ...]
    at: float
    """Monotonic seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A key was pressed that begins something."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quit:
    """The loop is to end."""


Event = Saved | Pressed | Quit


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How the loop is to behave."""

    once_green: bool = False
    """End at the first green verdict."""
    down: bool = False
    """Remove the cluster at the end."""


class Beginning(Protocol):
    """Brings machine, tree and cluster up."""

    def machine(self) -> None:
        """Examines the machine and finds the bundle."""

    def tree(self) -> None:
        """Renders the tree and plans its images."""

    def cluster(self) -> Session:
        """Starts or reuses the cluster."""


class Waiting(Protocol):
    """Waits for the verdict on one revision."""

    word: Word | None

    @property
    def context(self) -> Context:
        """The context of the round."""

    @property
    def round(self) -> Round:
        """The round."""

    def start(self) -> None:
        """Begins to wait."""

    def cancel(self, word: Word = Word.SUPERSEDED) -> None:
        """Ends the waiting soon."""

    def join(self, seconds: float) -> None:
        """Waits for the end of it."""


def _waiting(round_: Round, prepared: Prepared, listeners: Listeners) -> Waiting:
    return Wait(round=round_, prepared=prepared, listeners=listeners)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """By which means a loop acts; the real ones by default."""

    begin: Callable[[Context, LoopScreen], Beginning] = Starting
    prepare: Callable[[Session, tuple[str, ...], Listener], Prepared] = prepare
    wait: Callable[[Round, Prepared, Listeners], Waiting] = _waiting


def coalesced(first: Saved, events: queue.SimpleQueue[Event]) -> Saved:
    """Joins a save with those that came while a round was prepared; other events stay queued."""
    files, others = list(first.files), []
    with contextlib.suppress(queue.Empty):
        while True:
            event = events.get_nowait()
            if isinstance(event, Saved):
                files += event.files
            else:
                others.append(event)
    for event in others:
        events.put(event)
    return Saved(files=tuple(dict.fromkeys(files)), at=first.at)
