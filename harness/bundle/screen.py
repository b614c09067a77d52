"""Shows a bundle being made: a live table on a terminal, lines elsewhere.

Both say which parts run, what they do, how far they are, for how long, and where their log is; both
close with the seconds of each part. What is known is kept by `board.py`.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.bundle.board import Board, Change, amount, duration
from harness.bundle.progress import PartProgress, PartState
from harness.io.clock import Clock

HEARTBEAT_SECONDS = 30.0
BAR_WIDTH = 20


class Screen(Protocol):
    """Shows progress between `__enter__` and `__exit__`."""

    def __enter__(self) -> Self:
        """Begins."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends, with the seconds of each part."""

    def report(self, progress: PartProgress) -> None:
        """Shows a report; from any thread."""


def choose_screen(console: Console, clock: Clock) -> Screen:
    """Returns the live screen on a terminal that can redraw, plain lines otherwise."""
    return LiveScreen(console, clock) if console.is_terminal else PlainScreen(console, clock)


class PlainScreen:
    """One line per start and end, and now and then one that names what runs and for how long."""

    def __init__(
        self, console: Console, clock: Clock, *, heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> None:
        self._console = console
        self._board = Board(clock)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._interval = heartbeat_seconds
        self._thread = threading.Thread(target=self._beat_on, daemon=True)
        self._told_cached = False

    def __enter__(self) -> Self:
        """Starts the heartbeat."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops the heartbeat and prints the seconds of each part."""
        self._over.set()
        self._thread.join()
        if not self._board.parts:
            return
        with self._lock:
            self._tell_cached()
            for part in self._board.made:
                self._line(f"{part.seconds:8.1f} s  {part.part}")
            self._line(f"{self._board.counts} in {duration(self._board.seconds)}")

    def report(self, progress: PartProgress) -> None:
        """Prints a line where a part begins or ends."""
        with self._lock:
            change = self._board.take(progress)
            if change is Change.STARTED:
                self._tell_cached()
                log = f" (log {progress.log})" if progress.log else ""
                self._line(f"start  {progress.part}{log}")
            elif change is Change.FINISHED and not progress.cached:
                self._line(_ending(self._board.parts[progress.part]))

    def beat(self) -> None:
        """Prints what runs, if anything does."""
        with self._lock:
            running = self._board.in_state(PartState.RUNNING)
            if not running:
                return
            what = "; ".join(
                f"{p.part} for {duration(self._board.running_seconds(p.part))}"
                + "".join(f", {text}" for text in (p.detail, amount(p)) if text)
                for p in running
            )
            self._line(f"still  {what} ({self._board.counts})")

    def _beat_on(self) -> None:
        while not self._over.wait(self._interval):
            self.beat()

    def _tell_cached(self) -> None:
        cached = self._board.cached
        if cached and not self._told_cached:
            self._told_cached = True
            names = ", ".join(part.part for part in cached)
            self._line(f"cached {len(cached)} parts: {names}")

    def _line(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)


class LiveScreen:
    """A table of what runs, redrawn in place; what ended moves up and stays."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console = console
        self._board = Board(clock)
        self._lock = threading.Lock()
        self._live = Live(
            console=console, get_renderable=self._render, refresh_per_second=4, transient=True
        )

    def __enter__(self) -> Self:
        """Starts drawing."""
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops drawing and prints the seconds of each part."""
        self._live.stop()
        if self._board.parts:
            self._console.print(self._summary())

    def report(self, progress: PartProgress) -> None:
        """Takes a report; what ended gets a line of its own."""
        with self._lock:
            change = self._board.take(progress)
        if change is Change.FINISHED and not progress.cached:
            style = "red" if progress.state is PartState.FAILED else "green"
            self._console.print(Text(_ending(self._board.parts[progress.part]), style=style))

    def _render(self) -> RenderableType:
        with self._lock:
            running = self._board.in_state(PartState.RUNNING)
            waiting = [p.part for p in self._board.in_state(PartState.WAITING)]
            table = Table(box=None, pad_edge=False, expand=True)
            for heading, ratio in (("part", 3), ("doing", 5), ("", None), ("for", None)):
                table.add_column(heading, ratio=ratio, no_wrap=True, overflow="ellipsis")
            table.add_column("log", ratio=2, no_wrap=True, overflow="ellipsis")
            for part in running:
                table.add_row(*self._row(part))
            counts = f"{self._board.counts}, {duration(self._board.seconds)}"
        foot = [f"waiting: {', '.join(waiting)}"] if waiting else []
        foot += [f"logs in {folder}" for folder in {p.log.parent for p in running if p.log}]
        dim = (Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in foot)
        return Group(table, Text(counts), *dim)

    def _row(self, part: PartProgress) -> tuple[RenderableType, ...]:
        fraction = part.fraction
        far: RenderableType = Text(amount(part))
        if fraction is not None:
            far = ProgressBar(total=1.0, completed=fraction, width=BAR_WIDTH)
        return (
            Text(part.part, style="bold"),
            Text(part.detail),
            far,
            Text(duration(self._board.running_seconds(part.part))),
            Text(part.log.name if part.log else "", style="dim"),
        )

    def _summary(self) -> RenderableType:
        board = self._board
        table = Table(box=None, pad_edge=False)
        table.add_column("part")
        table.add_column("seconds", justify="right")
        for part in board.made:
            table.add_row(Text(part.part), f"{part.seconds:.1f}")
        cached = f", {len(board.cached)} of them from the cache" if board.cached else ""
        total = Text(f"{board.counts}{cached}, in {duration(board.seconds)}")
        return Group(table, total) if board.made else total


def _ending(progress: PartProgress) -> str:
    took = duration(progress.seconds)
    if progress.state is PartState.FAILED:
        log = f" (log {progress.log})" if progress.log else ""
        return f"failed {progress.part} after {took}: {progress.detail}{log}"
    return f"done   {progress.part} in {took}"
