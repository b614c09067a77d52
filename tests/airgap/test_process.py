"""Programs end by themselves, by their deadline or by cancellation, and always with a reason."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from airgap.errors import BuildError, CancelledBuildError
from airgap.process import Command, run, tail_of


def shell(script: str, deadline_seconds: float = 20) -> Command:
    return Command(words=["sh", "-c", script], deadline_seconds=deadline_seconds)


def gone(pid: int) -> bool:
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_lines_are_returned_followed_and_logged(tmp_path: Path, going_on: threading.Event) -> None:
    log = tmp_path / "log"
    followed: list[str] = []
    command = shell("echo one; echo two >&2")
    assert run(command, log=log, cancelled=going_on, on_line=followed.append) == ["one", "two"]
    assert followed == ["one", "two"]
    assert log.read_text().splitlines() == [f"$ {command}", "one", "two"]


def test_a_failure_tells_the_command_the_status_and_the_last_lines(
    tmp_path: Path, going_on: threading.Event
) -> None:
    with pytest.raises(BuildError) as error:
        run(shell("echo no such host; exit 3"), log=tmp_path / "log", cancelled=going_on)
    assert "status 3" in str(error.value)
    assert str(error.value).endswith("no such host")


def test_a_program_that_does_not_exist_is_named(tmp_path: Path, going_on: threading.Event) -> None:
    absent = Command(words=["/nonexistent/program"], deadline_seconds=5)
    with pytest.raises(BuildError, match="/nonexistent/program"):
        run(absent, log=tmp_path / "log", cancelled=going_on)


def test_a_deadline_ends_the_program_and_its_children(
    tmp_path: Path, going_on: threading.Event
) -> None:
    child = tmp_path / "child"
    with pytest.raises(BuildError, match=r"did not end within 1 seconds"):
        run(
            shell(f"sleep 60 & echo $! > '{child}'; wait", deadline_seconds=1),
            log=tmp_path / "log",
            cancelled=going_on,
        )
    assert gone(int(child.read_text()))


def test_cancelling_ends_the_program_and_its_children(tmp_path: Path) -> None:
    child = tmp_path / "child"
    cancelled = threading.Event()

    def cancel_on_first_line(_line: str) -> None:
        cancelled.set()

    with pytest.raises(CancelledBuildError):
        run(
            shell(f"sleep 60 & echo $! > '{child}'; echo begun; wait"),
            log=tmp_path / "log",
            cancelled=cancelled,
            on_line=cancel_on_first_line,
        )
    assert gone(int(child.read_text()))


def test_the_tail_leaves_out_empty_lines_and_colours() -> None:
    assert tail_of(["first", "", "\x1b[91mE: broken\x1b[0m", "  "], count=1) == "E: broken"
    assert tail_of([]) == "it said nothing"
