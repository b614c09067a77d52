"""Runs a long program and hands over each line of its output while it runs.

The neighbour `process.py` runs short programs to their end. Here, too, the child gets its own
process group, a deadline, and an end when the run is cancelled; whatever way the call is left, no
process of the group stays behind. What the lines mean is the caller's.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Protocol

from harness.io.clock import Clock, SystemClock
from harness.io.process import Completed, end_group

KEPT_STDERR_LINES = 200
LOOK_SECONDS = 0.2
LAST_LOOKS = 5


class LineStreamer(Protocol):
    """Runs a program and reports its output line by line."""

    def stream(
        self,
        argv: Sequence[str],
        *,
        on_line: Callable[[str], None],
        deadline_seconds: float,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        grace_seconds: float = 20.0,
        cancelled: threading.Event | None = None,
    ) -> Completed:
        """Runs `argv`; `on_line` gets each line of stdout, without its end, in this thread.

        Once `cancelled` is set, the program is asked to end, and killed after the grace time.
        Returns how it ended, with the last lines of stderr and no stdout. Never raises for a
        failed program; what `on_line` raises ends the program and is passed on.
        """


class ProcessStreamer:
    """Streams real processes."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()

    def stream(
        self,
        argv: Sequence[str],
        *,
        on_line: Callable[[str], None],
        deadline_seconds: float,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        grace_seconds: float = 20.0,
        cancelled: threading.Event | None = None,
    ) -> Completed:
        """Runs `argv` in its own process group; see `LineStreamer.stream`."""
        command = tuple(argv)
        stop = cancelled or threading.Event()
        if stop.is_set():
            return _failed(command, cancelled=True)
        try:
            child = _start(command, cwd, env)
        except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
            return _failed(command, stderr=str(error), missing=True)
        output = _Output(child)
        limit = self._clock.monotonic() + deadline_seconds
        try:
            timed_out = self._deliver(child, output, on_line, limit, stop)
            if timed_out or stop.is_set():
                end_group(child, grace_seconds)
            child.wait()
        except BaseException:
            end_group(child, grace_seconds)
            raise
        finally:
            output.close()
        return Completed(
            argv=command,
            returncode=-1 if timed_out else child.returncode,
            stdout="",
            stderr="\n".join(output.stderr),
            timed_out=timed_out,
            cancelled=stop.is_set() and child.returncode != 0,
        )

    def _deliver(
        self,
        child: subprocess.Popen[str],
        output: _Output,
        on_line: Callable[[str], None],
        limit: float,
        stop: threading.Event,
    ) -> bool:
        """Hands over lines until the program is over; True when the deadline passed first."""
        looks_left = LAST_LOOKS
        while not stop.is_set():
            if self._clock.monotonic() > limit:
                return True
            try:
                line = output.lines.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                # A grandchild may hold the pipe open: the program itself decides when it is over.
                # On a busy machine its last lines may still be on their way.
                looks_left -= child.poll() is not None
                if not looks_left:
                    return False
                continue
            if line is None:
                return self._await_exit(child, limit, stop)
            on_line(line)
        return False

    def _await_exit(
        self, child: subprocess.Popen[str], limit: float, stop: threading.Event
    ) -> bool:
        while child.poll() is None and not stop.is_set():
            if self._clock.monotonic() > limit:
                return True
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(LOOK_SECONDS)
        return False


class _Output:
    """Reads both pipes in threads, so that neither can fill up while the other is read."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self.lines: queue.Queue[str | None] = queue.Queue()
        self.stderr: deque[str] = deque(maxlen=KEPT_STDERR_LINES)
        self._child = child
        self._threads = [
            threading.Thread(target=self._read_stdout, args=(child.stdout,), daemon=True),
            threading.Thread(target=self._read_stderr, args=(child.stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read_stdout(self, pipe: IO[str]) -> None:
        for line in _lines(pipe):
            self.lines.put(line)
        self.lines.put(None)

    def _read_stderr(self, pipe: IO[str]) -> None:
        self.stderr.extend(_lines(pipe))

    def close(self) -> None:
        """Waits for what is still in the pipes, ends those who hold them open, closes them."""
        for thread in self._threads:
            thread.join(1.0)
        if any(thread.is_alive() for thread in self._threads):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, signal.SIGKILL)
            for thread in self._threads:
                thread.join(1.0)
        for pipe in (self._child.stdout, self._child.stderr):
            if pipe is not None and not any(thread.is_alive() for thread in self._threads):
                pipe.close()


def _start(
    command: tuple[str, ...], cwd: Path | None, env: Mapping[str, str] | None
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def _lines(pipe: IO[str]) -> Iterable[str]:
    with contextlib.suppress(ValueError, OSError):
        for line in pipe:
            yield line.rstrip("\r\n")


def _failed(
    command: tuple[str, ...], *, stderr: str = "", missing: bool = False, cancelled: bool = False
) -> Completed:
    return Completed(
        argv=command,
        returncode=-1,
        stdout="",
        stderr=stderr,
        missing=missing,
        cancelled=cancelled,
    )
