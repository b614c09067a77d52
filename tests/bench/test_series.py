from __future__ import annotations

import pytest

from bench.faults import FAULTS
from bench.results import Measured
from bench.series import Due, Pace, hold_all


class FakeTime:
    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


def measured(due: Due) -> Measured:
    return Measured(
        case=due.case.name,
        route=due.route,
        repetition=due.repetition,
        visible=None,
        limit_seconds=1,
        attempts=(),
    )


def test_contests_begin_at_a_distance_and_none_after_the_end() -> None:
    clock = FakeTime()
    pace = Pace(seconds=45, end=200, now=clock.now, sleep=clock.sleep)
    begun = []
    while pace.may_begin():
        begun.append(clock.at)
    assert begun == [100, 145, 190]
    assert clock.at == 200


def test_what_was_held_is_stored_and_what_was_not_is_returned() -> None:
    clock = FakeTime()
    due = [Due(case=case) for case in FAULTS[:4]]
    stored: list[str] = []
    left = hold_all(
        due,
        measured,
        lambda found: stored.append(found.key),
        at_once=1,
        pace=Pace(seconds=45, end=150, now=clock.now, sleep=clock.sleep),
    )
    assert stored == [d.key for d in due[:2]]
    assert left == due[2:]


def test_a_contest_that_breaks_is_not_swallowed() -> None:
    def broken(_: Due) -> Measured:
        raise LookupError("no cluster")  # noqa: EM101

    clock = FakeTime()
    pace = Pace(seconds=1, end=1000, now=clock.now, sleep=clock.sleep)
    with pytest.raises(LookupError, match="no cluster"):
        hold_all([Due(case=FAULTS[0])], broken, lambda _: None, at_once=1, pace=pace)


def test_a_measurement_has_the_key_of_its_contest() -> None:
    due = Due(case=FAULTS[0], by_engine=True, repetition=2)
    assert measured(due).key == due.key == f"{FAULTS[0].name}/argocd/2"
