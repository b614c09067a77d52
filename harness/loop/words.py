"""The verdicts of the loop in words, the same on every screen."""

from __future__ import annotations

from pathlib import Path

from harness.loop.screen import source_line
from harness.loop.verdicts import LoopVerdict, Word
from harness.model.finding import Finding
from harness.report.findings import finding_heading, finding_rows, place_of
from harness.report.wording import cut, duration

GLYPHS = {
    Word.HEALTHY: ("✔", "green"),
    Word.FAILED: ("✖", "bold red"),
    Word.STALLED: ("?", "yellow"),
    Word.RUNNER: ("!", "magenta"),
    Word.BROKEN: ("✎", "yellow"),
    Word.SUPERSEDED: ("»", "dim"),
    Word.INTERRUPTED: ("■", "dim"),
}
LONGEST = 300
NAMED = 3


def summary(verdict: LoopVerdict) -> str:
    """Returns a verdict in one line: word, time, and what it is about."""
    return f"{verdict.word} after {duration(verdict.seconds)}{_parts(verdict)}: {about(verdict)}"


def about(verdict: LoopVerdict) -> str:
    """Returns what a verdict is about: its root causes, its error, or how things stood."""
    if verdict.trouble is not None:
        return cut(verdict.trouble.paragraph, LONGEST)
    findings = verdict.diagnosis.findings if verdict.diagnosis else ()
    if verdict.word in {Word.FAILED, Word.RUNNER} and findings:
        return "; ".join(f"{f.cause} on {f.object}: {cut(f.seen, LONGEST)}" for f in findings)
    return verdict.line


def _parts(verdict: LoopVerdict) -> str:
    parts = []
    if verdict.synced_seconds is not None:
        parts.append(f"synced after {duration(verdict.synced_seconds)}")
    if verdict.pod_start_seconds is not None:
        parts.append(f"pods started in {duration(verdict.pod_start_seconds)}")
    return f" ({', '.join(parts)})" if parts else ""


def details(verdict: LoopVerdict, root: Path) -> list[str]:
    """Returns the lines below a verdict: places, source lines, fixes, and what the audit says."""
    lines: list[str] = []
    if verdict.word in {Word.FAILED, Word.RUNNER} and verdict.diagnosis:
        for finding in verdict.diagnosis.findings:
            lines += finding_text(finding, root)
    if verdict.trouble is not None and verdict.trouble.file:
        trouble = verdict.trouble
        lines.append(_placed(f"{trouble.file}:{trouble.line}", root, trouble.file, trouble.line))
    lines += [f"audit, new: {f.rule} {f.object}: {f.message}" for f in verdict.audit.new[:NAMED]]
    lines += [f"audit, gone: {f.rule} {f.object}" for f in verdict.audit.gone[:NAMED]]
    return lines


def finding_text(finding: Finding, root: Path) -> list[str]:
    """Returns a finding with the line of the tree that it names."""
    lines = [finding_heading(finding)]
    for label, text in finding_rows(finding):
        if label == "File":
            text = _placed(place_of(finding), root, finding.file, finding.line)  # noqa: PLW2901
        lines.append(f"  {label}: {text}")
    return lines


def _placed(place: str, root: Path, file: str, line: int) -> str:
    text = source_line(root, file, line)
    return f"{place} | {text}" if text else place


def files_text(files: tuple[str, ...]) -> str:
    """Returns what was saved, the first few by name."""
    more = len(files) - NAMED
    return ", ".join(files[:NAMED]) + (f" and {more} more" if more > 0 else "")
