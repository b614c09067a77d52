"""Shows the loop as JSON: one line for each verdict, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import TextIO

from harness.loop.document import verdict_line
from harness.loop.screen import Shown
from harness.loop.verdicts import LoopVerdict
from harness.model.run import ObjectStatus, StageRecord
from harness.model.secret import Secret
from harness.report.redaction import masked


class JsonLines:
    """Writes verdicts to a stream; see `harness.loop.screen.LoopScreen`."""

    def __init__(self, stream: TextIO, secrets: Collection[Secret] = ()) -> None:
        self._stream, self._secrets = stream, secrets
        self._lock = threading.Lock()

    def verdict(self, verdict: LoopVerdict) -> None:
        """Writes one line; whoever closed the stream is not told any more."""
        line = masked(verdict_line(verdict), self._secrets)
        with self._lock:
            try:
                self._stream.write(f"{line}\n")
                self._stream.flush()
            except (OSError, ValueError):
                return

    def begin(self, title: str) -> None:
        """Says nothing."""

    def stage(self, record: StageRecord) -> None:
        """Says nothing."""

    def objects(self, statuses: Sequence[ObjectStatus]) -> None:
        """Says nothing."""

    def note(self, text: str) -> None:
        """Says nothing."""

    def saved(self, number: int, files: Sequence[str]) -> None:
        """Says nothing."""

    def standing(self, shown: Shown) -> None:
        """Says nothing."""

    def log(self, title: str, text: str) -> None:
        """Says nothing."""

    def help(self, text: str) -> None:
        """Says nothing."""

    def select(self, step: int) -> ObjectStatus | None:  # noqa: ARG002
        """Marks nothing."""
        return None

    def finish(self) -> None:
        """Says nothing."""
