"""What earlier runs say about a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.model.errors import RootCauseError, UsageError
from harness.model.finding import Diagnosis, Finding, Outcome, Phase
from harness.model.refs import ObjectRef
from harness.model.run import Health, ObjectStatus, RunRecord, StageRecord, StageState
from harness.report.flakes import LAST, Past, remarks, remembered
from harness.report.flakes_file import KEPT, read_history, remember

API = ObjectRef("Deployment", "shop", "api")


def past(seconds: float = 100.0, *, failed: str = "", **more: object) -> Past:
    made = Past(
        at="2026-11-22T12:00:00+00:00",
        repository="shop",
        environment="dev",
        verdict="failed" if failed else "passed",
        seconds=seconds,
        reasons=(failed,) if failed else (),
        times={"stage sync": seconds / 2},
    )
    return replace(made, **more)  # type: ignore[arg-type]


def run(error: bool = False) -> RunRecord:
    state = StageState.FAILED if error else StageState.PASSED
    cause = RootCauseError(attempted="Bringing up", subject=str(API), seen="I01")
    finding = Finding(cause="I01", phase=Phase.IMAGE, object=API, seen="a", expected="b", fix="c")
    return RunRecord(
        run_id="r",
        environment="dev",
        repository="/somewhere/shop",
        command="",
        started_at="2026-11-22T12:00:00+00:00",
        seconds=61.23,
        stages=[
            StageRecord(
                name="ready", title="", state=state, seconds=9.96, error=cause if error else None
            )
        ],
        objects=[ObjectStatus(ref=API, health=Health.READY, ready_after_seconds=4.04)],
        facts={"revision": "abc"},
        diagnosis=Diagnosis(outcome=Outcome.FAILED, findings=(finding,)) if error else None,
    )


def test_a_run_is_remembered_by_name_with_its_times() -> None:
    kept = remembered(run())

    assert (kept.repository, kept.verdict, kept.seconds) == ("shop", "passed", 61.2)
    assert kept.times == {"stage ready": 10.0, "Deployment shop/api": 4.0}


def test_a_failed_run_is_remembered_with_its_root_cause() -> None:
    assert remembered(run(error=True)).reasons == ("I01 on Deployment shop/api",)


def test_usual_runs_are_no_remark() -> None:
    history = [past(seconds) for seconds in (90, 100, 110, 95)]

    assert remarks(past(112), history) == []


def test_a_slow_run_is_told_with_the_stage_that_took_it() -> None:
    history = [past(seconds) for seconds in (90, 100, 110)]

    assert remarks(past(180), history) == [
        "the run took 3 min 00 s, longer than each of the last 3 that passed (median 1 min 40 s)",
        "stage sync took 1 min 30 s, longer than each of the last 3 that passed (median 50 s)",
    ]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ([100, 100], 500),  # too few to compare with
        ([100, 100, 300], 250),  # one was slower
        ([4, 4, 4], 9),  # a few seconds are nothing
        ([100, 100, 100], 149),  # not half as long again
    ],
)
def test_what_may_be_chance_is_no_remark(before: list[float], now: float) -> None:
    assert remarks(past(now), [past(seconds) for seconds in before]) == []


def test_only_the_last_ten_that_passed_count_for_times() -> None:
    history = [past(500), *[past(100) for _ in range(LAST)], past(900, failed="stage sync")]

    assert remarks(past(400), history)[0].startswith("the run took 6 min 40 s")


def test_two_failures_in_ten_are_told_with_their_reasons() -> None:
    history = [past(failed="I01 on a"), *[past() for _ in range(7)], past(failed="I01 on a")]

    assert remarks(past(), history) == ["2 of the last 10 runs failed: I01 on a (2 times)"]


def test_one_failure_or_nothing_but_failures_is_no_flake() -> None:
    assert remarks(past(), [past(failed="I01 on a"), past()]) == []
    assert remarks(past(failed="I01 on a"), [past(failed="I01 on a")] * 3) == []


def test_the_same_revision_that_ended_otherwise_is_flaky() -> None:
    history = [past(failed="N02 on b", revision="0123456789")]

    assert remarks(past(revision="0123456789"), history) == [
        "flaky: the same revision 01234567 failed (N02 on b) at 2026-11-22T12:00:00+00:00"
    ]


def test_other_environments_and_repositories_do_not_count() -> None:
    others = [past(1, environment="prod"), past(1, repository="bookshop")] * 5

    assert remarks(past(500), others) == []


def test_an_interrupted_run_says_nothing() -> None:
    history = [past(failed="I01 on a", revision="abc")] * 3

    assert remarks(past(verdict="interrupted", revision="abc"), history) == []


def test_the_file_keeps_the_newest_and_gives_back_what_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "history" / "runs.jsonl"

    assert remember(path, past(1)) == []
    assert remember(path, past(2)) == [past(1)]
    for number in range(KEPT):
        remember(path, past(number))

    kept = read_history(path)
    assert (len(kept), kept[-1].seconds) == (KEPT, KEPT - 1)


def test_damaged_lines_are_dropped_and_fail_nothing(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    remember(path, past(1))
    path.write_text("null\n[]\n{}\nno\n" + path.read_text("utf-8") + '{"version":1}', "utf-8")

    assert remember(path, past(2)) == [past(1)]
    assert read_history(path) == [past(1), past(2)]


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--history FILE"):
        remember(tmp_path, past())
