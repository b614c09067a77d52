"""A bar on a terminal while an audit goes on; it appears only for one that takes its time.

The bar is drawn on standard error and vanishes at the end, so that what is printed stays alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from harness.report.wording import clean, one_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_SECONDS = 0.5
"""An audit that ends earlier shows no bar."""
WIDEST = 60
"""Of what is worked on, so many characters are shown, the last ones."""


class NoProgress:
    """Shows nothing."""

    def __enter__(self) -> Self:
        """Begins nothing."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ends nothing."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """Takes no notice."""


class ProgressBar:
    """Draws the bar; may be called from any thread."""

    def __init__(
        self, stream: TextIO, *, monotonic: Callable[[], float], no_color: bool = False
    ) -> None:
        self._stream, self._no_color = stream, no_color
        self._monotonic, self._began = monotonic, monotonic()
        self._lock = threading.Lock()
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._over = False

    def __enter__(self) -> Self:
        """Begins to wait for something worth showing."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Removes the bar."""
        with self._lock:
            self._over = True
            if self._bar is not None:
                self._bar.stop()

    def __call__(self, done: int, total: int, what: str) -> None:
        """Shows how far the audit is."""
        with self._lock:
            if self._over or self._monotonic() - self._began < PATIENCE_SECONDS:
                return
            if self._bar is None:
                self._bar = self._started()
                self._task = self._bar.add_task("", total=total)
            if self._task is not None:
                label = one_line(clean(what))[-WIDEST:]
                self._bar.update(self._task, completed=done, total=total, description=label)

    def _started(self) -> Progress:
        # Slow to import, and seldom needed.
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415
        from rich.table import Column  # noqa: PLC0415

        console = Console(file=self._stream, no_color=self._no_color, highlight=False)
        what = Column(no_wrap=True, overflow="ellipsis")
        label = TextColumn("{task.description}", markup=False, table_column=what)
        bar = Progress(BarColumn(), MofNCompleteColumn(), label, console=console, transient=True)
        bar.start()
        return bar
