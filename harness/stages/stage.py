"""What a stage is: a name, what it comes after, and an action that may say how it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.model.run import ObjectStatus, StageRecord, StageState


class Listener(Protocol):
    """Who is told how the run goes."""

    def stage(self, record: StageRecord) -> None:
        """A stage changed state or detail."""

    def objects(self, statuses: Sequence[ObjectStatus]) -> None:
        """The judged objects changed."""


class Voice:
    """What a running stage may say: one line of detail, and the objects it waits for."""

    def __init__(self, record: StageRecord, listener: Listener) -> None:
        self._record = record
        self._listener = listener

    def say(self, detail: str) -> None:
        """Replaces the stage's line of detail."""
        if self._record.state is not StageState.RUNNING:
            return  # the run was closed without this stage
        if detail != self._record.detail:
            self._record.detail = detail
            self._listener.stage(self._record)

    def objects(self, statuses: Sequence[ObjectStatus]) -> None:
        """Shows the objects that are waited for."""
        self._listener.objects(statuses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of a run: its action returns the line that sums it up."""

    name: str
    title: str
    after: tuple[str, ...]
    action: Callable[[Voice], str]
