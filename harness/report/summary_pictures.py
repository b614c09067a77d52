"""The policy matrix and the gap in Markdown: differences by name, what is fine in one line.

Counts and sentences are those of the page (`policy_picture`, `gap_rows`), so that none is kinder.
"""

from __future__ import annotations

from harness.model.drift import Share
from harness.model.policies import rule_text
from harness.model.run import RunRecord
from harness.report.gap_rows import GapRow, gap_picture
from harness.report.markdown import FOLD_ABOVE, code, escaped, folded, message, rest, table
from harness.report.policy_picture import MEANING, policy_picture


def policies(run: RunRecord) -> list[str]:
    """The differences by name; a matrix without any is one line."""
    picture = policy_picture(run.policies)
    if picture is None:
        return []
    section = picture.section
    rows = [
        (
            f"❌ {cell.state}",
            code(cell.title),
            f"{'allowed' if cell.expected else 'denied'}",
            escaped(cell.seen),
            message("; ".join(map(rule_text, cell.decided_by))),
            message(cell.fix),
        )
        for cell in section.differences[:FOLD_ABOVE]
    ]
    mark = "✅" if picture.tone == "passed" else "❌" if picture.tone == "failed" else "❔"
    counts = ", ".join(f"{number} {MEANING[state]}" for state, number in picture.legend)
    lines = [f"## {mark} Network policies: {picture.sentence}", ""]
    lines += [
        ". ".join(text for text in (escaped(counts), escaped(section.control.detail)) if text)
    ]
    shown = table(("State", "From and to", "Declared", "Seen", "Decided by", "Fix"), rows)
    more = rest(len(section.differences), len(rows), "difference")
    return [*lines, *(["", *shown, *more] if shown else [])]


def gap(run: RunRecord) -> list[str]:
    """The bars in numbers, then each difference."""
    picture = gap_picture(run.gap)
    if picture is None:
        return []
    bars = [
        (
            _mark(row),
            code(row.title),
            row.percent,
            escaped(row.made_of),
        )
        for row in picture.rows
    ]
    rows = [
        (
            f"❌ {found.kind}",
            code(f"{found.object} {found.field}".strip()),
            message(found.declared),
            message(found.live),
            code(f"{found.file}:{found.line}") if found.file else "",
            message(found.fix),
        )
        for found in picture.section.findings[:FOLD_ABOVE]
    ]
    head = ("Kind", "Object and field", "Declared", "Runs", "Line", "Fix")
    more = rest(len(picture.section.findings), len(rows), "difference")
    title = f"The gap: {picture.percent} runs as declared"
    shown = table(("", "Application", "Honesty", "Made of"), bars)
    return [*folded(title, shown, len(bars)), *(["", *table(head, rows), *more] if rows else [])]


def _mark(row: GapRow) -> str:
    """Green only for all of it; what was not judged is neither."""
    shares = {segment.share for segment in row.segments} - {Share.EXACT}
    if not shares:
        return "✅"
    return "❔" if shares == {Share.NOT_JUDGED} else "❌"
