"""An audit as text for people: grouped by severity, one short block per root, the counts last.

Lines come with the name of a style; whether they are coloured is decided where they are printed.
Which findings there are is the business of `harness.audit`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from typing import Any

from harness.audit.explanation import MEANINGS, some_of, users_text
from harness.audit.finding import AuditFinding, AuditResult, Severity
from harness.report.wording import clean, counted, cut, duration

WIDTH = 100
LABEL = 7
LONGEST = 600
"""A longer message is cut here; the JSON holds all of it."""
FEW = 5
"""So many things that are not judged are named, and so many overlays."""

STYLES = {
    Severity.DEFECT: "bold red",
    Severity.MISMATCH: "red",
    Severity.PRECONDITION: "yellow",
    Severity.NOTE: "cyan",
}
NAMES = {
    Severity.DEFECT: ("defect", "defects"),
    Severity.MISMATCH: ("cluster mismatch", "cluster mismatches"),
    Severity.PRECONDITION: ("external precondition", "external preconditions"),
    Severity.NOTE: ("note", "notes"),
}
CREDENTIALS = re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)")
"""User and password inside a URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line and how it looks on a terminal that has colours."""

    text: str = ""
    style: str = ""


def presentable(result: AuditResult) -> AuditResult:
    """Returns a copy fit to be shown: no control characters, no password inside a URL."""
    shown: AuditResult = _rewritten(result)
    return shown


def audit_lines(
    result: AuditResult, *, verbose: bool = False, quiet: bool = False, width: int = WIDTH
) -> list[Line]:
    """Returns the audit for a terminal.

    Args:
        result: What was found.
        verbose: Name every user, overlay, accepted finding, and everything not judged.
        quiet: Nothing but the counts.
        width: Longer lines are wrapped.
    """
    last = Line(text=summary(result))
    if quiet:
        return [last]
    lines = [line for severity in Severity for line in _group(result, severity, verbose, width)]
    if verbose:
        lines += _accepted(result)
    lines += _not_judged(result, verbose)
    if result.counted():
        lines.append(Line(text="harness audit --explain RULE says more about a rule.", style="dim"))
    return [*lines, last]


def audit_text(
    result: AuditResult, *, verbose: bool = False, quiet: bool = False, width: int = WIDTH
) -> str:
    """Returns the same as plain text."""
    lines = audit_lines(result, verbose=verbose, quiet=quiet, width=width)
    return "".join(f"{line.text}\n" for line in lines)


def summary(result: AuditResult) -> str:
    """Returns the counts in one sentence."""
    if not result.rendered and not result.findings:
        return f"Nothing was checked: no overlay was rendered, {_unjudged_count(result)}."
    found = ", ".join(_counts(result)) or "Nothing found"
    accepted = len(result.findings) - len(result.counted())
    if accepted:
        found += f", {accepted} accepted"
    checked = f"{counted(result.rendered, 'overlay')} with {counted(result.objects, 'object')}"
    unjudged = f"; {_unjudged_count(result)}" if result.not_judged else ""
    return f"{found}. Rendered and checked {checked} in {duration(result.seconds)}{unjudged}."


def _unjudged_count(result: AuditResult) -> str:
    return f"{len(result.not_judged)} not judged"


def _counts(result: AuditResult) -> Iterator[str]:
    for severity, (one, many) in NAMES.items():
        number = sum(found.severity is severity for found in result.counted())
        if number:
            yield f"{number} {one if number == 1 else many}"


def _group(result: AuditResult, severity: Severity, verbose: bool, width: int) -> Iterator[Line]:
    found = [f for f in result.counted() if f.severity is severity]
    if not found:
        return
    one, many = NAMES[severity]
    number = f"{len(found)} {one if len(found) == 1 else many}"
    yield Line(text=f"{number}: {MEANINGS[severity]}", style=STYLES[severity])
    for finding in found:
        yield Line()
        yield Line(text=f"  {finding.rule}  {finding.object}", style=STYLES[severity])
        for label, text in _rows(finding, result, verbose):
            yield from (Line(text=line) for line in _wrapped(label, text, width))
    yield Line()


def _rows(found: AuditFinding, result: AuditResult, verbose: bool) -> Iterator[tuple[str, str]]:
    if found.file:
        yield "", f"{found.file}:{found.line}" if found.line else found.file
    yield "", cut(found.message, LONGEST)
    if verbose and found.expected:
        yield "expected", cut(found.expected, LONGEST)
    yield "fix", cut(found.fix, LONGEST)
    if found.users:
        yield "", users_text(found.users, len(found.users)) if verbose else users_text(found.users)
    if 0 < len(found.overlays) < result.rendered:
        yield "", f"in {_overlays(found.overlays, result.rendered, verbose)}"
    if verbose and found.cause:
        yield "cause", f"{found.cause} (harness audit --explain {found.cause})"


def _overlays(overlays: Sequence[str], rendered: int, verbose: bool) -> str:
    named = some_of(overlays, len(overlays) if verbose else FEW)
    return named if len(overlays) == 1 else f"{len(overlays)} of {rendered} overlays: {named}"


def _accepted(result: AuditResult) -> Iterator[Line]:
    accepted = [found for found in result.findings if found.accepted]
    if accepted:
        yield Line(text=f"{len(accepted)} accepted by the baseline:", style="dim")
        for found in accepted:
            yield Line(text=f"  {found.rule}  {found.object}: {cut(found.accepted, LONGEST)}")
        yield Line()


def _not_judged(result: AuditResult, verbose: bool) -> Iterator[Line]:
    if not result.not_judged:
        return
    shown = result.not_judged if verbose else result.not_judged[:FEW]
    more = len(result.not_judged) - len(shown)
    yield Line(text="Not judged, because it cannot be resolved here:", style="dim")
    for unknown in shown:
        yield Line(text=f"  {cut(str(unknown), LONGEST)}")
    if more:
        yield Line(text=f"  and {more} more (--verbose names all)", style="dim")
    yield Line()


def _wrapped(label: str, text: str, width: int) -> list[str]:
    head = f"    {label}: " if label else "    "
    return textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=head,
        subsequent_indent="      " if label else "    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _rewritten(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Enum):
        return CREDENTIALS.sub("***", clean(value))
    if isinstance(value, tuple):
        return tuple(_rewritten(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: _rewritten(getattr(value, f.name)) for f in fields(value)}
        return replace(value, **changed)
    return value
