"""The picture of the policy matrix: a grid of squares with their words, or a map where too large.

The model gives rows, columns and states (`harness.model.policies`); here stands how much of it one
page can name. Whether the matrix is good is the model's verdict; "not enforced" and "not judged"
are never drawn as green.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.model.policies import (
    Cell,
    CellState,
    Enforcement,
    MatrixVerdict,
    PolicyMatrix,
    PolicySection,
    policy_section,
)
from harness.model.wording import counted

LARGEST_GRID = 1600
"""Squares of a grid that is still read square by square."""
WIDEST_GRID = 44
MOST_TOLD = 600
"""Pairs that the folded list names."""
MOST_DIFFERENCES = 40
MEANING = {
    CellState.ALLOWED: "allowed, and answers",
    CellState.DENIED: "denied, and silent",
    CellState.OPEN: "denied, yet answers",
    CellState.CLOSED: "allowed, yet silent",
    CellState.NOT_JUDGED: "not judged",
}
TONE = {
    CellState.ALLOWED: "passed",
    CellState.DENIED: "quiet",
    CellState.OPEN: "failed",
    CellState.CLOSED: "failed",
    CellState.NOT_JUDGED: "quiet",
}
CONTROL_TONE = {
    Enforcement.ENFORCED: "passed",
    Enforcement.NOT_ENFORCED: "failed",
    Enforcement.NOT_TESTED: "quiet",
}
TILE_TONE = {
    MatrixVerdict.AS_DECLARED: "passed",
    MatrixVerdict.DIFFERENT: "failed",
    MatrixVerdict.NOT_ENFORCED: "failed",
    MatrixVerdict.NOT_JUDGED: "not-judged",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One square of the grid."""

    state: CellState
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """One source with a place for every column; None where the pair is not in the matrix."""

    title: str
    squares: tuple[Drawn | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPicture:
    """Everything that the page shows of the matrix."""

    section: PolicySection
    sentence: str
    count: str
    word: str
    tone: str
    control_tone: str
    shown: tuple[Cell, ...]
    """Differences that are told at length."""
    unshown: int
    legend: tuple[tuple[CellState, int], ...]
    small: bool
    grid: tuple[GridRow, ...]
    """Empty where the matrix is too large for a grid."""
    edges: frozenset[int]
    """Columns that begin another target."""
    paths: tuple[tuple[CellState, str], ...]
    """The map of a large matrix: one SVG path for each state."""
    told: tuple[Cell, ...]


def policy_picture(matrix: PolicyMatrix | None) -> PolicyPicture | None:
    """Returns the picture of a matrix; None where there is none."""
    if matrix is None:
        return None
    section = _in_order_of_rows(policy_section(matrix))
    size = len(section.rows) * len(section.columns)
    small = size <= LARGEST_GRID and len(section.columns) <= WIDEST_GRID
    judged = sum(n for state, n in section.counts.items() if state is not CellState.NOT_JUDGED)
    good = judged - len(section.differences)
    return PolicyPicture(
        section=section,
        sentence=_sentence(section, good, judged),
        count=f"{good} / {len(matrix.cells)}" if matrix.cells else str(section.verdict),
        word="policy pairs as declared" if matrix.cells else "network policies",
        tone=TILE_TONE[section.verdict],
        control_tone=CONTROL_TONE[section.control.state],
        shown=section.differences[:MOST_DIFFERENCES],
        unshown=max(len(section.differences) - MOST_DIFFERENCES, 0),
        legend=tuple((state, n) for state, n in section.counts.items() if n),
        small=small,
        grid=_grid(section) if small else (),
        edges=frozenset(group.start for group in section.groups if group.start),
        paths=() if small else _paths(section),
        told=_told(matrix.cells),
    )


def _in_order_of_rows(section: PolicySection) -> PolicySection:
    """Returns the section with its targets in the order of the sources, so that it has a diagonal.

    A workload is no target of itself, so the order in which pairs come puts the first one last.
    """
    rank = {row.title: row.index for row in section.rows}
    groups = sorted(section.groups, key=lambda g: (rank.get(g.title, len(rank)), g.start))
    old = [index for g in groups for index in range(g.start, g.start + g.span)]
    new = {index: place for place, index in enumerate(old)}
    starts = {group.start: new[group.start] for group in groups}
    return replace(
        section,
        groups=tuple(replace(group, start=starts[group.start]) for group in groups),
        columns=tuple(replace(section.columns[index], index=new[index]) for index in old),
        rows=tuple(
            replace(row, squares=tuple(replace(q, column=new[q.column]) for q in row.squares))
            for row in section.rows
        ),
    )


def _sentence(section: PolicySection, good: int, judged: int) -> str:
    if section.verdict is MatrixVerdict.NOT_ENFORCED:
        return "this cluster does not enforce them"
    if section.verdict is MatrixVerdict.NOT_JUDGED:
        return "not judged"
    said = f"{good} of {counted(judged, 'pair')} as declared"
    different = len(section.differences)
    return f"{said}, {counted(different, 'difference')}" if different else said


def _grid(section: PolicySection) -> tuple[GridRow, ...]:
    rows = []
    for row in section.rows:
        squares: list[Drawn | None] = [None] * len(section.columns)
        for square in row.squares:
            title = "\n".join([square.text, *square.decided_by])
            squares[square.column] = Drawn(state=square.state, title=title)
        rows.append(GridRow(title=row.title, squares=tuple(squares)))
    return tuple(rows)


def _paths(section: PolicySection) -> tuple[tuple[CellState, str], ...]:
    paths: dict[CellState, list[str]] = {}
    for row in section.rows:
        for square in row.squares:
            paths.setdefault(square.state, []).append(f"M{square.column},{row.index}h1v1h-1z")
    return tuple((state, "".join(found)) for state, found in paths.items())


def _told(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Returns the pairs for the list, those to look at first; none where it would not be all."""
    if len(cells) > MOST_TOLD:
        return ()
    first = [*CellState][::-1]
    return tuple(sorted(cells, key=lambda cell: (not cell.is_difference, first.index(cell.state))))
