"""What a tool said: failed, ready, nothing until its time was over, or nothing of use. Pure.

Exit codes alone do not tell a verdict from a timeout, nor from a tool that could not begin; the
time and the words do. The harness says its word in JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bench.case import Root

NEAR_THE_END = 0.95
"""A tool that ends with an error after this part of its time has waited it out."""
TIMED_OUT = re.compile(r"timed? ?out|deadline exceeded|TimeoutError|TimeoutExpired", re.IGNORECASE)
COULD_NOT_BEGIN = re.compile(
    r"no matching resources found|unknown flag|NotFoundError|ModuleNotFoundError|Traceback \(most",
)


class Word(StrEnum):
    """How a tool's answer counts."""

    FAILED = "failed"
    READY = "ready"
    NOTHING = "nothing"
    """It waited its whole time and said no more than that."""
    ERROR = "error"
    """It could not do its work."""


def said(code: int, seconds: float, limit_seconds: float, output: str) -> Word:
    """Returns the word of a tool that tells by its exit code."""
    if code == 0:
        return Word.READY
    if seconds >= limit_seconds * NEAR_THE_END:
        return Word.NOTHING
    if COULD_NOT_BEGIN.search(output) and not TIMED_OUT.search(output):
        return Word.ERROR
    return Word.FAILED


def names(output: str, telling: Sequence[str]) -> bool:
    """Tells whether an output holds every word that names the cause."""
    folded = output.casefold()
    return bool(telling) and all(word.casefold() in folded for word in telling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What `harness diagnose --json` said."""

    word: Word
    given: tuple[str, ...] = ()
    """`S07 Secret payment-login` of every finding."""
    first_seen: float | None = None
    """Epoch seconds of the earliest observation of a cause."""
    decided: float | None = None
    """Epoch seconds of the last decision."""


OUTCOMES = {
    "healthy": Word.READY,
    "failed": Word.FAILED,
    "runner": Word.FAILED,
    "stalled": Word.NOTHING,
    "progressing": Word.NOTHING,
}


def judgement(output: str, epoch: Any) -> Judgement:
    """Returns the judgement in the JSON that the harness printed.

    Args:
        output: Its standard output.
        epoch: Turns a time of the document into epoch seconds.
    """
    try:
        document = json.loads(output)
    except ValueError:
        return Judgement(word=Word.ERROR)
    found = document["findings"]
    return Judgement(
        word=OUTCOMES[document["verdict"]],
        given=tuple(_finding_text(f) for f in found),
        first_seen=min((epoch(f["first_seen"]) for f in found), default=None),
        decided=max((epoch(f["decided_at"]) for f in found), default=None),
    )


def root_texts(roots: Iterable[Root]) -> set[str]:
    """Returns the roots in the words of `Judgement.given`."""
    return {f"{r.cause} {r.kind} {r.name}" for r in roots}


def _finding_text(finding: dict[str, Any]) -> str:
    about = finding["object"]
    return f"{finding['cause']} {about['kind']} {about['name']}"
