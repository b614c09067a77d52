"""`harness doctor`: shows what this machine has and lacks, and mends it where it may.

Judgement lives in `harness.doctor`; here is only how it looks: a table on a terminal, plain lines
elsewhere, JSON on request.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from platformdirs import user_cache_dir
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.doctor import Check, CheckState, Examination, examine, mend
from harness.io.clock import SystemClock
from harness.io.process import ProcessRunner
from harness.model.errors import ExitCode

STYLES = {
    CheckState.OK: "green",
    CheckState.WARNING: "yellow",
    CheckState.FAILED: "bold red",
    CheckState.SKIPPED: "dim",
}


def register(app: typer.Typer) -> None:
    """Adds the command to the application."""
    app.command("doctor")(doctor)


def doctor(
    *,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what may be mended (root on Debian or Ubuntu).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Check that this machine can run the cluster; exit code 4 when it cannot."""
    console = Console(soft_wrap=True)
    runner, clock = ProcessRunner(), SystemClock()
    cache = Path(user_cache_dir("gitops-harness"))
    examination = examine(runner=runner, clock=clock, environ=os.environ, cache=cache)
    changed: list[str] = []
    if fix:
        changed = mend(examination, runner=runner, clock=clock, say=_saying(console, as_json))
    if changed:
        examination = examine(
            runner=runner, clock=clock, environ=os.environ, cache=cache, before=examination
        )
    if as_json:
        typer.echo(json.dumps(as_data(examination, changed), indent=2))
    else:
        show(examination, changed, console)
    if examination.failed:
        raise typer.Exit(ExitCode.RUNNER)


def _saying(console: Console, as_json: bool) -> Any:
    return (lambda _: None) if as_json else (lambda text: console.print(Text(text)))


def as_data(examination: Examination, changed: list[str]) -> dict[str, Any]:
    """Returns the examination as plain values for JSON."""
    facts = dataclasses.asdict(examination.facts)
    facts["extra_ca_files"] = [str(path) for path in examination.facts.extra_ca_files]
    return {
        "passed": not examination.failed,
        "checks": [dataclasses.asdict(check) for check in examination.checks],
        "facts": facts,
        "registries_reachable": examination.registries_reachable,
        "changed": changed,
    }


def show(examination: Examination, changed: list[str], console: Console) -> None:
    """Prints the checks, what was changed and the verdict."""
    for change in changed:
        console.print(Text(f"changed: {change}"))
    if console.is_terminal:
        console.print(_table(examination))
        for check in examination.checks:
            if check.mend and check.state in {CheckState.WARNING, CheckState.FAILED}:
                console.print(Text(f"to mend {check.name}: {check.mend}"))
    else:
        for check in examination.checks:
            console.print(Text(plain_line(check)))
    console.print(Text(verdict(examination)))


def plain_line(check: Check) -> str:
    """Returns one check on one line."""
    line = f"{check.state.value:8} {check.name}: {check.found}"
    if check.state in {CheckState.OK, CheckState.SKIPPED}:
        return line
    mending = f" Mend: {check.mend}" if check.mend else ""
    return f"{line}. Needed: {check.needed}.{mending}"


def verdict(examination: Examination) -> str:
    """Returns the closing line."""
    failed = len(examination.failed)
    if failed:
        return f"{failed} of {len(examination.checks)} checks failed."
    warnings = sum(check.state is CheckState.WARNING for check in examination.checks)
    word = "warning" if warnings == 1 else "warnings"
    return f"This machine is ready ({len(examination.checks)} checks, {warnings} {word})."


def _table(examination: Examination) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "check", "found", "needed"):
        table.add_column(heading, overflow="fold")
    for check in examination.checks:
        state = Text(check.state.value, style=STYLES[check.state])
        table.add_row(state, Text(check.name), Text(check.found), Text(check.needed))
    return table
