"""The gap as text for people: one block per Application, worst things by name, the total last.

Lines come with the name of a style; whether they are coloured is decided where they are printed.
What the gap is was found by `harness.drift`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from harness.model.drift import ApplicationGap, DriftFinding, DriftKind, Gap, Remark
from harness.report.wording import clean, counted, cut, moment, one_line

WIDTH = 100
LONGEST = 400
FEW = 5
STYLES = {
    DriftKind.MISSING: "bold red",
    DriftKind.EXTRA: "yellow",
    DriftKind.DIFFERENT: "red",
    DriftKind.IMAGE: "red",
    DriftKind.REVISION: "magenta",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line and how it looks on a terminal that has colours."""

    text: str = ""
    style: str = ""


def drift_lines(gap: Gap, *, width: int = WIDTH) -> list[Line]:
    """Returns the gap for a terminal."""
    lines = [line for app in gap.applications for line in _application(app, width)]
    lines += _remarks("Compared without dry run, by declared fields only:", gap.without_dry_run)
    lines += _remarks("Not judged:", gap.not_judged)
    lines += [line for note in gap.notes for line in _wrapped("Note: ", note, width)]
    if lines and lines[-1].text:
        lines.append(Line())
    return [*lines, Line(text=summary(gap), style="bold")]


def drift_text(gap: Gap) -> str:
    """Returns the same as plain text."""
    return "".join(f"{line.text}\n" for line in drift_lines(gap))


def summary(gap: Gap) -> str:
    """Returns the whole gap in one sentence."""
    if gap.honesty is None:
        return "Nothing is declared here, so nothing was compared."
    found = f"{counted(len(gap.findings), 'difference')}." if gap.findings else "No gap."
    of = f"{gap.exact} of {counted(gap.declared, 'declared object')} run exactly as declared"
    extra = f", {counted(gap.extra, 'extra')}" if gap.extra else ""
    return f"{found} Honesty {percent(gap.honesty)}: {of}{extra}."


def percent(honesty: float | None) -> str:
    """Returns a percentage as people say it; `100 %` is said of all only."""
    if honesty is None:
        return "not known"
    return f"{honesty:.0f} %" if honesty == int(honesty) else f"{honesty:.1f} %"


def _application(app: ApplicationGap, width: int) -> Iterator[Line]:
    if not (app.declared + app.extra):
        return
    style = "green" if not app.findings and not app.not_judged else "bold"
    yield Line(text=f"{app.title}  {percent(app.honesty)}", style=style)
    yield from _wrapped("  ", made_of(app), width)
    for finding in app.findings:
        yield Line()
        yield from _finding(finding, width)
    yield Line()


def made_of(app: ApplicationGap) -> str:
    """Returns what an Application's percentage is made of."""
    if not app.declared:
        return f"{counted(app.extra, 'object')} that nobody declares"
    parts = [f"{app.exact} of {counted(app.declared, 'declared object')} exactly as declared"]
    parts += [f"{n} {word}" for n, word in _rest(app) if n]
    if app.sync:
        at = f" at {app.revision[:8]}" if app.revision else ""
        parts.append(f"Argo CD says {app.sync}{at}")
    return ", ".join(parts)


def _rest(app: ApplicationGap) -> tuple[tuple[int, str], ...]:
    return (
        (app.different, "different"),
        (app.missing, "missing"),
        (app.not_judged, "not judged"),
        (app.extra, "extra"),
    )


def _finding(found: DriftFinding, width: int) -> Iterator[Line]:
    field = f"  {found.field}" if found.field else ""
    text = f"  {found.kind:<9}  {found.object}{field}"
    yield Line(text=clean(text), style=STYLES[found.kind])
    for label, value in _rows(found):
        head = f"    {label}: " if label else "    "
        yield from _wrapped(head, cut(clean(value), LONGEST), width)


def _rows(found: DriftFinding) -> Iterator[tuple[str, str]]:
    if found.file:
        yield "", f"{found.file}:{found.line}" if found.line else found.file
    if found.kind in {DriftKind.DIFFERENT, DriftKind.IMAGE, DriftKind.REVISION}:
        yield "declared", found.declared or "nothing"
        if found.desired and found.desired != found.declared:
            yield "applied last", found.desired
        yield "live", found.live or "nothing"
    elif found.live:
        yield "", found.live
    who = who_and_when(found)
    if who:
        yield "", who
    yield "fix", found.fix


def who_and_when(found: DriftFinding) -> str:
    """Returns who wrote the live value, when, and what the engine says of it."""
    parts = []
    if found.manager:
        parts.append(f"by {found.manager} ({found.operation})")
    if found.time:
        parts.append(f"at {moment(found.time)}" if found.manager else f"since {moment(found.time)}")
    said = " ".join(parts)
    word = f"Argo CD says {found.sync}" if found.sync else ""
    return "; ".join(part for part in (said, word) if part)


def _remarks(title: str, remarks: tuple[Remark, ...]) -> Iterator[Line]:
    if not remarks:
        return
    yield Line(text=title, style="dim")
    for remark in remarks[:FEW]:
        yield Line(text=f"  {remark.object}: {cut(clean(remark.reason), LONGEST)}")
    if len(remarks) > FEW:
        yield Line(text=f"  and {len(remarks) - FEW} more (--json names all)")
    yield Line()


def _wrapped(head: str, text: str, width: int) -> list[Line]:
    lines = textwrap.wrap(
        one_line(text),
        max(width, 40),
        initial_indent=head,
        subsequent_indent=" " * (len(head) - len(head.lstrip()) + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [Line(text=line) for line in lines]
