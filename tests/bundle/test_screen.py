"""What is shown: starts, ends, a sign of life, and the seconds at the end."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from harness.bundle.board import Board, Change, amount, duration, quantity
from harness.bundle.progress import PartProgress, PartState
from harness.bundle.screen import LiveScreen, PlainScreen, choose_screen


@dataclass
class Clock:
    """Time that the test moves."""

    time: float = 100.0

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


def running(part: str, detail: str = "", done: float | None = None, **more: object) -> PartProgress:
    total, log = more.get("total"), more.get("log")
    assert total is None or isinstance(total, float)
    assert log is None or isinstance(log, Path)
    return PartProgress(
        part=part, state=PartState.RUNNING, detail=detail, done=done, total=total, log=log
    )


def done(part: str, seconds: float = 0.0, *, cached: bool = False) -> PartProgress:
    return PartProgress(part=part, state=PartState.DONE, seconds=seconds, cached=cached)


def plain(clock: Clock) -> tuple[PlainScreen, io.StringIO]:
    out = io.StringIO()
    return PlainScreen(Console(file=out, width=40), clock), out


def test_lines_tell_starts_ends_and_at_last_the_seconds() -> None:
    clock = Clock()
    screen, out = plain(clock)
    with screen:
        screen.report(done("base", cached=True))
        screen.report(running("go", log=Path("/c/logs/go.log")))
        screen.report(running("go", "compiling"))
        clock.time += 400
        screen.report(done("go", 396.4))
        screen.report(running("kafka"))
        screen.report(done("kafka", 4.2))
    assert out.getvalue().splitlines() == [
        "cached 1 parts: base",
        "start  go (log /c/logs/go.log)",
        "done   go in 6 min 36 s",
        "start  kafka",
        "done   kafka in 4.2 s",
        "   396.4 s  go",
        "     4.2 s  kafka",
        "3 of 3 parts done in 6 min 40 s",
    ]


def test_a_sign_of_life_names_what_runs_how_far_and_for_how_long() -> None:
    clock = Clock()
    screen, out = plain(clock)
    screen.beat()
    screen.report(running("go", "compiling", 30.0, total=40.0))
    clock.time += 30
    screen.report(running("argocd", "saving", 5.0 * 2**20))
    clock.time += 12
    screen.beat()
    assert out.getvalue().splitlines()[-1] == (
        "still  go for 42 s, compiling, 75%; argocd for 12 s, saving, 5 MiB (0 of 2 parts done)"
    )


def test_the_sign_of_life_comes_by_itself() -> None:
    came = threading.Event()

    class Out(io.StringIO):
        def write(self, text: str) -> int:
            if "still" in text:
                came.set()
            return super().write(text)

    screen = PlainScreen(Console(file=Out()), Clock(), heartbeat_seconds=0.02)
    with screen:
        screen.report(running("go"))
        assert came.wait(10)


def test_a_failure_is_told_with_its_reason_and_log() -> None:
    screen, out = plain(Clock())
    with screen:
        screen.report(running("go", log=Path("/c/go.log")))
        screen.report(
            PartProgress(
                part="go",
                state=PartState.FAILED,
                detail="out of memory",
                seconds=3,
                log=Path("/c/go.log"),
            )
        )
    assert "failed go after 3.0 s: out of memory (log /c/go.log)" in out.getvalue()


def test_nothing_is_said_about_nothing() -> None:
    screen, out = plain(Clock())
    with screen:
        pass
    assert out.getvalue() == ""


def test_the_live_screen_shows_parts_side_by_side_and_closes_with_the_seconds() -> None:
    clock, out = Clock(), io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, color_system=None)
    screen = choose_screen(console, clock)
    assert isinstance(screen, LiveScreen)
    with screen:
        screen.report(PartProgress(part="later", state=PartState.WAITING))
        screen.report(running("go", "compiling", 3.0, total=4.0, log=Path("/c/logs/go.log")))
        screen.report(running("kafka", "downloading", 12.0))
        clock.time += 9.95
        with console.capture() as captured:
            console.print(screen._render())
        screen.report(done("go", 9.0))
        screen.report(done("kafka", 10.0))
        screen.report(done("later", cached=True))
    picture = captured.get()
    for text in (
        "go",
        "compiling",
        "go.log",
        "logs in /c/logs",
        "kafka",
        "12",
        "10 s",
        "waiting: later",
    ):
        assert text in picture
    end = out.getvalue().splitlines()[-1]
    assert "3 of 3 parts done, 1 of them from the cache, in 10 s" in end


def test_elsewhere_than_on_a_terminal_lines_are_chosen() -> None:
    assert isinstance(choose_screen(Console(file=io.StringIO()), Clock()), PlainScreen)


def test_the_board_knows_what_changed() -> None:
    board = Board(Clock())
    assert board.take(PartProgress(part="a", state=PartState.WAITING)) is Change.NONE
    assert board.take(running("a")) is Change.STARTED
    assert board.take(running("a", "more")) is Change.NONE
    assert board.take(done("a")) is Change.FINISHED
    assert board.take(done("a")) is Change.NONE
    assert board.counts == "1 of 1 parts done"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (119.4, "119 s"), (396, "6 min 36 s")],
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_amounts_are_for_people() -> None:
    assert amount(running("a")) == ""
    assert amount(running("a", done=7.0)) == "7"
    assert amount(running("a", done=9.0, total=4.0)) == "100%"
    assert quantity(3 * 2**20) == "3 MiB"
