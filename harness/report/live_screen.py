"""Shows a run on a terminal: every stage a row that is redrawn, seconds ticking, objects below.

Only drawing happens here; Rich's own thread redraws several times a second from copies that are
taken under a lock, so that stages may report from any thread. Foreign text is never read as markup.
At the end the rows stay, followed by the counts, the report, and last of all the error.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from harness.io.clock import Clock
from harness.model.run import Health, ObjectStatus, RunRecord, StageRecord, StageState
from harness.model.secret import Secret
from harness.report.ending import bad_news, closing_rows, closing_title
from harness.report.redaction import masked, presentable
from harness.report.verdict import Verdict, verdict, waiting
from harness.report.wording import counted, duration, one_line

GLYPHS = {
    StageState.WAITING: ("·", "dim"),
    StageState.RUNNING: ("▸", "cyan"),
    StageState.PASSED: ("✔", "green"),
    StageState.FAILED: ("✖", "bold red"),
    StageState.SKIPPED: ("↷", "yellow"),
}
HUES = {
    Health.STUCK: "red",
    Health.MISSING: "red",
    Health.TERMINATING: "yellow",
    Health.PROGRESSING: "cyan",
    Health.NOT_JUDGED: "magenta",
    Health.READY: "green",
}
COLOURS = {
    Verdict.PASSED: "bold green",
    Verdict.FAILED: "bold red",
    Verdict.INTERRUPTED: "bold yellow",
    Verdict.INCOMPLETE: "bold yellow",
}
REDRAWS_PER_SECOND = 8
MOST_OBJECTS = 12


class LiveScreen:
    """Redraws a table of stages on a terminal; see `harness.report.screen.Screen`."""

    def __init__(self, console: Console, *, clock: Clock, secrets: Collection[Secret] = ()) -> None:
        self._console = console
        self._clock = clock
        self._secrets = secrets
        self._lock = threading.RLock()
        self._began = clock.monotonic()
        self._run = RunRecord(run_id="", environment="", repository="", command="", started_at="")
        self._stages: dict[str, StageRecord] = {}
        self._objects: tuple[ObjectStatus, ...] = ()
        self._said: set[str] = set()
        self._spinner = Spinner("dots", style="cyan")
        self._live: Live | None = None
        self._ended = False

    def begin(self, run: RunRecord, secrets: Collection[Secret] | None = None) -> None:
        """Starts redrawing: the stages the run has planned, as soon as it has."""
        self._secrets = self._secrets if secrets is None else secrets
        self._run = run
        self._began = self._clock.monotonic()
        title = f"{run.repository} · environment {run.environment} · run {run.run_id}"
        self._console.print(Text(self._shown(title), style="bold"))
        self._live = Live(
            console=self._console,
            get_renderable=self._drawing,
            refresh_per_second=REDRAWS_PER_SECOND,
            vertical_overflow="ellipsis",
        )
        self._live.start()

    def stage(self, record: StageRecord) -> None:
        """Takes a copy of the stage, to be drawn next time."""
        with self._lock:
            self._stages[record.name] = self._copy(record)

    def note(self, text: str) -> None:
        """Prints a remark above the rows unless it was printed before."""
        with self._lock:
            new = text not in self._said
            self._said.add(text)
        if new:
            self._console.print(Text(f"note: {self._shown(text)}", style="yellow"))

    def objects(self, statuses: Sequence[ObjectStatus]) -> None:
        """Takes the objects, to be drawn next time."""
        with self._lock:
            self._objects = tuple(statuses)

    def finish(self, run: RunRecord, reports: Sequence[Path] = ()) -> None:
        """Stops redrawing; prints the counts and reports, and last of all the error."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
        run = presentable(run, self._secrets)
        for text in run.notes:
            self.note(text)
        self._stop(run)
        style = COLOURS[verdict(run)]
        table = Table.grid(padding=(0, 2))
        for label, value in closing_rows(run, reports):
            table.add_row(Text(label, style="dim"), Text(value, overflow="fold"))
        self._console.print(table)
        self._console.rule(style=style)
        self._console.print(Text(closing_title(run), style=style))
        for piece in bad_news(run):
            self._console.print(Text(piece, overflow="fold"))

    def _stop(self, run: RunRecord) -> None:
        with self._lock:
            for record in run.stages:
                self._stages[record.name] = self._copy(record)
            if run.objects or verdict(run) is Verdict.PASSED:
                self._objects = tuple(run.objects)
        if self._live is not None:
            self._live.stop()

    def _copy(self, record: StageRecord) -> StageRecord:
        return replace(record, title=self._shown(record.title), detail=self._shown(record.detail))

    def _shown(self, text: str) -> str:
        return one_line(masked(text, self._secrets))

    def _drawing(self) -> RenderableType:
        with self._lock:
            planned = [s for s in self._run.stages if s.name not in self._stages]
            known = [*self._stages.values(), *map(self._copy, planned)]
            stages, statuses = self._in_order(known), self._objects
        rows = self._stage_rows(stages)
        room = min(MOST_OBJECTS, max(self._console.size.height - len(stages) - 5, 1))
        return Group(rows, *self._object_rows(statuses, room))

    def _in_order(self, stages: list[StageRecord]) -> list[StageRecord]:
        """Returns the stages in the order of the plan, whatever order they reported in."""
        order = {stage.name: number for number, stage in enumerate(self._run.stages)}
        return sorted(stages, key=lambda stage: order.get(stage.name, len(order)))

    def _stage_rows(self, stages: Sequence[StageRecord]) -> Table:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=1)
        table.add_column(no_wrap=True, max_width=36)
        table.add_column(justify="right", no_wrap=True, min_width=9)
        table.add_column(ratio=1, no_wrap=True)
        for stage in stages:
            glyph, style = GLYPHS[stage.state]
            running = stage.state is StageState.RUNNING and not self._ended
            table.add_row(
                self._spinner if running else Text(glyph, style=style),
                Text(stage.title, style="dim" if stage.state is StageState.WAITING else ""),
                Text(self._seconds(stage), style="dim"),
                Text(stage.detail, style="dim", overflow="ellipsis"),
            )
        return table

    def _seconds(self, stage: StageRecord) -> str:
        if stage.state is StageState.RUNNING:
            return duration(self._clock.monotonic() - self._began - stage.started)
        return duration(stage.seconds) if stage.seconds else ""

    def _object_rows(self, statuses: Sequence[ObjectStatus], room: int) -> list[RenderableType]:
        unready = waiting(statuses)
        if not unready:
            return []
        title = f"{len(statuses) - len(unready)} of {counted(len(statuses), 'workload')} ready"
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(no_wrap=True, max_width=self._console.width // 2)
        table.add_column(no_wrap=True)
        table.add_column(ratio=1, no_wrap=True)
        for status in unready[:room]:
            table.add_row(
                Text(f"  {self._shown(str(status.ref))}"),
                Text(status.health, style=HUES[status.health]),
                Text(self._shown(status.message), style="dim", overflow="ellipsis"),
            )
        more = f"  and {len(unready) - room} more" if len(unready) > room else ""
        return [Text(f"\n{title}"), table, *([Text(more, style="dim")] if more else [])]
