"""Lines arrive while the program runs, and nothing of it survives the call."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.io.process import Completed
from harness.io.stream import ProcessStreamer


def python(source: str) -> list[str]:
    return [sys.executable, "-c", source]


def run(argv: list[str], *, deadline_seconds: float = 20) -> tuple[Completed, list[str]]:
    lines: list[str] = []
    streamer = ProcessStreamer()
    done = streamer.stream(argv, on_line=lines.append, deadline_seconds=deadline_seconds)
    return done, lines


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


def wait_until_gone(pid: int) -> bool:
    for _ in range(100):
        if not is_alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_lines_come_in_order_and_stderr_is_kept() -> None:
    done, lines = run(
        python("import sys; print('a'); print('b\\r'); sys.stderr.write('why\\n'); sys.exit(3)")
    )
    assert lines == ["a", "b"]
    assert (done.returncode, done.stderr, done.stdout) == (3, "why", "")


def test_a_line_arrives_while_the_program_still_runs(tmp_path: Path) -> None:
    go = tmp_path / "go"
    source = (
        "import pathlib, time\nprint('first', flush=True)\n"
        f"while not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)\nprint('second')"
    )
    done = ProcessStreamer().stream(
        python(source), on_line=lambda _: go.touch(), deadline_seconds=20
    )
    assert done.ok


def test_much_output_on_both_pipes_does_not_hang() -> None:
    source = (
        "import sys\nfor n in range(20000):\n"
        "    print('o' * 50)\n    sys.stderr.write('e' * 50 + '\\n')"
    )
    done, lines = run(python(source))
    assert done.ok
    assert len(lines) == 20000
    assert len(done.stderr.splitlines()) == 200


def test_bytes_that_are_no_text_do_not_matter() -> None:
    done, lines = run(python("import sys; sys.stdout.buffer.write(b'\\xff\\n')"))
    assert done.ok
    assert lines == ["\ufffd"]


def test_a_missing_program_is_data() -> None:
    done, lines = run(["/nowhere/program"])
    assert done.missing
    assert lines == []


def test_the_deadline_ends_a_silent_program() -> None:
    began = time.monotonic()
    done, _ = run(python("import time; time.sleep(60)"), deadline_seconds=0.3)
    assert done.timed_out
    assert done.returncode == -1
    assert time.monotonic() - began < 10


def test_a_program_that_closed_its_output_still_meets_the_deadline() -> None:
    done, _ = run(python("import os, time; os.close(1); time.sleep(60)"), deadline_seconds=0.5)
    assert done.timed_out


def test_a_signal_is_told() -> None:
    done, _ = run(python("import os, signal; os.kill(os.getpid(), signal.SIGTERM)"))
    assert done.returncode == -signal.SIGTERM
    assert not done.cancelled


def test_cancelling_ends_the_whole_group() -> None:
    streamer, cancelled = ProcessStreamer(), threading.Event()
    source = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\ntime.sleep(60)"
    )
    pids: list[int] = []

    def on_line(line: str) -> None:
        pids.append(int(line))
        threading.Timer(0.1, cancelled.set).start()

    done = streamer.stream(
        python(source), on_line=on_line, deadline_seconds=20, cancelled=cancelled
    )
    assert done.cancelled
    assert wait_until_gone(pids[0])
    refused = streamer.stream(
        python("print(1)"), on_line=on_line, deadline_seconds=5, cancelled=cancelled
    )
    assert refused.cancelled


def test_a_program_that_ignores_the_request_is_killed() -> None:
    cancelled = threading.Event()
    source = (
        "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(os.getpid(), flush=True)\ntime.sleep(60)"
    )
    pids: list[int] = []

    def on_line(line: str) -> None:
        pids.append(int(line))
        cancelled.set()

    done = ProcessStreamer().stream(
        python(source),
        on_line=on_line,
        deadline_seconds=20,
        grace_seconds=0.2,
        cancelled=cancelled,
    )
    assert done.cancelled
    assert wait_until_gone(pids[0])


def test_what_the_listener_raises_ends_the_program_and_is_passed_on() -> None:
    pids: list[int] = []

    def on_line(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ProcessStreamer().stream(
            python("import os, time; print(os.getpid(), flush=True); time.sleep(60)"),
            on_line=on_line,
            deadline_seconds=20,
        )
    assert wait_until_gone(pids[0])


def test_a_grandchild_that_holds_the_pipe_does_not_hold_us() -> None:
    source = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)"
    )
    began = time.monotonic()
    done, lines = run(python(source))
    assert done.ok
    assert time.monotonic() - began < 10
    assert wait_until_gone(int(lines[0]))
