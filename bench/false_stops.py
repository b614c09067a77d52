"""Repeats the slow but healthy cases, to count who calls them failed.

Several are held at once: what is counted is what a tool says, not how long it takes, and a busy
machine is where early verdicts go wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from bench.case import Case
from bench.contest import Ring, hold
from bench.results import Measured
from bench.verdict import Word

AT_ONCE = 2


def repeated(cases: Iterable[Case], repetitions: int) -> list[tuple[Case, int]]:
    """Returns every case with the number of each of its repetitions, round by round."""
    listed = list(cases)
    return [(case, number) for number in range(repetitions) for case in listed]


def hold_all(
    ring: Ring,
    due: Iterable[tuple[Case, int]],
    *,
    seconds: float,
    store: Callable[[Measured], None],
    may_begin: Callable[[], bool],
) -> None:
    """Holds the contests that are due, some at once, as long as new ones may begin."""

    def one(pair: tuple[Case, int]) -> None:
        case, repetition = pair
        if may_begin():
            ring.say(f"{case.name}, repetition {repetition + 1}")
            store(hold(ring, case, seconds=seconds, repetition=repetition))

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        for _ in pool.map(one, due):
            pass


def counts(found: Iterable[Measured], contestant: str) -> dict[str, dict[str, int]]:
    """Returns for each case how often a contestant said each word."""
    counted: dict[str, dict[str, int]] = {}
    for measured in found:
        for attempt in measured.attempts:
            if attempt.contestant == contestant:
                words = counted.setdefault(measured.case, dict.fromkeys(Word, 0))
                words[attempt.word] += 1
    return counted
