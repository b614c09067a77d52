"""Runs other programs: an argument list in, a `Completed` out, always with a deadline.

A child gets its own process group, so that a deadline or a cancelled run ends all of it. Output is
collected by `communicate`, never by reading one pipe after the other (a full pipe would hang).
Interpretation of the output is the caller's.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How a program ended; `returncode` is -1 when its deadline passed or the run was cancelled."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    timed_out: bool = False
    missing: bool = False
    cancelled: bool = False

    @property
    def ok(self) -> bool:
        """True when the program returned 0."""
        return self.returncode == 0

    def tail(self, lines: int = 8) -> str:
        """Returns the last lines of what it said, stderr before stdout, on one line."""
        text = self.stderr.strip() or self.stdout.strip()
        return " | ".join(line.strip() for line in text.splitlines()[-lines:] if line.strip())

    def explain(self) -> str:
        """Returns one clause saying how it ended."""
        if self.missing:
            return f"the program {self.argv[0]} was not found"
        if self.cancelled:
            return "the run was cancelled"
        if self.timed_out:
            return f"no answer before the deadline; last output: {self.tail() or 'none'}"
        return f"exit code {self.returncode}: {self.tail() or 'no output'}"


class Runner(Protocol):
    """Runs a program to its end."""

    def run(
        self,
        argv: Sequence[str],
        *,
        deadline_seconds: float,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
    ) -> Completed:
        """Runs `argv`; `env` is added to our own environment. Never raises for a failed program."""


class ProcessRunner:
    """Runs real processes; `cancel` ends those that run and refuses new ones."""

    def __init__(self) -> None:
        self._children: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Ends every child that runs now; later calls return at once as cancelled."""
        self._cancelled.set()
        with self._lock:
            children = list(self._children)
        for child in children:
            end_group(child)

    def resume(self) -> None:
        """Allows processes again after `cancel`, for clean-up."""
        self._cancelled.clear()

    def run(
        self,
        argv: Sequence[str],
        *,
        deadline_seconds: float,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
    ) -> Completed:
        """Runs `argv` in its own process group until it ends or the deadline passes."""
        command = tuple(argv)
        if self._cancelled.is_set():
            return Completed(argv=command, returncode=-1, stdout="", stderr="", cancelled=True)
        try:
            child = subprocess.Popen(
                command,
                cwd=cwd,
                env={**_inherited(), **(env or {})},
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
            return Completed(
                argv=command, returncode=-1, stdout="", stderr=str(error), missing=True
            )
        with self._lock:
            self._children.add(child)
        try:
            return self._collect(child, command, stdin, deadline_seconds)
        finally:
            with self._lock:
                self._children.discard(child)

    def _collect(
        self,
        child: subprocess.Popen[str],
        command: tuple[str, ...],
        stdin: str | None,
        limit: float,
    ) -> Completed:
        timed_out = False
        try:
            out, err = child.communicate(stdin, timeout=limit)
        except subprocess.TimeoutExpired:
            timed_out = True
            end_group(child)
            out, err = child.communicate()
        return Completed(
            argv=command,
            returncode=-1 if timed_out else child.returncode,
            stdout=out,
            stderr=err,
            timed_out=timed_out,
            cancelled=self._cancelled.is_set() and child.returncode != 0,
        )


GIT_LOCALS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")
"""What Git sets for a hook; a harness started from one must not act on that repository."""


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in GIT_LOCALS}


def end_group(child: subprocess.Popen[str], grace_seconds: float = 5.0) -> None:
    """Ends a child and everything it started: asks first, kills after the grace time."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, sign)
        try:
            child.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            continue
        return
