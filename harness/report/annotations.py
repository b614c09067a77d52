"""A run's findings as workflow commands of GitHub Actions, and its summary for the job's page.

Facts: the runner takes a line that begins with `::error` for a command and undoes `%25 %0D %0A` in
its text, `%3A %2C` too in its properties (actions/runner `src/Runner.Common/ActionCommand.cs`). A
step's summary may be 1 MiB (docs.github.com, "Workflow commands": `GITHUB_STEP_SUMMARY`). The same
for an audit: `harness.audit.annotations`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from harness.model.finding import Finding
from harness.model.run import RunRecord
from harness.report.findings import finding_heading, finding_rows, shown_findings, shown_suspects
from harness.report.verdict import Verdict, headline, verdict

SUMMARY_BYTES = 1_000_000
SUMMARY_CUT = "\n\nThe rest is left out; report.html holds everything.\n"
TEXT_LENGTH = 2000


def run_annotations(run: RunRecord, folder: str = ".") -> str:
    """Returns the commands for a run, one a line; nothing for a run that passed.

    Args:
        run: A finished run, its secrets masked.
        folder: Where the repository lies in the checkout, POSIX, as paths are told from there.
    """
    return "".join(f"{line}\n" for line in _lines(run, folder))


def _lines(run: RunRecord, folder: str) -> Iterator[str]:
    findings = shown_findings(run)
    for finding in findings:
        yield _of_finding("error", finding, folder)
    for suspect in shown_suspects(run):
        yield _of_finding("warning", suspect, folder)
    if not findings and verdict(run) is not Verdict.PASSED:
        text = run.error.paragraph() if run.error else headline(run)
        yield workflow_command("error", {"title": headline(run)}, text)


def _of_finding(level: str, finding: Finding, folder: str) -> str:
    place = {}
    if finding.file:
        place["file"] = PurePosixPath(folder, finding.file).as_posix()
        if finding.line:
            place["line"] = str(finding.line)
    text = "\n".join(f"{label}: {said}" for label, said in finding_rows(finding))
    return workflow_command(level, {**place, "title": finding_heading(finding)}, text)


def workflow_command(level: str, properties: dict[str, str], text: str) -> str:
    """Returns one command; `level` is `error`, `warning` or `notice`."""
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {told}::{_data(text[:TEXT_LENGTH])}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def append_summary(markdown: str, target: Path) -> None:
    """Appends a summary to the file of the job's page, as much of it as the page takes.

    Raises:
        OSError: The file cannot be written.
    """
    data = markdown.encode()
    present = target.stat().st_size if target.exists() else 0
    room = SUMMARY_BYTES - present - len(SUMMARY_CUT.encode())
    if room <= 0:
        return
    text = markdown if len(data) <= room else _shortened(data, room)
    with target.open("a", encoding="utf-8") as stream:
        stream.write(text)


def _shortened(data: bytes, room: int) -> str:
    head = data[:room].decode(errors="ignore")
    return head.rpartition("\n")[0] + SUMMARY_CUT
