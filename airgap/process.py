"""Runs a program with its output in a log, a deadline and an ear for cancellation.

The one place where processes are started. Each runs in a group of its own, so that ending it ends
its children too. What is run and why is decided by the builders.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from airgap.errors import BuildError, CancelledBuildError

GRACE_SECONDS = 5.0
"""Between asking a process group to end and ending it."""
_POLL_SECONDS = 0.1
_TAIL_LINES = 12
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def ignore_line(_line: str) -> None:
    """Takes a line of output and does nothing with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to run and how long it may take."""

    words: Sequence[str]
    deadline_seconds: float
    cwd: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the environment of this program."""

    def __str__(self) -> str:
        return shlex.join(self.words)


def run(
    command: Command,
    *,
    log: Path,
    cancelled: threading.Event,
    on_line: Callable[[str], None] = ignore_line,
) -> list[str]:
    """Runs a program to its end and returns its lines (standard output and error together).

    Raises:
        BuildError: it cannot be started, failed, or did not end in time.
        CancelledBuildError: the build was told to stop; the program was ended.
    """
    with log.open("a", encoding="utf-8", errors="replace") as file:
        file.write(f"$ {command}\n")
        file.flush()
        process = _start(command)
        lines: list[str] = []

        def take() -> None:
            for line in process.stdout or ():
                lines.append(line.rstrip("\n"))
                file.write(line)
                file.flush()
                on_line(lines[-1])

        reader = threading.Thread(target=take, daemon=True)
        reader.start()
        try:
            status = _wait(process, command, cancelled)
        finally:
            _end(process)
            reader.join(GRACE_SECONDS)
            if process.stdout and not reader.is_alive():
                process.stdout.close()
    if status != 0:
        msg = f"`{_short(command)}` ended with status {status}: {tail_of(lines)}"
        raise BuildError(msg)
    return lines


def tail_of(lines: Sequence[str], count: int = _TAIL_LINES) -> str:
    """The last lines that say something, as one line."""
    plain = [_COLOUR.sub("", line).strip() for line in lines]
    telling = [line for line in plain if line]
    return " | ".join(telling[-count:]) or "it said nothing"


def _start(command: Command) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            [*_dies_with_parent(), *command.words],
            cwd=command.cwd,
            env={**os.environ, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        msg = f"`{command.words[0]}` cannot be started: {error}"
        raise BuildError(msg) from error


def _dies_with_parent() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []


def _wait(process: subprocess.Popen[str], command: Command, cancelled: threading.Event) -> int:
    end = time.monotonic() + command.deadline_seconds
    while (status := process.poll()) is None:
        if cancelled.wait(_POLL_SECONDS):
            raise CancelledBuildError
        if time.monotonic() > end:
            msg = (
                f"`{_short(command)}` did not end within {command.deadline_seconds:.0f} seconds "
                "and was ended"
            )
            raise BuildError(msg)
    return status


def _end(process: subprocess.Popen[str]) -> None:
    """Ends whatever is left of the process group, first kindly."""
    for sent, patience_seconds in (
        (signal.SIGTERM, GRACE_SECONDS),
        (signal.SIGKILL, GRACE_SECONDS),
    ):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_seconds)


def _short(command: Command, width: int = 160) -> str:
    text = str(command)
    return text if len(text) <= width else text[: width - 3] + "..."
