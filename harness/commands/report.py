"""`harness report`: renders a run again from its `run.json`, anywhere, without a cluster.

Without an option it writes every format anew beside `run.json` (or into `--output`) and names the
files; with one it prints that format. Without an argument the last run's folder is meant; of an
evidence archive the reports go into a folder beside it. The exit code tells whether the report
could be rendered, not how the run ended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from platformdirs import user_state_path

from harness.commands.archived import report_folder, unpacked
from harness.model.errors import UsageError
from harness.model.run import RunRecord
from harness.report.html import html_report
from harness.report.json_report import run_from_json, run_to_json
from harness.report.redaction import presentable
from harness.report.summary import summary_markdown
from harness.report.verdict import headline, verdict
from harness.report.write import write_reports

RUN_FILE = "run.json"
APPLICATION = "gitops-harness"


def register(app: typer.Typer) -> None:
    """Adds the command to the application."""

    @app.command("report")
    def report(
        source: Annotated[
            Path | None,
            typer.Argument(
                metavar="RUN_JSON|FOLDER|FILE", help="A run.json, its folder, or evidence.tar.gz."
            ),
        ] = None,
        html: Annotated[bool, typer.Option("--html", help="Print the HTML report.")] = False,
        markdown: Annotated[bool, typer.Option("--markdown", help="Print the summary.")] = False,
        json: Annotated[bool, typer.Option("--json", help="Print the run as JSON.")] = False,
        output: Annotated[
            Path | None, typer.Option("--output", "-o", help="Write the files to this folder.")
        ] = None,
    ) -> None:
        """Render the reports of a run again from its run.json."""
        chosen = {html_report: html, summary_markdown: markdown, run_to_json: json}
        wanted = [render for render, asked in chosen.items() if asked]
        if len(wanted) + (output is not None) > 1:
            raise UsageError(
                attempted="Choosing what to render from",
                subject=str(source or "the last run"),
                seen="more than one of --html, --markdown, --json and --output",
                expected="one of them, or none to write every format beside run.json",
                next_step="harness report --help",
            )
        run, folder = _opened(source)
        _deliver(presentable(run), wanted, output or folder)


def _opened(source: Path | None) -> tuple[RunRecord, Path]:
    """Returns the run that is meant, and the folder for its reports."""
    with unpacked(source) if source else nullcontext() as archive:
        if source is not None and archive is not None:
            return read_run(archive[0] / RUN_FILE), report_folder(source)
    path = run_file(source)
    return read_run(path), path.parent


def run_file(source: Path | None) -> Path:
    """Returns the run.json that is meant: of the folder, or of the last run without one."""
    if source is None:
        made = [folder for folder in default_folders() if (folder / RUN_FILE).is_file()]
        source = (made or default_folders())[0]
        return source / RUN_FILE
    return source / RUN_FILE if source.is_dir() else source


def default_folders() -> list[Path]:
    """Returns where runs leave their reports: `make e2e` here, `harness e2e` with the user."""
    return [Path("report"), user_state_path(APPLICATION) / "report"]


def read_run(path: Path) -> RunRecord:
    """Returns the run stored in a file.

    Raises:
        UsageError: The file is missing, unreadable, or holds no run.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(
            attempted="Reading the run in",
            subject=str(path),
            seen=reason or str(error),
            expected=f"the {RUN_FILE} that a run of the harness wrote into its report folder",
            next_step="harness report FOLDER, with the folder that a run named as its report",
        ) from None
    return run_from_json(text, str(path))


def _deliver(run: RunRecord, wanted: Sequence[Callable[[RunRecord], str]], folder: Path) -> None:
    for render in wanted:
        typer.echo(render(run), nl=False)
    if not wanted:
        typer.echo(f"{verdict(run)}: {headline(run)}")
        for path in write_reports(run, folder):
            typer.echo(str(path))
