from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest

from harness.io.clock import SystemClock
from harness.model.errors import ExitCode, ImageError
from harness.model.run import ObjectStatus, RunRecord, StageRecord, StageState
from harness.pipeline import run_stages
from harness.stages.stage import Stage, Voice


class Recording:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, StageState, str]] = []

    def stage(self, record: StageRecord) -> None:
        self.told.append((record.name, record.state, record.detail))

    def objects(self, statuses: Sequence[ObjectStatus]) -> None:
        raise AssertionError(statuses)


def _stage(name: str, *after: str, action: Callable[[Voice], str] = lambda _: "done") -> Stage:
    return Stage(name=name, title=name.title(), after=after, action=action)


def _run(*stages: Stage, cancelled: threading.Event | None = None) -> tuple[RunRecord, Recording]:
    run = RunRecord(run_id="r", environment="dev", repository="/r", command="c", started_at="now")
    listener = Recording()
    run_stages(
        stages, run, listener=listener, clock=SystemClock(),
        cancelled=cancelled or threading.Event(),
    )  # fmt: skip
    return run, listener


def _fail(_: Voice) -> str:
    raise ImageError(attempted="Building", subject="x", seen="no")


def test_a_stage_starts_only_after_what_it_comes_after() -> None:
    order: list[str] = []

    def note(name: str) -> Callable[[Voice], str]:
        return lambda _: order.append(name) or name

    run, _ = _run(
        _stage("a", action=note("a")),
        _stage("b", "a", action=note("b")),
        _stage("c", "b", action=note("c")),
    )

    assert order == ["a", "b", "c"]
    assert run.passed
    assert run.error is None


def test_independent_stages_run_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=5)

    def meet(_: Voice) -> str:
        meeting.wait()
        return "met"

    run, _ = _run(_stage("a", action=meet), _stage("b", action=meet))

    assert [s.detail for s in run.stages] == ["met", "met"]


def test_the_first_failure_stops_what_comes_after_and_wins() -> None:
    run, _ = _run(_stage("a", action=_fail), _stage("b", "a"), _stage("c", "b"))

    assert [s.state for s in run.stages] == [
        StageState.FAILED, StageState.SKIPPED, StageState.SKIPPED,
    ]  # fmt: skip
    assert not run.passed
    assert run.error is not None
    assert run.error.exit_code is ExitCode.IMAGE


def test_a_bug_of_ours_ends_the_run_as_an_internal_error() -> None:
    def bug(_: Voice) -> str:
        return {}["x"]

    run, _ = _run(_stage("a", action=bug))

    assert run.error is not None
    assert run.error.exit_code is ExitCode.INTERNAL
    assert "KeyError" in run.error.seen


def test_a_cancelled_run_starts_nothing_and_has_not_passed() -> None:
    event = threading.Event()
    event.set()

    run, _ = _run(_stage("a"), cancelled=event)

    assert run.stages[0].state is StageState.SKIPPED
    assert not run.passed
    assert run.error is None


def test_a_stage_says_each_detail_once() -> None:
    def talk(voice: Voice) -> str:
        for _ in range(3):
            voice.say("half")
        return "whole"

    _, listener = _run(_stage("a", action=talk))

    assert listener.told == [
        ("a", StageState.RUNNING, ""),
        ("a", StageState.RUNNING, "half"),
        ("a", StageState.PASSED, "whole"),
    ]


def test_a_wrong_order_is_a_defect_and_said() -> None:
    with pytest.raises(ValueError, match="comes after unknown"):
        _run(_stage("b", "a"), _stage("a"))
