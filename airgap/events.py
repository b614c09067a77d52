"""Says what happens during a build: JSON lines for a program, plain lines for a person.

One event is one line, whole, whichever thread it comes from. What the events mean is described in
README.md; who reads them decides how to show them.
"""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Protocol, TextIO

PROGRESS_INTERVAL_SECONDS = 0.5
"""A part says no more than this often how far it is."""


class Events(Protocol):
    """Everything that a build says."""

    def start(self, part: str, key: str, log: Path) -> None:
        """A part begins; its output goes to the log."""

    def progress(self, part: str, detail: str, done: int | None, total: int | None) -> None:
        """A part says what it does, and how far it is where that is known."""

    def done(self, part: str, seconds: float, *, cached: bool) -> None:
        """A part is finished, or was found finished."""

    def failed(self, part: str, seconds: float, message: str) -> None:
        """A part failed; the message is a paragraph."""

    def bundle(self, path: Path, seconds: float) -> None:
        """Everything is there and described by this file."""

    def addon(self, path: Path, seconds: float) -> None:
        """An add-on is there and described by this file."""


class JsonEvents:
    """Writes one JSON object per line; paths are absolute."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}

    def start(self, part: str, key: str, log: Path) -> None:
        """Writes ``start``."""
        self._write(event="start", part=part, key=key, log=str(log))

    def progress(self, part: str, detail: str, done: int | None, total: int | None) -> None:
        """Writes ``progress``, unless this part just did."""
        now = time.monotonic()
        if now - self._last.get(part, 0.0) < PROGRESS_INTERVAL_SECONDS:
            return
        self._last[part] = now
        self._write(event="progress", part=part, detail=detail, done=done, total=total)

    def done(self, part: str, seconds: float, *, cached: bool) -> None:
        """Writes ``done``."""
        self._write(event="done", part=part, seconds=round(seconds, 1), cached=cached)

    def failed(self, part: str, seconds: float, message: str) -> None:
        """Writes ``failed``."""
        self._write(event="failed", part=part, seconds=round(seconds, 1), message=message)

    def bundle(self, path: Path, seconds: float) -> None:
        """Writes ``bundle``, the last line of a successful build."""
        self._write(event="bundle", path=str(path), seconds=round(seconds, 1))

    def addon(self, path: Path, seconds: float) -> None:
        """Writes ``addon``, the last line where an add-on was asked for."""
        self._write(event="addon", path=str(path), seconds=round(seconds, 1))

    def _write(self, **fields: object) -> None:
        with self._lock:
            self._stream.write(json.dumps(fields) + "\n")
            self._stream.flush()


class PlainEvents:
    """Writes lines for a person: a part's begin and end, and a sign of life every half minute."""

    SIGN_OF_LIFE_SECONDS = 30.0

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}

    def start(self, part: str, key: str, log: Path) -> None:
        """Says that a part begins and where its log is."""
        self._last[part] = time.monotonic()
        self._write(f"{part}: building (key {key[:12]}, log {log})")

    def progress(self, part: str, detail: str, done: int | None, total: int | None) -> None:
        """Says now and then how far a part is."""
        now = time.monotonic()
        if now - self._last.get(part, 0.0) < self.SIGN_OF_LIFE_SECONDS:
            return
        self._last[part] = now
        count = f" ({done} of {total})" if done is not None and total is not None else ""
        self._write(f"{part}: {detail}{count}")

    def done(self, part: str, seconds: float, *, cached: bool) -> None:
        """Says that a part was built; nothing for one that was found."""
        if not cached:
            self._write(f"{part}: done in {seconds:.1f} s")

    def failed(self, part: str, seconds: float, message: str) -> None:
        """Says the paragraph of a failure."""
        self._write(f"{part}: failed after {seconds:.1f} s. {message}")

    def bundle(self, path: Path, seconds: float) -> None:
        """Says where the bundle is."""
        self._write(f"bundle: {path} ({seconds:.1f} s)")

    def addon(self, path: Path, seconds: float) -> None:
        """Says where the description of the add-on is."""
        self._write(f"add-on: {path} ({seconds:.1f} s)")

    def _write(self, line: str) -> None:
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()
