"""Findings as text for people: what, where, seen, expected, fix, and who suffers.

The same lines on every screen and in every format; which findings there are is the diagnosis'.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from harness.diagnosis.catalogue import catalogue
from harness.model.errors import (
    EngineError,
    NotReadyError,
    RepositoryError,
    RootCauseError,
    RunnerError,
)
from harness.model.finding import Confidence, Diagnosis, Finding, Outcome
from harness.model.refs import ObjectRef
from harness.model.run import RunRecord
from harness.report.wording import counted, one_line

WIDTH = 100
LABEL = 12
VICTIMS = 6


def title_of(finding: Finding) -> str:
    """Returns the title of a finding's cause; empty for an id the catalogue does not know."""
    known = catalogue().get(finding.cause)
    return known.title if known else ""


def place_of(finding: Finding) -> str:
    """Returns `file:line`, or nothing where it is not known."""
    if not finding.file:
        return ""
    return f"{finding.file}:{finding.line}" if finding.line else finding.file


def shown_findings(run: RunRecord) -> tuple[Finding, ...]:
    """Returns the root causes that ended a run; none for one that passed or ended otherwise."""
    certain = isinstance(run.error, (RootCauseError, RunnerError, RepositoryError))
    if run.diagnosis is None or not certain:
        return ()
    return run.diagnosis.findings


def shown_suspects(run: RunRecord) -> tuple[Finding, ...]:
    """Returns what is suspected where a run failed without a certain cause."""
    if run.diagnosis is None or not isinstance(run.error, (NotReadyError, EngineError)):
        return ()
    return run.diagnosis.suspects


def finding_rows(finding: Finding) -> list[tuple[str, str]]:
    """Returns a finding as pairs of label and text, empty ones left out."""
    rows = [
        ("Object", f"{finding.object}" + (f"  {finding.field}" if finding.field else "")),
        ("File", place_of(finding)),
        ("Seen", finding.seen),
        ("Expected", finding.expected),
        ("Fix", finding.fix),
        ("Suffers", victims_text(finding.victims)),
        ("Not tested", "; ".join(finding.not_testable)),
        ("Certainty", CERTAINTY[finding.confidence]),
    ]
    return [(label, one_line(text)) for label, text in rows if text]


CERTAINTY = {
    Confidence.CERTAIN: "",
    Confidence.HIGH: "",
    Confidence.STALLED: "nothing moves any more; this is the nearest cause",
}


def victims_text(victims: Sequence[ObjectRef]) -> str:
    """Returns the victims in one line, the first few by name."""
    named = ", ".join(str(v) for v in victims[:VICTIMS])
    more = len(victims) - VICTIMS
    return f"{named} and {more} more" if more > 0 else named


def finding_heading(finding: Finding) -> str:
    """Returns the first line of a finding."""
    return f"{finding.cause} {title_of(finding)} [{finding.phase}]"


def finding_lines(finding: Finding, mark: str = "✖") -> list[str]:
    """Returns a finding as wrapped lines."""
    lines = [f"{mark} {finding_heading(finding)}"]
    for label, text in finding_rows(finding):
        lines += textwrap.wrap(
            text,
            WIDTH,
            initial_indent=f"  {label + ':':<{LABEL}}",
            subsequent_indent=" " * (LABEL + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
    return lines


HEADLINES = {
    Outcome.HEALTHY: "Everything is ready.",
    Outcome.PROGRESSING: "Not everything is ready, and no cause is certain.",
    Outcome.STALLED: "Nothing moves any more, and no cause is certain.",
    Outcome.FAILED: "",
    Outcome.RUNNER: "",
}


def diagnosis_headline(diagnosis: Diagnosis) -> str:
    """Returns the diagnosis in one sentence."""
    if diagnosis.findings:
        return f"{counted(len(diagnosis.findings), 'root cause')} found."
    return HEADLINES[diagnosis.outcome]


def diagnosis_text(diagnosis: Diagnosis) -> str:
    """Returns the whole diagnosis for a terminal."""
    lines = [diagnosis_headline(diagnosis)]
    for finding in diagnosis.findings:
        lines += ["", *finding_lines(finding)]
    suspects = [s for s in diagnosis.suspects if s.counts_from or not diagnosis.findings]
    if suspects:
        lines += ["", "Suspected, not certain:"]
        lines += [f"  {s.cause} on {s.object}: {s.seen}" for s in suspects[:5]]
    if diagnosis.waiting:
        word = "Still starting" if diagnosis.findings else "Not explained"
        lines += ["", f"{word}: {victims_text(diagnosis.waiting)}"]
    if diagnosis.ruled_out and not diagnosis.findings:
        lines += ["", "Ruled out:", *(f"  {text}" for text in diagnosis.ruled_out[:8])]
    if diagnosis.not_judged:
        lines += ["", f"Not judged: {', '.join(diagnosis.not_judged)}"]
    lines += [f"Note: {note}" for note in diagnosis.notes]
    return "\n".join(lines) + "\n"
