"""Builds the bundle from package registries alone, in a child process, and follows what it does.

The programme `airgap` lies beside this package and is no part of it: the two speak through JSON
lines and `bundle.json` only. What a bundle is made of, and what of it can be reused, the child
knows; here its events become `PartProgress` and its end becomes a bundle or one paragraph.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.bundle.effects import Effects, Site
from harness.bundle.manifest import read_bundle
from harness.bundle.progress import PartProgress, PartState, Report
from harness.io.process import Completed
from harness.model.bundle import Bundle
from harness.model.errors import BundleError

PROGRAM = "airgap"
DEADLINE_SECONDS = 4 * 3600.0
"""A cold build takes about 15 minutes on two cores; slow networks and machines get time."""
PLAN_SECONDS = 60.0
KEPT_STRAY_LINES = 5


class _Event(BaseModel):
    """One line of `airgap build --events`; unknown fields are left for later versions."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    event: str
    part: str = ""
    key: str = ""
    log: str = ""
    detail: str = ""
    done: float | None = None
    total: float | None = None
    seconds: float = Field(default=0.0, ge=0)
    cached: bool = False
    message: str = ""
    path: str = ""


class _PlannedPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    cached: bool = False


class _Plan(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    parts: tuple[_PlannedPart, ...]


class EventReader:
    """Turns the child's lines into progress and remembers what is needed for its last word."""

    def __init__(self, cache: Path, report: Report) -> None:
        self._cache = cache
        self._report = report
        self.running: dict[str, PartProgress] = {}
        self.failed: PartProgress | None = None
        self.bundle: Path | None = None
        self.addon: Path | None = None
        self.stray: list[str] = []
        """Lines that are no events, the last few; a broken program says there why."""

    def take(self, line: str) -> None:
        """Takes one line of output."""
        try:
            event = _Event.model_validate_json(line)
        except ValidationError:
            if line.strip():
                self.stray = [*self.stray, line.strip()][-KEPT_STRAY_LINES:]
            return
        match event.event:
            case "start":
                self._go_on(event, log=self._inside(event.log))
            case "progress":
                self._go_on(event, log=self._log(event.part))
            case "done":
                self._finish(event, PartState.DONE, event.detail)
            case "failed":
                self.failed = self._finish(event, PartState.FAILED, event.message)
            case "bundle":
                self.bundle = self._inside(event.path)
            case "addon":
                self.addon = self._inside(event.path)
            case _:  # a later version of the child may say more
                pass

    def abandon(self, why: str) -> None:
        """Reports every part that still ran as failed: its process is gone."""
        for part, last in list(self.running.items()):
            del self.running[part]
            self._report(PartProgress(part=part, state=PartState.FAILED, detail=why, log=last.log))

    def _go_on(self, event: _Event, *, log: Path | None) -> None:
        progress = PartProgress(
            part=event.part,
            state=PartState.RUNNING,
            detail=event.detail,
            done=event.done,
            total=event.total,
            log=log,
        )
        self.running[event.part] = progress
        self._report(progress)

    def _finish(self, event: _Event, state: PartState, detail: str) -> PartProgress:
        log = self._log(event.part)
        self.running.pop(event.part, None)
        progress = PartProgress(
            part=event.part,
            state=state,
            detail=detail,
            seconds=event.seconds,
            cached=event.cached,
            log=log,
        )
        self._report(progress)
        return progress

    def _log(self, part: str) -> Path | None:
        last = self.running.get(part)
        return last.log if last else None

    def _inside(self, path: str) -> Path | None:
        return self._cache / path if path else None


def build_bundle(
    site: Site,
    effects: Effects,
    *,
    parts: Sequence[str] = (),
    deadline_seconds: float = DEADLINE_SECONDS,
) -> Bundle | None:
    """Builds what is not in the cache yet and returns the bundle; None if only `parts` were asked.

    Parts already built are found by the child and cost nothing; an interrupted build goes on where
    it was. Leaving this call, by whatever way, ends the child and its children.

    Args:
        site: Where and from what.
        effects: Handles.
        parts: Build these parts and what they need, and make no bundle.
        deadline_seconds: After this the child is ended.

    Raises:
        BundleError: A part failed, the child ended otherwise, or what it wrote is not a bundle.
    """
    announce_plan(site, effects, parts)
    reader, completed = _follow(
        _command("build", site, parts, "--events"), site, effects, deadline_seconds
    )
    if reader.bundle is not None:
        return read_bundle(reader.bundle)
    if parts:
        return None
    raise _build_error(reader, completed, site.cache)


def build_addon(
    name: str, site: Site, effects: Effects, *, deadline_seconds: float = DEADLINE_SECONDS
) -> Path:
    """Builds an add-on, which is no part of the bundle, and returns the file that describes it.

    Raises:
        BundleError: A part failed, or the child ended without naming the file.
    """
    command = _command("build", site, (), "--addon", name, "--events")
    reader, completed = _follow(command, site, effects, deadline_seconds)
    if reader.addon is None:
        raise _build_error(reader, completed, site.cache)
    return reader.addon


def _follow(
    command: list[str], site: Site, effects: Effects, deadline_seconds: float
) -> tuple[EventReader, Completed]:
    reader = EventReader(site.cache, effects.report)
    completed = effects.stream.stream(
        command,
        on_line=reader.take,
        deadline_seconds=deadline_seconds,
        cwd=site.program_root,
        cancelled=effects.cancelled,
    )
    if not completed.ok:
        reader.abandon(_end(completed))
        raise _build_error(reader, completed, site.cache)
    return reader, completed


def announce_plan(site: Site, effects: Effects, parts: Sequence[str]) -> None:
    """Reports every part of the plan as waiting, or as done where it is cached.

    A plan that cannot be had is passed over: the build itself says what is wrong.
    """
    lines: list[str] = []
    effects.stream.stream(
        _command("plan", site, parts),
        on_line=lines.append,
        deadline_seconds=PLAN_SECONDS,
        cwd=site.program_root,
        cancelled=effects.cancelled,
    )
    try:
        plan = _Plan.model_validate_json("\n".join(lines))
    except ValidationError:
        return
    for part in plan.parts:
        state = PartState.DONE if part.cached else PartState.WAITING
        effects.report(PartProgress(part=part.name, state=state, cached=part.cached))


def _command(verb: str, site: Site, parts: Sequence[str], *options: str) -> list[str]:
    chosen = [item for name in parts for item in ("--part", name)]
    trusted = [item for path in site.ca_files for item in ("--ca", str(path.absolute()))]
    start = [sys.executable, "-m", PROGRAM, verb, "--cache", str(site.cache.absolute())]
    return [*start, *chosen, *trusted, *options]


def _build_error(reader: EventReader, completed: Completed, cache: Path) -> BundleError:
    if reader.failed is not None:
        return BundleError(
            attempted="Building",
            subject=f"the part {reader.failed.part} of the bundle",
            seen=reader.failed.detail or _end(completed),
            expected="every part to build; those that are done are kept",
            next_step="read the log, then try again: harness bundle build",
            log=str(reader.failed.log or ""),
        )
    said = completed.stderr.strip() or "\n".join(reader.stray)
    return BundleError(
        attempted="Building the bundle in",
        subject=str(cache),
        seen=f"{_end(completed)}{': ' + _last_lines(said) if said else ''}",
        expected="a bundle.json at the end; parts that are done are kept",
        next_step="harness bundle build (goes on where it was)",
        log=str(cache / "logs"),
    )


def _end(completed: Completed) -> str:
    """Returns how the child ended, as a clause without its output."""
    if completed.missing or completed.cancelled:
        return completed.explain()
    if completed.timed_out:
        return "it was not done before its deadline"
    if completed.returncode < 0:
        return f"it was ended by {signal.Signals(-completed.returncode).name}"
    if completed.returncode == 0:
        return "it ended without naming a bundle"
    return f"it ended with exit code {completed.returncode}"


def _last_lines(text: str, lines: int = 6) -> str:
    return " | ".join(line.strip() for line in text.splitlines()[-lines:] if line.strip())
