"""The last words of a run, the same on every screen: counts, reports, then what went wrong.

Returns text only; how it is coloured and wrapped is the screen's. The error comes last because the
last lines are what a person sees first when the program has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.model.run import ObjectStatus, RunRecord
from harness.report.failure import error_pieces
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
    pieces = error_pieces(run.error) if run.error and not run.interrupted else []
    if run.evidence:
        pieces.append(f"Evidence: {run.evidence}")
    return pieces


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
