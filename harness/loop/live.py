"""Shows the loop on a terminal: the workloads, the finding with its source line, the verdicts.

Only drawing happens here; Rich's own thread redraws from copies taken under a lock. Foreign text is
never read as markup.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from harness.io.clock import Clock
from harness.loop.screen import Shown
from harness.loop.verdicts import KEPT, History, LoopVerdict, Word
from harness.loop.words import GLYPHS, about, details, files_text, finding_text
from harness.model.finding import Outcome
from harness.model.run import ApplicationStatus, Health, ObjectStatus, StageRecord, StageState
from harness.model.secret import Secret
from harness.report.live_screen import GLYPHS as STAGE_GLYPHS
from harness.report.live_screen import HUES
from harness.report.redaction import masked
from harness.report.verdict import waiting
from harness.report.wording import counted, duration, one_line

REDRAWS_PER_SECOND = 4
MOST_OBJECTS = 12
MOST_FINDING_LINES = 14
NOTES = 3
KEYS = "l log   r retry   e evidence   f full run   ? keys   q quit"


class LiveLoop:
    """Redraws a terminal; see `harness.loop.screen.LoopScreen`."""

    def __init__(
        self, console: Console, *, root: Path, secrets: Collection[Secret], clock: Clock
    ) -> None:
        self._console, self._root, self._secrets, self._clock = console, root, secrets, clock
        self._lock = threading.RLock()
        self._title = ""
        self._stages: dict[str, StageRecord] = {}
        self._shown: Shown | None = None
        self._history = History(KEPT)
        self._saved: tuple[int, tuple[str, ...], float] = (0, (), clock.monotonic())
        self._busy = True
        self._notes: list[str] = []
        self._panel: tuple[str, str] = ("", "")
        self._marked = 0
        self._live: Live | None = None

    def begin(self, title: str) -> None:
        """Starts redrawing."""
        self._title = title
        self._live = Live(
            console=self._console,
            get_renderable=self.drawing,
            refresh_per_second=REDRAWS_PER_SECOND,
            vertical_overflow="ellipsis",
        )
        self._live.start()

    def stage(self, record: StageRecord) -> None:
        """Takes a copy of a stage or step."""
        with self._lock:
            self._stages[record.name] = replace(record)

    def objects(self, statuses: Sequence[ObjectStatus]) -> None:
        """Draws nothing: the stage's own line says enough."""

    def note(self, text: str) -> None:
        """Shows the newest remarks below."""
        with self._lock:
            if text not in self._notes:
                self._notes = [*self._notes, text][-NOTES:]

    def saved(self, number: int, files: Sequence[str]) -> None:
        """Begins a round: its steps are shown from here on."""
        with self._lock:
            self._stages.clear()
            self._saved = (number, tuple(files), self._clock.monotonic())
            self._busy = True

    def standing(self, shown: Shown) -> None:
        """Takes how things stand."""
        with self._lock:
            self._shown = shown
            self._marked = min(self._marked, max(len(shown.objects) - 1, 0))

    def verdict(self, verdict: LoopVerdict) -> None:
        """Takes a verdict; its full text goes with what is drawn."""
        with self._lock:
            self._history.add(verdict)
            self._busy = verdict.word is Word.SUPERSEDED

    def log(self, title: str, text: str) -> None:
        """Shows a log below, or hides it when it is shown already."""
        self._toggle(title, text)

    def help(self, text: str) -> None:
        """Shows the keys below, or hides them."""
        self._toggle("keys", text)

    def _toggle(self, title: str, text: str) -> None:
        with self._lock:
            self._panel = ("", "") if self._panel[0] == title else (title, text)

    def select(self, step: int) -> ObjectStatus | None:
        """Moves the mark among the workloads, those that are not ready first."""
        with self._lock:
            objects = self._ordered()
            if not objects:
                return None
            self._marked = max(0, min(self._marked + step, len(objects) - 1))
            return objects[self._marked]

    def finish(self) -> None:
        """Stops redrawing; the last verdict and the remarks stay on the terminal."""
        with self._lock:
            live, self._live = self._live, None
        if live is not None:
            live.stop()

    def drawing(self) -> RenderableType:
        """Returns what the terminal shows now."""
        with self._lock:
            parts: list[RenderableType] = [self._heading()]
            parts += self._steps()
            parts += self._standing()
            parts += self._current()
            parts += self._verdicts()
            parts += self._below()
        return Group(*parts)

    # -- the parts, from above ---------------------------------------------------------------

    def _heading(self) -> Text:
        number, files, began = self._saved
        text = Text(self._clean(self._title), style="bold", no_wrap=True, overflow="ellipsis")
        if number:
            text.append(f"   round {number}", style="cyan")
        if files:
            text.append(f" · {self._clean(files_text(files))}", style="dim")
        if self._busy:
            text.append(f" · {duration(self._clock.monotonic() - began)}", style="cyan")
        return text

    def _steps(self) -> list[RenderableType]:
        running = [s for s in self._stages.values() if s.state is not StageState.WAITING]
        if not self._busy or not running:
            return []
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=1)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right", min_width=7)
        table.add_column(ratio=1, no_wrap=True)
        for stage in running:
            glyph, style = STAGE_GLYPHS[stage.state]
            seconds = duration(stage.seconds) if stage.seconds else ""
            detail = Text(self._clean(stage.detail), style="dim", overflow="ellipsis")
            table.add_row(Text(glyph, style=style), Text(stage.title), Text(seconds), detail)
        return [table]

    def _standing(self) -> list[RenderableType]:
        shown = self._shown
        if shown is None:
            return []
        line = Text(overflow="ellipsis", no_wrap=True)
        line.append(f"revision {shown.revision[:8]}  ", style="dim")
        for app in shown.applications:
            line.append(f"{'●' if app.passed else '○'} {app.name}  ", style=_hue(app))
        return [line, *self._objects(), Text(self._clean(shown.line), style="dim")]

    def _objects(self) -> list[RenderableType]:
        objects = self._ordered()
        if not objects:
            return []
        room = max(3, min(MOST_OBJECTS, self._console.size.height - 20))
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=1)
        table.add_column(no_wrap=True, max_width=self._console.width // 2)
        table.add_column(no_wrap=True)
        table.add_column(ratio=1, no_wrap=True)
        first = max(0, min(self._marked - room // 2, len(objects) - room))
        for number, status in list(enumerate(objects))[first : first + room]:
            message = "" if status.health is Health.READY else self._clean(status.message)
            table.add_row(
                Text("▸" if number == self._marked else " ", style="bold cyan"),
                Text(str(status.ref)),
                Text(status.health, style=HUES[status.health]),
                Text(message, style="dim", overflow="ellipsis"),
            )
        ready = len(objects) - len(waiting(objects))
        return [table, Text(f"{ready} of {counted(len(objects), 'object')} ready", style="dim")]

    def _current(self) -> list[RenderableType]:
        """The finding of this moment, or what the last verdict says of the tree."""
        lines: list[str] = []
        newest = next(iter(self._history.newest_first), None)
        if newest is not None and newest.word is Word.BROKEN:
            lines = [about(newest), *details(newest, self._root)]
        elif self._shown is not None and self._shown.diagnosis is not None:
            found = self._shown.diagnosis
            if found.outcome is not Outcome.HEALTHY:
                for finding in found.findings:
                    lines += finding_text(finding, self._root)
        if not lines:
            return []
        shown = [
            Text(self._clean(line), style="bold" if number == 0 else "", overflow="fold")
            for number, line in enumerate(lines[:MOST_FINDING_LINES])
        ]
        return [Rule(style="red"), *shown]

    def _verdicts(self) -> list[RenderableType]:
        verdicts = self._history.newest_first
        if not verdicts:
            return []
        table = Table.grid(padding=(0, 1), expand=True)
        for _ in range(3):
            table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right", min_width=7)
        table.add_column(ratio=1, no_wrap=True)
        for verdict in verdicts:
            glyph, style = GLYPHS[verdict.word]
            at = datetime.fromtimestamp(verdict.at, tz=UTC).astimezone()
            table.add_row(
                Text(f"{at:%H:%M:%S}", style="dim"),
                Text(glyph, style=style),
                Text(str(verdict.word), style=style),
                Text(duration(verdict.seconds)),
                Text(self._clean(about(verdict)), style="dim", overflow="ellipsis"),
            )
        return [Rule(style="dim"), table]

    def _below(self) -> list[RenderableType]:
        title, text = self._panel
        parts: list[RenderableType] = []
        if title:
            parts += [Rule(Text(self._clean(title)), style="dim")]
            room = max(4, self._console.size.height // 3)
            parts += [Text(self._clean(line)) for line in text.splitlines()[-room:]]
        parts += [Text(self._clean(note), style="yellow", overflow="fold") for note in self._notes]
        return [*parts, Text(KEYS, style="dim")]

    def _ordered(self) -> list[ObjectStatus]:
        """The workloads, those that are not ready first."""
        objects = list(self._shown.objects) if self._shown else []
        unready = waiting(objects)
        return [*unready, *(o for o in objects if o.health is Health.READY)]

    def _clean(self, text: str) -> str:
        return one_line(masked(text, self._secrets))


def _hue(app: ApplicationStatus) -> str:
    if not app.passed:
        return "yellow"
    return "green" if app.health == "Healthy" else "cyan"
