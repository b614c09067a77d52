"""What a process took: told by the kernel, whatever the process does."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.audit_clock import high_water_mib, timed


def test_the_high_water_mark_is_read_from_its_line() -> None:
    assert high_water_mib("Name:\tx\nVmPeak:\t9999 kB\nVmHWM:\t  2048 kB\n") == 2.0
    assert high_water_mib("Name:\tkthreadd\n") == 0.0


def test_output_and_code_of_a_process_are_kept(tmp_path: Path) -> None:
    line = 'echo "$WORD"; pwd; echo bad >&2; exit 3'
    found = timed(
        ("sh", "-c", line), folder=tmp_path, environment={"WORD": "good"}, limit_seconds=20
    )
    assert (found.code, found.errors) == (3, "bad\n")
    assert found.output == f"good\n{tmp_path}\n"
    assert 0 < found.seconds < 20
    assert found.peak_mib == 0


def test_a_process_ends_at_the_limit_with_all_that_it_started(tmp_path: Path) -> None:
    found = timed(
        ("sh", "-c", "sleep 60 & wait"), folder=tmp_path, environment={}, limit_seconds=0.3
    )
    assert found.code == -9
    assert found.seconds < 20


def test_the_memory_of_a_process_is_seen(tmp_path: Path) -> None:
    found = timed(("sleep", "0.4"), folder=tmp_path, environment={}, limit_seconds=20, memory=True)
    assert 0 < found.peak_mib < 100
    assert found.children_mib == 0


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        timed(("no-such-program",), folder=tmp_path, environment={}, limit_seconds=1)
