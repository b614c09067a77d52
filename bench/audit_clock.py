"""Measures one process from its start to its end: wall clock, processor time, memory.

Memory is that of the process itself (the kernel's own high-water mark, so no peak is missed but one
in its last moments) and, sampled, that of all its children together. Output goes to a file: reading
it while the clock runs would cost the time of whoever measures.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import psutil

SAMPLE_SECONDS = 0.05
MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What one process took, and said."""

    seconds: float
    """From its start to its end."""
    processor_seconds: float
    """Of all its processes together."""
    code: int
    """Negative where a signal ended it, as when the limit passed."""
    peak_mib: float = 0.0
    """Most memory that the process itself held; 0 where nobody looked."""
    children_mib: float = 0.0
    """Most memory that its children held at the same moment."""
    output: str = ""
    errors: str = ""


@dataclass(slots=True, kw_only=True)
class Watch:
    """Looks at the memory of a process until it is told to stop."""

    process: int
    peak: float = 0.0
    children: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Looks, again and again."""
        while not self._over.wait(SAMPLE_SECONDS):
            with contextlib.suppress(psutil.Error, OSError, ValueError):
                self._look()

    def stop(self) -> None:
        """Ends the looking."""
        self._over.set()

    def _look(self) -> None:
        status = Path(f"/proc/{self.process}/status").read_text(encoding="utf-8")
        self.peak = max(self.peak, high_water_mib(status))
        held = 0
        for child in psutil.Process(self.process).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                held += child.memory_info().rss
        self.children = max(self.children, held / MIB)


def high_water_mib(status: str) -> float:
    """Returns the most memory that the text of `/proc/PID/status` tells of, in MiB."""
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) / 1024
    return 0.0


def timed(
    argv: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    limit_seconds: float,
    memory: bool = False,
) -> Timed:
    """Runs a program to its end, or to the limit, and returns what it took.

    Args:
        argv: The program and its arguments.
        folder: Where it runs.
        environment: Is added to ours.
        limit_seconds: It is killed then, with everything that it started.
        memory: Look at its memory.
    """
    with TemporaryFile() as out, TemporaryFile() as errors:
        began = time.monotonic()
        child = subprocess.Popen(
            argv,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            start_new_session=True,
        )
        watch = Watch(process=child.pid)
        code, usage = _waited(child, watch if memory else None, limit_seconds)
        return Timed(
            seconds=time.monotonic() - began,
            processor_seconds=usage.ru_utime + usage.ru_stime,
            code=code,
            peak_mib=watch.peak,
            children_mib=watch.children,
            output=_text(out),
            errors=_text(errors),
        )


def _waited(
    child: subprocess.Popen[bytes], watch: Watch | None, limit_seconds: float
) -> tuple[int, resource.struct_rusage]:
    alarm = threading.Timer(limit_seconds, _kill, (child.pid,))
    alarm.start()
    if watch:
        threading.Thread(target=watch.run, daemon=True).start()
    try:
        _, status, usage = os.wait4(child.pid, 0)
    except BaseException:  # also when a signal ends the benchmark
        _kill(child.pid)
        raise
    finally:
        alarm.cancel()
        if watch:
            watch.stop()
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode("utf-8", "replace")
