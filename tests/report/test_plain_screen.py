from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.io.clock import Clock
from harness.model.run import Health, ObjectStatus, RunRecord, StageRecord, StageState
from harness.report.plain_screen import PlainScreen


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def screen(stream: io.StringIO, clock: Clock) -> PlainScreen:
    return PlainScreen(stream, clock=clock)


@pytest.fixture
def lines(stream: io.StringIO) -> Callable[[], list[str]]:
    """Returns what was written, without the seconds before each line."""
    return lambda: [re.sub(r"^ *[\d.]+ s  ", "", line) for line in stream.getvalue().splitlines()]


def record(state: StageState = StageState.RUNNING, **more: object) -> StageRecord:
    return StageRecord(name="images", title="Build images", state=state, **more)  # type: ignore[arg-type]


def status(run: RunRecord, number: int, health: Health, message: str = "") -> ObjectStatus:
    return ObjectStatus(ref=run.objects[number].ref, health=health, message=message)


def test_each_change_of_a_stage_is_printed_once(
    screen: PlainScreen, clock: Clock, lines: Callable[[], list[str]]
) -> None:
    changes = [
        record(StageState.WAITING),
        record(),
        record(detail="building order 3/5"),
        record(StageState.PASSED, seconds=41.2, detail="5 built"),
    ]
    for change in changes:
        for _ in range(3):
            screen.stage(change)
            clock.sleep(2)
            screen.tick()
    assert lines() == [
        "images: started",
        "images: building order 3/5",
        "images: passed after 41 s: 5 built",
    ]


def test_a_record_that_is_changed_in_place_is_noticed(
    screen: PlainScreen, lines: Callable[[], list[str]]
) -> None:
    stage = record()
    screen.stage(stage)
    stage.state, stage.seconds = StageState.FAILED, 3.0
    screen.stage(stage)
    assert lines() == ["images: started", "images: failed after 3.0 s"]


def test_details_that_change_faster_than_once_a_second_are_thinned_but_the_last_is_printed(
    screen: PlainScreen, clock: Clock, lines: Callable[[], list[str]]
) -> None:
    screen.stage(record())
    for percent in range(0, 100, 10):
        screen.stage(record(detail=f"{percent} %"))
        clock.sleep(0.05)
    clock.sleep(1)
    screen.tick()
    screen.tick()
    assert lines() == ["images: started", "images: 90 %"]


def test_every_line_begins_with_the_seconds_since_the_run_began(
    screen: PlainScreen, stream: io.StringIO, clock: Clock, passed_run: RunRecord
) -> None:
    screen.begin(passed_run)
    clock.sleep(12.34)
    screen.note("hello")
    assert stream.getvalue().splitlines()[-1] == "   12.3 s  note: hello"
    screen.finish(passed_run)


def test_a_note_is_printed_once_even_if_the_run_holds_it_too(
    screen: PlainScreen, lines: Callable[[], list[str]], passed_run: RunRecord
) -> None:
    screen.begin(passed_run)
    screen.note(passed_run.notes[0])
    screen.note(passed_run.notes[0])
    screen.finish(passed_run)
    assert lines().count(f"note: {passed_run.notes[0]}") == 1


def test_a_sign_of_life_comes_at_most_every_fifteen_seconds_and_only_while_something_runs(
    screen: PlainScreen, clock: Clock, lines: Callable[[], list[str]]
) -> None:
    screen.stage(record(started=0.0, detail="building order 3/5"))
    for _ in range(46):
        clock.sleep(1)
        screen.tick()
    beats = [line for line in lines() if line.startswith("still running")]
    assert len(beats) == 3
    assert beats[0] == "still running: images for 15 s, building order 3/5"
    screen.stage(record(StageState.PASSED, seconds=46.0))
    clock.sleep(60)
    screen.tick()
    assert len([line for line in lines() if line.startswith("still running")]) == 3


def test_an_object_is_printed_when_it_changes_and_not_again(
    screen: PlainScreen, lines: Callable[[], list[str]], passed_run: RunRecord
) -> None:
    waiting = status(passed_run, 0, Health.PROGRESSING, "readiness")
    ready = status(passed_run, 0, Health.READY)
    for statuses in ([waiting], [waiting], [ready], [ready]):
        screen.objects(statuses)
    assert lines() == [
        "StatefulSet musiccorp-dev/kafka is progressing: readiness",
        "StatefulSet musiccorp-dev/kafka is ready",
    ]


def test_many_objects_that_change_at_once_share_one_line(
    screen: PlainScreen, lines: Callable[[], list[str]], unready_run: RunRecord
) -> None:
    screen.objects(unready_run.objects)
    screen.objects(unready_run.objects)
    (line,) = lines()
    assert line.startswith("200 objects changed: 192 of 200 ready; waiting for StatefulSet")
    assert line.endswith("and 5 more")


def test_the_error_is_printed_last_and_once(
    screen: PlainScreen, stream: io.StringIO, failed_run: RunRecord
) -> None:
    screen.begin(failed_run)
    for stage in failed_run.stages:
        screen.stage(stage)
    screen.finish(failed_run, [Path("report/run.json"), Path("report/report.html")])
    text = stream.getvalue()
    assert text.count("Building the image") == 1
    assert text.index("report/report.html") < text.index("Building the image")
    assert text.rstrip().endswith(f"Evidence: {failed_run.evidence}")
    assert max(map(len, text.splitlines()[-12:])) <= 100


def test_finish_may_be_called_twice(
    screen: PlainScreen, stream: io.StringIO, passed_run: RunRecord
) -> None:
    screen.begin(passed_run)
    screen.finish(passed_run)
    once = stream.getvalue()
    screen.finish(passed_run)
    assert stream.getvalue() == once


def test_quiet_says_only_how_it_ended(
    stream: io.StringIO, clock: Clock, passed_run: RunRecord
) -> None:
    screen = PlainScreen(stream, clock=clock, quiet=True)
    screen.begin(passed_run)
    screen.stage(passed_run.stages[0])
    screen.note("x")
    screen.finish(passed_run, [Path("report/report.html")])
    assert [line.split(":")[0] for line in stream.getvalue().splitlines()] == ["Report", "PASSED"]


def test_a_closed_output_never_ends_the_run(clock: Clock, passed_run: RunRecord) -> None:
    stream = io.StringIO()
    screen = PlainScreen(stream, clock=clock)
    screen.begin(passed_run)
    stream.close()
    screen.note("nobody listens")
    screen.finish(passed_run)


def test_an_output_that_cannot_say_a_sign_says_a_question_mark(
    clock: Clock, failed_run: RunRecord
) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    screen = PlainScreen(stream, clock=clock)
    screen.begin(failed_run)
    screen.finish(failed_run)
    assert b"Stage ?Build and deliver images? failed" in raw.getvalue()


def test_no_line_holds_a_colour(
    screen: PlainScreen, stream: io.StringIO, awkward_run: RunRecord
) -> None:
    screen.begin(awkward_run)
    for stage in awkward_run.stages:
        screen.stage(stage)
    screen.objects(awkward_run.objects)
    screen.finish(awkward_run)
    assert "\x1b" not in stream.getvalue()


def test_lines_of_stages_that_run_side_by_side_are_never_mixed(
    screen: PlainScreen, lines: Callable[[], list[str]]
) -> None:
    def report(name: str) -> None:
        for number in range(100):
            state = StageState.RUNNING if number % 2 else StageState.PASSED
            screen.stage(StageRecord(name=name, title=name, state=state, seconds=1.0))

    threads = [threading.Thread(target=report, args=(name,)) for name in ("a" * 40, "b" * 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines()) == 200
    assert all(re.fullmatch(r"(a{40}|b{40}): (started|passed after 1.0 s)", x) for x in lines())
