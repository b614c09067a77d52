"""How often each tool called a slow but healthy deployment failed. Pure.

The cases are repeated, several at once: what is counted is what a tool says, not how long it takes,
and a busy machine is where early verdicts go wrong.
"""

from __future__ import annotations

from collections.abc import Iterable

from bench.case import Case
from bench.results import Measured
from bench.series import Due
from bench.verdict import Word


def repeated(cases: Iterable[Case], repetitions: int) -> list[Due]:
    """Returns every case with the number of each of its repetitions, round by round."""
    listed = list(cases)
    return [Due(case=case, repetition=number) for number in range(repetitions) for case in listed]


def counts(found: Iterable[Measured], contestant: str) -> dict[str, dict[str, int]]:
    """Returns for each case how often a contestant said each word."""
    counted: dict[str, dict[str, int]] = {}
    for measured in found:
        for attempt in measured.attempts:
            if attempt.contestant == contestant:
                words = counted.setdefault(measured.case, dict.fromkeys(Word, 0))
                words[attempt.word] += 1
    return counted
