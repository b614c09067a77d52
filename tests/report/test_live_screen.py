from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from harness.io.clock import Clock
from harness.model.run import Health, RunRecord, StageState
from harness.report.live_screen import LiveScreen
from harness.report.wording import clean


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def console(stream: io.StringIO) -> Console:
    return Console(file=stream, force_terminal=True, width=100, height=30, color_system=None)


@pytest.fixture
def screen(console: Console, clock: Clock) -> LiveScreen:
    return LiveScreen(console, clock=clock)


@pytest.fixture
def drawing(screen: LiveScreen) -> Callable[[], str]:
    """Returns what the terminal would show now."""

    def draw() -> str:
        out = io.StringIO()
        target = Console(file=out, width=100, height=30, force_terminal=True, color_system=None)
        target.print(screen._drawing())
        return out.getvalue()

    return draw


def row(text: str, title: str) -> str:
    return next(line for line in text.splitlines() if title in line)


def test_the_seconds_of_a_running_stage_go_on(
    screen: LiveScreen, drawing: Callable[[], str], clock: Clock, interrupted_run: RunRecord
) -> None:
    for stage in interrupted_run.stages:
        screen.stage(stage)
    clock.sleep(20)
    assert "16 s" in row(drawing(), "Build and deliver images")
    clock.sleep(5)
    assert "21 s" in row(drawing(), "Build and deliver images")
    assert "1.3 s" in row(drawing(), "Check this machine")


def test_stages_that_run_side_by_side_are_both_shown_as_running(
    screen: LiveScreen, drawing: Callable[[], str], interrupted_run: RunRecord
) -> None:
    for stage in interrupted_run.stages:
        screen.stage(stage)
    first, second = (
        row(drawing(), title) for title in ("Start the cluster", "Build and deliver images")
    )
    assert first[0] == second[0]
    assert first[0] not in "✔✖·"
    assert "building order 3/5" in second


def test_stages_planned_after_the_beginning_are_drawn_as_waiting_in_their_order(
    screen: LiveScreen, drawing: Callable[[], str], failed_run: RunRecord
) -> None:
    planned, failed_run.stages = failed_run.stages, []
    screen.begin(failed_run)
    failed_run.stages = planned
    for stage in reversed(planned[:4]):
        screen.stage(stage)
    text = drawing()
    screen.finish(failed_run)
    titles = [text.index(stage.title) for stage in planned]
    assert titles == sorted(titles)
    assert row(text, "Prove it from outside").startswith("·")


def test_a_stage_changed_later_in_place_is_drawn_as_it_was_reported(
    screen: LiveScreen, drawing: Callable[[], str], passed_run: RunRecord
) -> None:
    screen.stage(passed_run.stages[0])
    passed_run.stages[0].state = StageState.FAILED
    assert row(drawing(), "Check this machine").startswith("✔")


def test_objects_that_are_not_ready_are_listed_most_urgent_first(
    screen: LiveScreen, drawing: Callable[[], str], unready_run: RunRecord
) -> None:
    screen.objects(unready_run.objects)
    text = drawing()
    assert "192 of 200 workloads ready" in text
    assert text.index("stuck") < text.index("progressing") < text.index("not judged")
    assert "service-" not in text


def test_objects_that_are_all_ready_are_not_listed(
    screen: LiveScreen, drawing: Callable[[], str], passed_run: RunRecord
) -> None:
    screen.objects(passed_run.objects)
    assert "workloads ready" not in drawing()


def test_the_drawing_fits_the_terminal_with_two_hundred_objects_waiting(
    screen: LiveScreen, drawing: Callable[[], str], unready_run: RunRecord
) -> None:
    for stage in unready_run.stages:
        screen.stage(stage)
    screen.objects([s for s in unready_run.objects if s.health is not Health.READY] * 25)
    text = drawing()
    assert len(text.splitlines()) <= 30
    assert "and 188 more" in text


def test_foreign_text_is_not_read_as_markup(
    screen: LiveScreen, drawing: Callable[[], str], passed_run: RunRecord
) -> None:
    passed_run.stages[0].detail = "[/bold] [red]x[/red] :smile:"
    screen.stage(passed_run.stages[0])
    assert "[/bold] [red]x[/red] :smile:" in drawing()


def test_the_error_is_printed_last_and_once(
    screen: LiveScreen, stream: io.StringIO, failed_run: RunRecord
) -> None:
    screen.begin(failed_run)
    screen.finish(failed_run, [Path("report/run.json"), Path("report/report.html")])
    text = clean(stream.getvalue())
    assert text.count("Building the image") == 1
    assert text.index("report/report.html") < text.index("Building the image")
    assert text.rstrip().endswith(f"Evidence: {failed_run.evidence}")


def test_the_cursor_comes_back(
    screen: LiveScreen, stream: io.StringIO, passed_run: RunRecord
) -> None:
    screen.begin(passed_run)
    screen.finish(passed_run)
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")


def test_finish_may_be_called_twice(
    screen: LiveScreen, stream: io.StringIO, passed_run: RunRecord
) -> None:
    screen.begin(passed_run)
    screen.finish(passed_run)
    once = stream.getvalue()
    screen.finish(passed_run)
    assert stream.getvalue() == once


def test_a_note_is_printed_once(
    screen: LiveScreen, stream: io.StringIO, passed_run: RunRecord
) -> None:
    screen.begin(passed_run)
    screen.note(passed_run.notes[0])
    screen.note(passed_run.notes[0])
    screen.finish(passed_run)
    assert clean(stream.getvalue()).count(passed_run.notes[0]) == 1
