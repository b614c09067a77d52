"""Parts overlap where they may, wait where they must, and the first failure ends the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import pytest

from harness.bundle.parts import Part, Teller, run_parts
from harness.bundle.progress import PartProgress, PartState, StoppedError
from harness.io.clock import SystemClock
from harness.model.errors import BundleError

Work = Callable[[Teller, Mapping[str, str]], str]


def run(
    *parts: Part[str], told: list[PartProgress] | None = None, cancelled: bool = False
) -> dict[str, str]:
    stop = threading.Event()
    if cancelled:
        stop.set()
    report = (told if told is not None else []).append
    finished = run_parts(parts, workers=4, clock=SystemClock(), report=report, cancelled=stop)
    return {name: done.result for name, done in finished.items()}


def part(name: str, work: Work, *after: str) -> Part[str]:
    return Part(name=name, after=after, work=work)


def test_a_part_gets_the_results_it_waits_for() -> None:
    results = run(
        part("c", lambda _, r: r["a"] + r["b"] + "c", "a", "b"),
        part("a", lambda *_: "a"),
        part("b", lambda _, r: r["a"] + "b", "a"),
    )
    assert results == {"a": "a", "b": "ab", "c": "aabc"}


def test_independent_parts_overlap() -> None:
    barrier = threading.Barrier(3, timeout=10)

    def meet(*_: object) -> str:
        barrier.wait()
        return ""

    assert len(run(*(part(str(n), meet) for n in range(3)))) == 3


def test_every_part_is_told_from_waiting_to_done() -> None:
    told: list[PartProgress] = []

    def work(teller: Teller, _: Mapping[str, str]) -> str:
        teller.tell("halfway", 1, 2)
        teller.cached = True
        return ""

    run(part("a", work), told=told)
    assert [p.state for p in told] == [
        PartState.WAITING,
        PartState.RUNNING,
        PartState.DONE,
    ]
    assert told[1].fraction == 0.5
    assert told[2].cached


def test_the_first_failure_is_raised_and_ends_the_rest() -> None:
    told: list[PartProgress] = []
    failed = threading.Event()

    def fail(*_: object) -> str:
        failed.set()
        raise BundleError(attempted="a", subject="b", seen="no such thing")

    def long(teller: Teller, _: Mapping[str, str]) -> str:
        failed.wait(10)
        while True:
            teller.tell("still here")

    with pytest.raises(BundleError, match="no such thing"):
        run(part("bad", fail), part("long", long), part("later", fail, "long"), told=told)
    ends = {p.part: p.detail for p in told if p.state is PartState.FAILED}
    assert ends == {"bad": "no such thing", "long": "stopped"}


def test_a_cancelled_run_starts_nothing() -> None:
    def never(*_: object) -> str:
        raise AssertionError

    with pytest.raises(StoppedError):
        run(part("a", never), cancelled=True)
