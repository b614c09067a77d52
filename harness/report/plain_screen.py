"""Shows a run as plain lines: one for each change, none twice, no colour, no redrawing.

Made for logs of CI jobs and for pipes. A detail that changes several times a second is written at
most once a second, its last value always; many objects that change at once share one line. While
something runs and nothing is to be said, a sign of life comes every 15 seconds. An output that was
closed (`| head`) never ends the run.
"""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from harness.io.clock import Clock
from harness.model.run import ObjectStatus, RunRecord, StageRecord, StageState
from harness.model.secret import Secret
from harness.report.ending import bad_news, closing_rows, closing_title, waiting_text
from harness.report.redaction import masked, presentable
from harness.report.wording import cut, duration, one_line

HEARTBEAT_SECONDS = 15.0
DETAIL_SECONDS = 1.0
OBJECTS_AT_ONCE = 5
WIDTH = 100


class PlainScreen:
    """Writes one line per change to a stream; see `harness.report.screen.Screen`."""

    def __init__(
        self,
        stream: TextIO,
        *,
        clock: Clock,
        secrets: Collection[Secret] = (),
        quiet: bool = False,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._secrets = secrets
        self._quiet = quiet
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._began = self._last_line = clock.monotonic()
        self._stages: dict[str, StageRecord] = {}
        self._objects: dict[str, ObjectStatus] = {}
        self._said: set[str] = set()
        self._pending: dict[str, str] = {}
        self._detailed: dict[str, float] = {}

    def begin(self, run: RunRecord, secrets: Collection[Secret] | None = None) -> None:
        """Writes what is run, and starts the sign of life."""
        self._secrets = self._secrets if secrets is None else secrets
        self._began = self._clock.monotonic()
        self._line(f"run {run.run_id}: environment {run.environment} of {run.repository}")
        threading.Thread(target=self._live, name="heartbeat", daemon=True).start()

    def stage(self, record: StageRecord) -> None:
        """Writes a line if the stage's state or detail is new."""
        with self._lock:
            now = replace(record, detail=masked(record.detail, self._secrets))
            before = self._stages.get(now.name)
            self._stages[record.name] = now
            if before is None or before.state is not now.state:
                self._pending.pop(now.name, None)
                if now.state is not StageState.WAITING:
                    self._line(_state_text(now))
                    self._detailed[now.name] = self._clock.monotonic()
            elif before.detail != now.detail and now.detail:
                self._pending[now.name] = f"{now.name}: {now.detail}"
                self._write_pending()

    def note(self, text: str) -> None:
        """Writes a remark unless it was written before."""
        with self._lock:
            if text not in self._said:
                self._said.add(text)
                self._line(f"note: {text}")

    def objects(self, statuses: Sequence[ObjectStatus]) -> None:
        """Writes which objects changed; more than a few share one line."""
        with self._lock:
            changed = [s for s in statuses if _is_news(self._objects.get(str(s.ref)), s)]
            self._objects.update({str(status.ref): status for status in statuses})
            if len(changed) > OBJECTS_AT_ONCE:
                self._line(f"{len(changed)} objects changed: {waiting_text(statuses)}")
                return
            for status in changed:
                said = f": {status.message}" if status.message else ""
                self._line(f"{status.ref} is {status.health}{said}")

    def finish(self, run: RunRecord, reports: Sequence[Path] = ()) -> None:
        """Writes the counts and the reports, and last of all the error, wrapped."""
        if self._ended.is_set():
            return
        self._ended.set()
        run = presentable(run, self._secrets)
        for text in run.notes:
            self.note(text)
        with self._lock:
            rows = closing_rows(run, reports)
            shown = [row for row in rows if not self._quiet or row[0] == "Report"]
            self._raw([f"{label + ':':<14}{value}" for label, value in shown])
            self._raw(_wrapped(closing_title(run)))
            self._raw([line for piece in bad_news(run) for line in _wrapped(piece, "  ")])

    def tick(self) -> None:
        """Writes what was held back, and a sign of life when nothing was written for long."""
        with self._lock:
            self._write_pending()
            running = [s for s in self._stages.values() if s.state is StageState.RUNNING]
            silent = self._clock.monotonic() - self._last_line
            if running and silent >= HEARTBEAT_SECONDS:
                self._line(f"still running: {'; '.join(self._running_text(s) for s in running)}")

    def _live(self) -> None:
        while not self._ended.wait(DETAIL_SECONDS):
            self.tick()

    def _running_text(self, stage: StageRecord) -> str:
        seconds = self._elapsed() - stage.started
        detail = f", {cut(stage.detail, WIDTH)}" if stage.detail else ""
        return f"{stage.name} for {duration(seconds)}{detail}"

    def _write_pending(self) -> None:
        now = self._clock.monotonic()
        for name, text in list(self._pending.items()):
            if now - self._detailed.get(name, self._began) >= DETAIL_SECONDS:
                del self._pending[name]
                self._detailed[name] = now
                self._line(text)

    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._began

    def _line(self, text: str) -> None:
        with self._lock:
            self._last_line = self._clock.monotonic()
            if not self._quiet:
                shown = one_line(masked(text, self._secrets))
                self._raw([f"{self._elapsed():7.1f} s  {shown}"])

    def _raw(self, lines: Sequence[str]) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        text = "".join(f"{line}\n" for line in lines)
        try:
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
        except (OSError, ValueError):
            self._quiet = True


def _state_text(stage: StageRecord) -> str:
    detail = f": {stage.detail}" if stage.detail else ""
    match stage.state:
        case StageState.RUNNING:
            return f"{stage.name}: started{detail}"
        case StageState.PASSED | StageState.FAILED:
            return f"{stage.name}: {stage.state} after {duration(stage.seconds)}{detail}"
        case _:
            return f"{stage.name}: {stage.state}{detail}"


def _is_news(before: ObjectStatus | None, now: ObjectStatus) -> bool:
    return before is None or (before.health, before.message) != (now.health, now.message)


def _wrapped(text: str, indent: str = "") -> list[str]:
    """Returns the text in lines; paths and addresses are never cut, so that they can be copied."""
    return textwrap.wrap(
        one_line(text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]
