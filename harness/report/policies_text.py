"""The policy matrix as text for people: a compact grid, then every difference with its rule.

Rows are sources, columns ports of targets; a letter above each group of columns stands for a target
that is named below. Lines come with the name of a style; whether they are coloured is decided where
they are printed. What the matrix is was found by `harness.policies`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from harness.model.policies import (
    Cell,
    CellState,
    Control,
    Enforcement,
    MatrixVerdict,
    PolicyMatrix,
    PolicySection,
    policy_section,
    rule_text,
)
from harness.report.wording import clean, counted, cut, duration, one_line

WIDTH = 100
LONGEST = 400
FEW = 5
MARKS = {
    CellState.ALLOWED: "+",
    CellState.DENIED: ".",
    CellState.OPEN: "O",
    CellState.CLOSED: "X",
    CellState.NOT_JUDGED: "?",
}
LEGEND = (
    "+ allowed and answers   . denied and silent   O denied but open   X allowed but closed   "
    "? not judged"
)
STYLES = {CellState.OPEN: "bold red", CellState.CLOSED: "red", CellState.NOT_JUDGED: "yellow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line and how it looks on a terminal that has colours."""

    text: str = ""
    style: str = ""


def policies_lines(matrix: PolicyMatrix, *, width: int = WIDTH) -> list[Line]:
    """Returns the matrix for a terminal."""
    section = policy_section(matrix)
    lines = [line for part in parts(section, width) for line in grid(section, part)]
    if lines:
        lines += [Line(text=LEGEND, style="dim"), Line()]
    lines += [line for cell in matrix.differences for line in _difference(cell, width)]
    lines += _not_judged(matrix)
    lines += [line for note in matrix.notes for line in _wrapped("Note: ", note, width)]
    lines += _wrapped("Control: ", control_text(matrix.control), width)
    style = "bold green" if matrix.verdict is MatrixVerdict.AS_DECLARED else "bold"
    return [*lines, *_wrapped("", summary(matrix), width, style)]


def policies_text(matrix: PolicyMatrix) -> str:
    """Returns the same as plain text."""
    return "".join(f"{line.text}\n" for line in policies_lines(matrix))


def summary(matrix: PolicyMatrix) -> str:
    """Returns the whole matrix in one sentence."""
    counts, total = matrix.counts, len(matrix.cells)
    good = counts[CellState.ALLOWED] + counts[CellState.DENIED]
    of = (
        f"{good} of {counted(total, 'connection')} as {_policies(matrix.policies)}: "
        f"{counts[CellState.ALLOWED]} allowed, {counts[CellState.DENIED]} denied"
    )
    rest = f", {counts[CellState.NOT_JUDGED]} not judged" if counts[CellState.NOT_JUDGED] else ""
    took = f" ({duration(matrix.seconds)})"
    match matrix.verdict:
        case MatrixVerdict.AS_DECLARED:
            return f"Policies hold. {of}{rest}{took}."
        case MatrixVerdict.DIFFERENT:
            found = counted(len(matrix.differences), "difference")
            return f"{found}. {of}{rest}{took}."
        case MatrixVerdict.NOT_ENFORCED:
            return f"The cluster does not enforce network policies, so nothing is proven{took}."
        case _:
            return f"Nothing is proven: {of}{rest}{took}."


def _policies(number: int) -> str:
    return "1 policy declares" if number == 1 else f"{number} policies declare"


def control_text(control: Control) -> str:
    """Returns what the control found."""
    word = {
        Enforcement.ENFORCED: "the cluster enforces policies",
        Enforcement.NOT_ENFORCED: "the cluster does not enforce policies",
        Enforcement.NOT_TESTED: "not tested",
    }[control.state]
    return f"{word}: {control.detail}" if control.detail else word


def parts(section: PolicySection, width: int) -> list[tuple[int, int]]:
    """Returns ranges of columns, so that each grid fits into the width; groups stay whole."""
    room = max(20, width - label_width(section) - 1)
    found: list[tuple[int, int]] = []
    for group in section.groups:
        last, end = found[-1] if found else (0, 0), group.start + group.span
        used = _places(section)[end - 1] + len(section.columns[end - 1].port)
        if found and used - _places(section)[last[0]] <= room:
            found[-1] = (last[0], end)
        else:
            found.append((group.start, end))
    return found


def label_width(section: PolicySection) -> int:
    """Returns the width of the names of the rows."""
    return max((len(clean(row.title)) for row in section.rows), default=0)


def _places(section: PolicySection) -> list[int]:
    """Returns at which character each column begins: wide enough for its port and its target."""
    found, at = [], 0
    for group in section.groups:
        columns = section.columns[group.start : group.start + group.span]
        start = at
        for column in columns:
            found.append(at)
            at += len(column.port) + 1
        at = max(at, start + len(clean(group.title)) + 1) + 1
    return found


def grid(section: PolicySection, part: tuple[int, int]) -> list[Line]:
    """Returns the grid of some columns: two lines of heads, one line for each source."""
    begin, end = part
    places, left = _places(section), label_width(section) + 2
    start = places[begin]
    heads = {places[g.start]: g.title for g in section.groups if begin <= g.start < end}
    ports = {places[c.index]: c.port for c in section.columns[begin:end]}
    lines = [Line(text=_placed("", left, start, text), style="bold") for text in (heads, ports)]
    for row in section.rows:
        marks = {places[s.column]: MARKS[s.state] for s in row.squares if begin <= s.column < end}
        worst = [STYLES[s.state] for s in row.squares if s.state in STYLES and s.column < end]
        lines.append(Line(text=_placed(row.title, left, start, marks), style=next(iter(worst), "")))
    return [*lines, Line()]


def _placed(title: str, left: int, start: int, words: dict[int, str]) -> str:
    text = clean(title).ljust(left)
    for at, word in words.items():
        text = text.ljust(left + at - start) + clean(word)
    return text.rstrip()


def _difference(cell: Cell, width: int) -> Iterator[Line]:
    yield Line(text=clean(f"  {cell.title}: {WORDS[cell.state]}"), style=STYLES[cell.state])
    for label, text in difference_rows(cell):
        yield from _wrapped(f"    {label}: ", cut(clean(text), LONGEST), width)
    yield Line()


WORDS = {CellState.OPEN: "open, though denied", CellState.CLOSED: "closed, though allowed"}


def difference_rows(cell: Cell) -> Iterator[tuple[str, str]]:
    """Yields what is known of a difference, each with its label."""
    rules = [rule_text(rule) for rule in cell.decided_by]
    more = f"; and {len(rules) - 2} more" if len(rules) > 2 else ""
    yield "declared", ("; ".join(rules[:2]) or "no policy isolates either end") + more
    yield "seen", cell.reason or str(cell.seen)
    for live in cell.live_rules:
        yield "live", live
    if cell.fix:
        yield "fix", cell.fix


def _not_judged(matrix: PolicyMatrix) -> list[Line]:
    cells = [cell for cell in matrix.cells if cell.state is CellState.NOT_JUDGED]
    by_reason: dict[str, list[Cell]] = {}
    for cell in cells:
        by_reason.setdefault(cell.reason, []).append(cell)
    if not by_reason:
        return []
    lines = [Line(text="Not judged:", style="yellow")]
    for reason, own in list(by_reason.items())[:FEW]:
        also = f" and {len(own) - 1} more" if len(own) > 1 else ""
        lines.append(Line(text=clean(f"  {own[0].title}{also}: {cut(reason, LONGEST)}")))
    if len(by_reason) > FEW:
        lines.append(Line(text=f"  and {len(by_reason) - FEW} more reasons (--json names all)"))
    return [*lines, Line()]


def _wrapped(head: str, text: str, width: int, style: str = "") -> list[Line]:
    lines = textwrap.wrap(
        one_line(text),
        max(width, 40),
        initial_indent=head,
        subsequent_indent=" " * (len(head) - len(head.lstrip()) + 2) if head else "",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [Line(text=line, style=style) for line in lines]
