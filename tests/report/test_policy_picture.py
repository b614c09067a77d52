"""The picture of the matrix is never kinder than the matrix, and fits one page."""

from __future__ import annotations

from dataclasses import replace

from harness.model.policies import CellState, Control, PolicyMatrix
from harness.report.policy_picture import MOST_DIFFERENCES, PolicyPicture, policy_picture
from tests.report.pictures import large_matrix, musiccorp_matrix


def picture(matrix: PolicyMatrix) -> PolicyPicture:
    found = policy_picture(matrix)
    assert found is not None
    return found


def test_without_a_matrix_there_is_no_picture() -> None:
    assert policy_picture(None) is None


def test_every_pair_has_one_square_and_each_row_a_place_for_every_column() -> None:
    matrix = musiccorp_matrix()
    found = picture(matrix)
    squares = [square for row in found.grid for square in row.squares if square]
    assert len(squares) == len(matrix.cells)
    assert {len(row.squares) for row in found.grid} == {len(found.section.columns)}


def test_targets_stand_in_the_order_of_the_sources_with_their_columns() -> None:
    section = picture(musiccorp_matrix()).section
    assert [group.title for group in section.groups][:3] == ["catalog", "customer", "notification"]
    for group in section.groups:
        for column in section.columns[group.start : group.start + group.span]:
            assert column.title.startswith(f"{group.title} ")
    assert [column.index for column in section.columns] == [*range(len(section.columns))]


def test_a_workload_has_no_square_for_itself() -> None:
    found = picture(musiccorp_matrix())
    assert [row.squares[n] for n, row in enumerate(found.grid[:5])] == [None] * 5


def test_a_square_tells_what_decided() -> None:
    found = picture(musiccorp_matrix(broken=True))
    row = next(row for row in found.grid if row.title == "notification")
    square = next(s for s in row.squares if s and s.state is CellState.OPEN)
    assert "declared: denied" in square.title
    assert "order-db.yaml:8" in square.title


def test_differences_are_counted_and_are_never_green() -> None:
    found = picture(musiccorp_matrix(broken=True))
    assert found.sentence == "108 of 110 pairs as declared, 2 differences"
    assert (found.tone, found.count) == ("failed", "108 / 122")


def test_a_cluster_that_does_not_enforce_is_said_to_whatever_the_squares_are() -> None:
    found = picture(musiccorp_matrix(enforced=False))
    assert found.sentence == "this cluster does not enforce them"
    assert (found.tone, found.control_tone) == ("failed", "failed")


def test_what_was_not_tested_is_not_judged() -> None:
    found = picture(PolicyMatrix(control=Control()))
    assert (found.sentence, found.tone) == ("not judged", "not-judged")


def test_a_large_matrix_is_a_map_with_every_square_and_no_list_of_pairs() -> None:
    matrix = large_matrix(60)
    found = picture(matrix)
    assert not found.small
    assert (found.grid, found.told) == ((), ())
    assert {state: path.count("M") for state, path in found.paths} == {
        state: number for state, number in matrix.counts.items() if number
    }


def test_differences_beyond_the_page_are_counted() -> None:
    matrix = large_matrix(20)
    cells = tuple(replace(cell, state=CellState.OPEN) for cell in matrix.cells)
    found = picture(replace(matrix, cells=cells))
    assert len(found.shown) == MOST_DIFFERENCES
    assert found.unshown == 400 - MOST_DIFFERENCES


def test_the_list_of_pairs_begins_with_the_differences() -> None:
    told = picture(musiccorp_matrix(broken=True)).told
    assert [cell.is_difference for cell in told[:3]] == [True, True, False]
    assert told[2].state is CellState.NOT_JUDGED
