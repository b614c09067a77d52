"""The last words of a run, the same on every screen: counts, reports, then what went wrong.

Returns text only; how it is coloured and wrapped is the screen's. The error comes last because the
last lines are what a person sees first when the program has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.model.finding import Finding
from harness.model.run import ObjectStatus, RunRecord
from harness.report.failure import error_pieces
from harness.report.findings import finding_heading, finding_rows, shown_findings
from harness.report.verdict import Verdict, headline, tally, verdict, waiting
from harness.report.wording import counted

MAIN_REPORT = "report.html"


def closing_rows(run: RunRecord, reports: Sequence[Path] = ()) -> list[tuple[str, str]]:
    """Returns the compact summary as pairs of label and value."""
    counts = tally(run)
    rows = [
        (label, f"{good} of {total} {word}")
        for label, (good, total), word in (
            ("Stages", counts.stages, "passed"),
            ("Applications", counts.applications, "synced"),
            ("Workloads", counts.objects, "ready"),
            ("Proofs", counts.proofs, "held"),
        )
        if total
    ]
    if counts.not_judged:
        rows.append(("Not judged", counted(counts.not_judged, "workload")))
    if counts.images:
        rows.append(("Images", f"{counts.images} delivered{_substituted(counts.substituted)}"))
    if run.leftovers:
        rows.append(("Left behind", ", ".join(run.leftovers)))
    main = [path for path in reports if path.name == MAIN_REPORT]
    rows.extend(("Report", str(path)) for path in main or reports)
    return rows


def closing_title(run: RunRecord) -> str:
    """Returns the verdict and its sentence."""
    return f"{verdict(run).upper()}: {headline(run)}"


def bad_news(run: RunRecord) -> list[str]:
    """Returns what went wrong, one piece a line, the evidence last; nothing for a passed run."""
    if verdict(run) is Verdict.PASSED:
        return []
    pieces = _reasons(run) if run.error and not run.interrupted else []
    if run.evidence:
        pieces.append(f"Evidence: {run.evidence}")
    return pieces


def _reasons(run: RunRecord) -> list[str]:
    """The root causes where there are any, else the error, with what is suspected."""
    findings = shown_findings(run)
    if findings or run.error is None:
        return [line for finding in findings for line in _finding(finding)]
    return error_pieces(run.error)


def _finding(finding: Finding) -> list[str]:
    rows = [f"{label}: {text}" for label, text in finding_rows(finding)]
    return [f"{finding_heading(finding)}", *rows]


def waiting_text(statuses: Sequence[ObjectStatus], shown: int = 3) -> str:
    """Returns how many objects are ready, and by name the first `shown` that are not."""
    unready = waiting(statuses)
    text = f"{len(statuses) - len(unready)} of {len(statuses)} ready"
    if not unready:
        return text
    named = ", ".join(f"{status.ref} ({status.health})" for status in unready[:shown])
    more = f" and {len(unready) - shown} more" if len(unready) > shown else ""
    return f"{text}; waiting for {named}{more}"


def _substituted(number: int) -> str:
    return f", {number} of them substituted" if number else ""
