"""What is cut from an archive that is too big, in this order: logs, state of nodes, objects. Pure.

The record of the run, its timeline and its tree stay for as long as anything else can go: with them
the run can be judged and run again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from harness.reproduction.manifest import EVIDENCE

TIMELINE = f"{EVIDENCE}/timeline.jsonl.gz"
LONG_LOG = 64 * 1024
SHORT_LOG = 4 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One member with its content."""

    name: str
    data: bytes
    executable: bool = False
    link: str = ""


Step = Callable[[Sequence[Part]], tuple[Sequence[Part], str]]


def _shorter_logs(limit: int) -> Step:
    def step(parts: Sequence[Part]) -> tuple[Sequence[Part], str]:
        cut = [_tail(p, limit) if _is_log(p) else p for p in parts]
        number = sum(new is not old for new, old in zip(cut, parts, strict=True))
        return cut, f"{number} logs cut to their last {limit // 1024} KiB" if number else ""

    return step


def _without(what: str, is_such: Callable[[Part], bool]) -> Step:
    def step(parts: Sequence[Part]) -> tuple[Sequence[Part], str]:
        left = [p for p in parts if not is_such(p)]
        number = len(parts) - len(left)
        return left, f"{number} {what} left out" if number else ""

    return step


def _is_evidence(part: Part) -> bool:
    return part.name.startswith(f"{EVIDENCE}/")


def _is_log(part: Part) -> bool:
    return _is_evidence(part) and part.name.endswith((".log", ".txt"))


def _tail(part: Part, limit: int) -> Part:
    if len(part.data) <= limit:
        return part
    kept = part.data[-limit:]
    return replace(part, data=kept[kept.find(b"\n") + 1 :])


STEPS: tuple[Step, ...] = (
    _shorter_logs(LONG_LOG),
    _shorter_logs(SHORT_LOG),
    _without("logs", _is_log),
    _without("objects", lambda p: _is_evidence(p) and p.name != TIMELINE),
    _without("timeline", lambda p: p.name == TIMELINE),
)
