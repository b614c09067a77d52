"""Runs an audit: reads the baseline, inspects, applies it, prints, writes files, gives the code.

Whatever can be wrong with an option is found before the inspection. Results are printed before
files are written, so that a full disk loses nothing. Judgement is `harness.audit`, rendering
`harness.inspection`, the looks `harness.report.audit_text`.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, TextIO

from harness import __version__
from harness.audit.annotations import annotation_lines, without_commands
from harness.audit.baseline import FILE_NAME
from harness.audit.catalogue import rules
from harness.audit.document import audit_json
from harness.audit.finding import AuditResult
from harness.audit.junit import junit
from harness.audit.sarif import sarif
from harness.audit.threshold import FailOn, fails
from harness.io.clock import Clock, SystemClock
from harness.model.errors import ExitCode
from harness.report.audit_baseline import BaselineFile
from harness.report.audit_files import check_folder, check_targets, write_text
from harness.report.audit_places import folder_in_checkout, seen_from_checkout
from harness.report.audit_progress import NoProgress, ProgressBar
from harness.report.audit_text import WIDTH, audit_lines, audit_text, presentable
from harness.report.wording import counted


class Progress(Protocol):
    """Is told how far an audit is; from any thread."""

    def __call__(self, done: int, total: int, what: str) -> None:
        """Takes the number of things done, of all things, and what was done last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be audited, and where the result goes."""

    repository: Path
    environments: tuple[str, ...] = ()
    target: str = "any"
    as_json: bool = False
    sarif: Path | None = None
    junit: Path | None = None
    annotations: bool | None = None
    """None: where GitHub Actions runs it."""
    baseline: Path | None = None
    """None: the file of the repository, if there is one."""
    write_baseline: bool = False
    fail_on: FailOn = FailOn.MISMATCH
    quiet: bool = False
    verbose: bool = False


class Inspect(Protocol):
    """Finds what is wrong with a repository."""

    def __call__(self, order: Order, progress: Progress) -> AuditResult:
        """Returns what was found; raises RepositoryError where there is nothing to audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a run of the command touches."""

    inspect: Inspect
    out: TextIO
    err: TextIO
    environ: Mapping[str, str]
    clock: Clock = field(default_factory=SystemClock)

    @property
    def on_github(self) -> bool:
        """Whether GitHub Actions reads what is printed."""
        return self.environ.get("GITHUB_ACTIONS") == "true"


def inspect_repository(order: Order, progress: Progress) -> AuditResult:
    """Returns what the harness finds."""
    from harness.inspection import AuditQuestion, inspect  # noqa: PLC0415 -- after bad options

    gc.disable()  # a short process that makes many small objects and no cycles worth a search
    question = AuditQuestion(
        repository=order.repository, environments=order.environments, target=order.target
    )
    return inspect(question, progress=progress)


def run_audit(order: Order, world: World) -> ExitCode:
    """Runs one audit and returns how the process ends.

    Raises:
        UsageError: An option or the baseline is wrong.
        RepositoryError: The folder is no GitOps repository.
    """
    check_folder(order.repository)
    check_targets(_targets(order))
    started = world.clock.now()
    accepted = BaselineFile.opened(
        order.baseline, order.repository, to_extend=order.write_baseline, today=started.date()
    )
    with _progress(order, world) as progress:
        found = presentable(world.inspect(order, progress))
    kept = accepted.extended(found) if order.write_baseline else accepted
    result = presentable(kept.applied(found, whole=not order.environments))
    _print(result, order, world)
    _write_files(result, order, world, started)
    if order.write_baseline:
        _write_baseline(kept, len(accepted.new(found)), world)
    return ExitCode.AUDIT if fails(result, order.fail_on) else ExitCode.OK


def _targets(order: Order) -> dict[str, Path]:
    baseline = order.baseline or order.repository / FILE_NAME
    targets = {
        "--sarif": order.sarif,
        "--junit": order.junit,
        "--write-baseline": baseline if order.write_baseline else None,
    }
    return {option: path for option, path in targets.items() if path is not None}


def _progress(order: Order, world: World) -> NoProgress | ProgressBar:
    environ = world.environ
    plain = bool(environ.get("CI")) or environ.get("TERM") == "dumb"
    if order.quiet or order.as_json or plain or not world.err.isatty():
        return NoProgress()
    no_color = bool(environ.get("NO_COLOR"))
    return ProgressBar(world.err, monotonic=world.clock.monotonic, no_color=no_color)


def _print(result: AuditResult, order: Order, world: World) -> None:
    wanted = world.on_github if order.annotations is None else order.annotations
    told = annotation_lines(_from_checkout(result, order, world)) if wanted else ""
    if order.as_json:
        say(world.out, audit_json(result))
        say(world.err, told)
    elif world.out.isatty():
        _print_styled(result, order, world)
        say(world.out, told)
    else:
        text = audit_text(result, verbose=order.verbose, quiet=order.quiet)
        if world.on_github:
            text = without_commands(text, os.urandom(16).hex())
        say(world.out, text + told)


def _print_styled(result: AuditResult, order: Order, world: World) -> None:
    from rich.console import Console  # noqa: PLC0415 -- only a terminal needs it
    from rich.text import Text  # noqa: PLC0415

    console = Console(
        file=world.out,
        no_color=bool(world.environ.get("NO_COLOR")),
        highlight=False,
        soft_wrap=True,
    )
    width = min(WIDTH, console.width)
    for line in audit_lines(result, verbose=order.verbose, quiet=order.quiet, width=width):
        console.print(Text(_spelled(line.text, world.out), style=line.style))


def say(stream: TextIO, text: str) -> None:
    """Writes text; what the stream cannot spell is escaped, and a reader may stop reading."""
    try:
        stream.write(_spelled(text, stream))
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _spelled(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _from_checkout(result: AuditResult, order: Order, world: World) -> AuditResult:
    return seen_from_checkout(result, folder_in_checkout(order.repository, world.environ))


def _write_files(result: AuditResult, order: Order, world: World, started: datetime) -> None:
    if order.sarif:
        log = sarif(_from_checkout(result, order, world), rules(), __version__)
        write_text(order.sarif, log, "--sarif")
    if order.junit:
        stamp = started.strftime("%Y-%m-%dT%H:%M:%S")
        write_text(order.junit, junit(result, order.fail_on, stamp), "--junit")


def _write_baseline(file: BaselineFile, new: int, world: World) -> None:
    if not new:
        say(world.err, f"nothing to add to {file.baseline.name}\n")
        return
    file.write()
    say(
        world.err,
        f"added {counted(new, 'finding')} to {file.baseline.name}; "
        "write the reason in place of each TODO\n",
    )
