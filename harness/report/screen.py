"""How a run shows itself while it goes on, and which of the two ways is chosen.

`Screen` is what the pipeline talks to; it may be called from several threads, because stages run
side by side. `harness.report.live_screen` redraws a terminal, `harness.report.plain_screen` writes
lines. A screen decides nothing about the run; `harness.report.verdict` does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TextIO

from rich.console import Console

from harness.io.clock import Clock, SystemClock
from harness.model.run import ObjectStatus, RunRecord, StageRecord
from harness.model.secret import Secret
from harness.report.live_screen import LiveScreen
from harness.report.plain_screen import PlainScreen

OFF = frozenset({"", "0", "false", "no", "off"})


class Screen(Protocol):
    """Shows a run; every method may be called from any thread, between `begin` and `finish`."""

    def begin(self, run: RunRecord, secrets: Collection[Secret] | None = None) -> None:
        """Starts showing; the seconds shown count from here.

        Args:
            run: What is run; its stages may be planned later.
            secrets: Masked in everything shown from here on; may be a list that grows.
        """

    def stage(self, record: StageRecord) -> None:
        """Shows a stage whose state or detail changed; the record may change again later."""

    def note(self, text: str) -> None:
        """Shows a remark that is no part of a stage, once."""

    def objects(self, statuses: Sequence[ObjectStatus]) -> None:
        """Shows what is waited for: every watched object, the ready ones included."""

    def finish(self, run: RunRecord, reports: Sequence[Path] = ()) -> None:
        """Ends showing: counts, reports, and last of all the error; later calls do nothing.

        Call it in a `finally`, else a terminal keeps its cursor hidden.
        """


def choose_screen(
    stream: TextIO,
    environment: Mapping[str, str],
    quiet: bool,
    *,
    secrets: Collection[Secret] = (),
    clock: Clock | None = None,
) -> Screen:
    """Returns the live screen on a terminal, and plain lines everywhere else.

    Plain lines are also chosen with `CI` set, with `TERM=dumb`, and where the stream cannot say
    what the live screen draws. `NO_COLOR` (https://no-color.org) takes the colour from the live
    screen; plain lines have none.

    Args:
        stream: Where to show, usually standard output.
        environment: The environment variables.
        quiet: Show nothing but the end.
        secrets: Masked in everything shown, unless `begin` is given others.
        clock: Tells the seconds.
    """
    clock = clock or SystemClock()
    if quiet or not _can_redraw(stream, environment):
        return PlainScreen(stream, clock=clock, secrets=secrets, quiet=quiet)
    no_color = bool(environment.get("NO_COLOR"))
    console = Console(file=stream, no_color=no_color, highlight=False, emoji=False, markup=False)
    return LiveScreen(console, clock=clock, secrets=secrets)


def _can_redraw(stream: TextIO, environment: Mapping[str, str]) -> bool:
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
    return (
        stream.isatty()
        and environment.get("CI", "").strip().lower() in OFF
        and environment.get("TERM", "") != "dumb"
        and encoding == "utf8"
    )
