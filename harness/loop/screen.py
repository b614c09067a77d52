"""How the loop shows itself, and which of three ways is chosen.

A screen may be called from several threads. Which verdict is given is never decided here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from rich.console import Console

from harness.io.clock import Clock
from harness.loop.verdicts import LoopVerdict
from harness.model.finding import Diagnosis
from harness.model.run import ApplicationStatus, ObjectStatus, StageRecord
from harness.model.secret import Secret
from harness.watch.credentials import (
    is_credential_name,
    is_reference,
    without_assigned_credentials,
)
from harness.watch.redacted import HIDDEN

OFF = frozenset({"", "0", "false", "no", "off"})
LONGEST_LINE = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How a revision stands at one moment."""

    line: str
    revision: str
    applications: tuple[ApplicationStatus, ...]
    objects: tuple[ObjectStatus, ...]
    diagnosis: Diagnosis | None


class LoopScreen(Protocol):
    """Shows the loop, from `begin` to `finish`."""

    def begin(self, title: str) -> None:
        """Starts showing."""

    def stage(self, record: StageRecord) -> None:
        """Shows a stage of the start, or a step of a round."""

    def objects(self, statuses: Sequence[ObjectStatus]) -> None:
        """Shows what a stage of the start waits for."""

    def note(self, text: str) -> None:
        """Shows a remark, once."""

    def saved(self, number: int, files: Sequence[str]) -> None:
        """Shows that a round begins."""

    def standing(self, shown: Shown) -> None:
        """Shows how the present revision stands."""

    def verdict(self, verdict: LoopVerdict) -> None:
        """Shows a verdict."""

    def log(self, title: str, text: str) -> None:
        """Shows the end of a log, or hides it when the text is empty."""

    def help(self, text: str) -> None:
        """Shows which keys there are, or hides it."""

    def select(self, step: int) -> ObjectStatus | None:
        """Moves the mark among the workloads by so many; returns the marked one."""

    def finish(self) -> None:
        """Ends showing; later calls do nothing."""


def source_line(root: Path, file: str, line: int) -> str:
    """Returns a line of a file of the tree, credentials hidden; empty where there is none."""
    if not file or line < 1:
        return ""
    try:
        with (root / file).open(encoding="utf-8", errors="replace") as stream:
            text = next((t for number, t in enumerate(stream, start=1) if number == line), "")
    except OSError:
        return ""
    text = text.strip()[:LONGEST_LINE]
    key, colon, value = text.removeprefix("- ").partition(":")
    name = key.strip().strip("\"'")
    # `key: password` is the name of a key in a reference, never a key itself.
    secret = name != "key" and is_credential_name(name) and not is_reference(value.strip())
    if colon and secret and value.strip():
        return f"{key}: {HIDDEN}"
    return without_assigned_credentials(text)


def can_redraw(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Tells whether a stream is a terminal that can be redrawn."""
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
    return (
        stream.isatty()
        and environment.get("CI", "").strip().lower() in OFF
        and environment.get("TERM", "") != "dumb"
        and encoding == "utf8"
    )


def choose_loop_screen(
    stream: TextIO,
    environment: Mapping[str, str],
    *,
    as_json: bool,
    root: Path,
    secrets: Collection[Secret],
    clock: Clock,
) -> LoopScreen:
    """Returns JSON lines where asked for, the live screen on a terminal, else plain lines."""
    from harness.loop.json_lines import JsonLines  # noqa: PLC0415 -- each one imports this module
    from harness.loop.live import LiveLoop  # noqa: PLC0415
    from harness.loop.plain import PlainLoop  # noqa: PLC0415

    if as_json:
        return JsonLines(stream, secrets)
    if not can_redraw(stream, environment):
        return PlainLoop(stream, root=root, secrets=secrets, clock=clock)
    no_color = bool(environment.get("NO_COLOR"))
    console = Console(file=stream, no_color=no_color, highlight=False, emoji=False, markup=False)
    return LiveLoop(console, root=root, secrets=secrets, clock=clock)
