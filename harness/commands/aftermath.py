"""What follows a finished run besides its report: annotations, the job's page, the flake record.

GitHub Actions says that it runs us by `GITHUB_ACTIONS`, and where its page is by
`GITHUB_STEP_SUMMARY`. Works on `run.json`, in which secrets are masked. Nothing here changes
how the run ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from harness.model.run import RunRecord
from harness.report.annotations import append_summary, run_annotations
from harness.report.audit_places import folder_in_checkout
from harness.report.flakes import remarks, remembered
from harness.report.flakes_file import remember
from harness.report.json_report import run_from_json
from harness.report.summary import summary_markdown
from harness.report.write import write_reports

RUN_FILE = "run.json"


def follow_up(
    record: RunRecord,
    folder: Path,
    *,
    environ: Mapping[str, str],
    out: TextIO,
    history: Path | None = None,
) -> None:
    """Remembers the run, adds what earlier ones say to its report, and tells the CI.

    Args:
        record: The run; its notes grow.
        folder: Its report; without a `run.json` of this run there, nothing is done.
        environ: The variables of the process.
        out: Where annotations and remarks are printed.
        history: The flake record; None for none.

    Raises:
        UsageError: The flake record cannot be written.
    """
    shown = _written(record, folder)
    if shown is None:
        return
    if history is not None:
        past = remembered(shown)
        said = [f"history: {remark}" for remark in remarks(past, remember(history, past))]
        if said:
            out.write("".join(f"{line}\n" for line in said))
            record.notes += said
            shown.notes += said
            write_reports(shown, folder)
    _tell_github(shown, environ, out)


def _written(record: RunRecord, folder: Path) -> RunRecord | None:
    path = folder / RUN_FILE
    if not path.is_file():
        return None
    found = run_from_json(path.read_text(encoding="utf-8"), str(path))
    return found if found.run_id == record.run_id else None


def _tell_github(run: RunRecord, environ: Mapping[str, str], out: TextIO) -> None:
    if environ.get("GITHUB_ACTIONS") != "true":
        return
    out.write(run_annotations(run, folder_in_checkout(Path(run.repository), environ)))
    out.flush()
    target = environ.get("GITHUB_STEP_SUMMARY", "")
    if target:
        with suppress(OSError):  # the page of the job is a convenience
            append_summary(summary_markdown(run), Path(target))
