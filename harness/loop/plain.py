"""Shows the loop as plain lines, for logs and pipes: one for each change, none twice."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TextIO

from harness.io.clock import Clock
from harness.loop.screen import Shown
from harness.loop.verdicts import LoopVerdict
from harness.loop.words import details, files_text, summary
from harness.model.run import ObjectStatus, StageRecord, StageState
from harness.model.secret import Secret
from harness.report.redaction import masked
from harness.report.wording import duration, one_line

REMEMBERED = 200
LINE_SECONDS = 2.0
"""How things stand is written at most so often."""


class PlainLoop:
    """Writes lines to a stream; see `harness.loop.screen.LoopScreen`."""

    def __init__(
        self, stream: TextIO, *, root: Path, secrets: Collection[Secret], clock: Clock
    ) -> None:
        self._stream, self._root, self._secrets, self._clock = stream, root, secrets, clock
        self._lock = threading.RLock()
        self._began = clock.monotonic()
        self._states: dict[str, StageState] = {}
        self._said: dict[str, None] = {}
        self._line, self._line_at = "", 0.0

    def begin(self, title: str) -> None:
        """Writes what is watched."""
        self._began = self._clock.monotonic()
        self._write(title)

    def stage(self, record: StageRecord) -> None:
        """Writes a line when a stage ended."""
        with self._lock:
            before = self._states.get(record.name)
            self._states[record.name] = record.state
            ended = record.state in {StageState.PASSED, StageState.FAILED}
            if ended and before is not record.state:
                detail = f": {record.detail}" if record.detail else ""
                self._write(
                    f"{record.name}: {record.state} after {duration(record.seconds)}{detail}"
                )

    def objects(self, statuses: Sequence[ObjectStatus]) -> None:
        """Writes nothing: the stage's own line says enough."""

    def note(self, text: str) -> None:
        """Writes a remark unless it was written lately."""
        with self._lock:
            if text in self._said:
                return
            self._said[text] = None
            if len(self._said) > REMEMBERED:
                del self._said[next(iter(self._said))]
            self._write(f"note: {text}")

    def saved(self, number: int, files: Sequence[str]) -> None:
        """Writes what was saved."""
        self._states.clear()
        self._write(f"round {number}" + (f": {files_text(tuple(files))}" if files else ""))

    def standing(self, shown: Shown) -> None:
        """Writes how things stand when that changed, at most every two seconds."""
        with self._lock:
            now = self._clock.monotonic()
            if shown.line != self._line and now - self._line_at >= LINE_SECONDS:
                self._line, self._line_at = shown.line, now
                self._write(f"  {shown.line}")

    def verdict(self, verdict: LoopVerdict) -> None:
        """Writes the verdict and what belongs to it."""
        with self._lock:
            self._line = verdict.line
            self._write(f"{verdict.round}. {summary(verdict)}")
            for line in details(verdict, self._root):
                self._write(f"    {line}")

    def log(self, title: str, text: str) -> None:
        """Writes the end of a log."""
        with self._lock:
            if text:
                self._write(title)
                for line in text.splitlines():
                    self._write(f"    {line}")

    def help(self, text: str) -> None:
        """Writes which keys there are."""
        self._write(text)

    def select(self, step: int) -> ObjectStatus | None:  # noqa: ARG002
        """Marks nothing."""
        return None

    def finish(self) -> None:
        """Nothing is left to be written."""

    def _write(self, text: str) -> None:
        seconds = self._clock.monotonic() - self._began
        shown = one_line(masked(text, self._secrets))
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        line = f"{seconds:7.1f} s  {'  ' if text.startswith('    ') else ''}{shown}\n"
        with self._lock:
            try:
                self._stream.write(line.encode(encoding, "replace").decode(encoding))
                self._stream.flush()
            except (OSError, ValueError):
                return
