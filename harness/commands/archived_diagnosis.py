"""The diagnosis of an archived run: made again from its timeline, with the lines the run found.

A run that ended before any cluster has no timeline; then its own diagnosis is given.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.commands.report import RUN_FILE, read_run
from harness.examine import Question, examine_recording
from harness.model.errors import UsageError
from harness.model.finding import Diagnosis, Finding
from harness.model.run import RunRecord
from harness.reproduction.manifest import EVIDENCE


def diagnosis_in(folder: Path, question: Question) -> Diagnosis:
    """Returns what was wrong with the run in an unpacked archive.

    Raises:
        UsageError: The run ended before anything was watched, and without a diagnosis.
    """
    run = read_run(folder / RUN_FILE)
    try:
        found = examine_recording(folder / EVIDENCE, question)
    except UsageError:
        if run.diagnosis is None:
            raise _nothing_watched(run) from None
        return run.diagnosis
    return _with_places(found, run.diagnosis) if run.diagnosis else found


def _nothing_watched(run: RunRecord) -> UsageError:
    why = f": {run.error.paragraph()}" if run.error else ""
    return UsageError(
        attempted="Diagnosing",
        subject=f"run {run.run_id}",
        seen=f"it ended before its cluster was watched{why}",
        expected="a run with a timeline",
        next_step="harness report shows what the run said",
    )


def _with_places(found: Diagnosis, told: Diagnosis) -> Diagnosis:
    """Returns the diagnosis with the lines that the run itself found."""
    places = {(f.cause, f.object): (f.file, f.line) for f in (*told.findings, *told.suspects)}

    def placed(finding: Finding) -> Finding:
        file, line = places.get((finding.cause, finding.object), ("", 0))
        return finding if finding.file else replace(finding, file=file, line=line)

    return replace(
        found,
        findings=tuple(placed(f) for f in found.findings),
        suspects=tuple(placed(f) for f in found.suspects),
    )
