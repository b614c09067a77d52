"""The verdict of one round of the loop, and the last ten of them.

A round begins with a save (or the start, or a key) and ends with one word; while nothing is saved,
the cluster may change the word by itself. What a diagnosis says is not decided here.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from harness.model.audit import AuditFinding
from harness.model.errors import ExitCode
from harness.model.finding import Diagnosis

KEPT = 10


class Word(StrEnum):
    """How a round ended."""

    HEALTHY = "healthy"
    FAILED = "failed"
    """A root cause is certain."""
    STALLED = "stalled"
    """The time is over and no cause is certain; see the suspects."""
    RUNNER = "runner"
    """The machine is to blame."""
    BROKEN = "broken"
    """The tree cannot be read, rendered or built; the last good revision stays deployed."""
    SUPERSEDED = "superseded"
    """A newer revision was published before there was a verdict."""
    INTERRUPTED = "interrupted"


class Trigger(StrEnum):
    """What began a round, or changed its word."""

    START = "start"
    SAVE = "save"
    RETRY = "retry"
    FULL = "full run"
    CLUSTER = "cluster"
    """Nothing was saved; the cluster itself changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An error, taken apart so that it can be kept and shown."""

    kind: str
    paragraph: str
    exit_code: int
    file: str = ""
    """POSIX path relative to the repository; empty where it is not known."""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditChange:
    """What a save changed in the audit of the environment."""

    new: tuple[AuditFinding, ...] = ()
    gone: tuple[AuditFinding, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.gone)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopVerdict:
    """One verdict, with the times that led to it (seconds since the save)."""

    round: int
    word: Word
    trigger: Trigger
    at: float
    """Epoch seconds."""
    seconds: float
    synced_seconds: float | None = None
    """Until every Application was synced at the revision; None when it did not come to that."""
    pod_start_seconds: float | None = None
    """From the first creation to the last readiness of the pods that this round made."""
    revision: str = ""
    files: tuple[str, ...] = ()
    """What was saved, POSIX, relative to the repository."""
    steps: tuple[tuple[str, float], ...] = ()
    """What was done before anything reached the cluster, and the seconds of each."""
    built: tuple[str, ...] = ()
    """Images that were built or delivered for it."""
    replaced: int = 0
    """Pods that were replaced because their image changed under the same name."""
    line: str = ""
    """How things stood, in one line."""
    diagnosis: Diagnosis | None = None
    trouble: Trouble | None = None
    audit: AuditChange = AuditChange()

    @property
    def exit_code(self) -> int:
        """The exit code of a loop that ends with this verdict."""
        if self.trouble is not None:
            return self.trouble.exit_code
        return _EXIT_CODES[self.word]


_EXIT_CODES = {
    Word.HEALTHY: ExitCode.OK,
    Word.FAILED: ExitCode.ROOT_CAUSE,
    Word.STALLED: ExitCode.NOT_READY,
    Word.RUNNER: ExitCode.RUNNER,
    Word.BROKEN: ExitCode.REPOSITORY,
    Word.SUPERSEDED: ExitCode.INTERRUPTED,
    Word.INTERRUPTED: ExitCode.INTERRUPTED,
}


class History:
    """The newest verdicts; older ones are forgotten, so a day of saves takes no more memory."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept: deque[LoopVerdict] = deque(maxlen=kept)
        self._code: int = ExitCode.INTERRUPTED

    def add(self, verdict: LoopVerdict) -> None:
        """Takes a verdict; one that was superseded says nothing about the tree."""
        self._kept.append(verdict)
        if verdict.word is not Word.SUPERSEDED:
            self._code = verdict.exit_code

    @property
    def newest_first(self) -> tuple[LoopVerdict, ...]:
        """The kept verdicts."""
        return tuple(reversed(self._kept))

    @property
    def exit_code(self) -> int:
        """The exit code of the last verdict that counts; interrupted when there was none."""
        return int(self._code)


def audit_change(before: tuple[AuditFinding, ...], now: tuple[AuditFinding, ...]) -> AuditChange:
    """Returns what is new and what is gone; a finding is known by its rule, object and words."""
    old, new = {_key(f): f for f in before}, {_key(f): f for f in now}
    return AuditChange(
        new=tuple(f for key, f in new.items() if key not in old),
        gone=tuple(f for key, f in old.items() if key not in new),
    )


def _key(found: AuditFinding) -> tuple[str, str, str, str]:
    return found.rule, str(found.object), found.field, found.message
