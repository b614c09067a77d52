"""What a page and a terminal show of a matrix."""

from __future__ import annotations

from harness.model.policies import (
    CellState,
    Control,
    Enforcement,
    MatrixVerdict,
    PartyKind,
    PolicyMatrix,
    policy_section,
)
from harness.report.policies_text import parts, policies_lines, policies_text, summary
from tests.connectivity.objects import without
from tests.policies.shop import Cluster, live_policies, matrix_of


def healthy() -> PolicyMatrix:
    return matrix_of(Cluster(live_policies()))


def broken() -> PolicyMatrix:
    return matrix_of(Cluster(without(live_policies(), "NetworkPolicy", "web-to-api-ingress")))


def test_columns_stand_in_the_order_of_the_rows_and_groups_cover_them() -> None:
    section = policy_section(healthy())

    rows = [row.title for row in section.rows]
    assert rows == ["api", "web", "db", "load balancer", "outside"]
    assert [g.title for g in section.groups] == ["api", "web", "db", "outside", "DNS"]
    assert [(g.start, g.span) for g in section.groups] == [(0, 1), (1, 1), (2, 1), (3, 1), (4, 2)]
    assert [c.index for c in section.columns] == list(range(6))
    assert [c.port for c in section.columns] == ["8080", "8080", "5432", "8080", "53/UDP", "53"]
    assert section.columns[0].title == "api TCP 8080 (api:80)"


def test_each_pair_has_one_square_and_a_pod_none_with_itself() -> None:
    section = policy_section(healthy())
    web = section.rows[1]

    assert [square.column for square in web.squares] == [0, 2, 3, 4, 5]
    assert web.squares[0].state is CellState.ALLOWED
    assert web.squares[0].text == "web -> api TCP 8080\ndeclared: allowed\nseen: answered"
    assert web.squares[0].decided_by == (
        "shop/web-to-api-egress allows it by spec.egress[0] (network/web-to-api-egress.yaml:14)",
        "shop/web-to-api-ingress allows it by spec.ingress[0] (network/web-to-api-ingress.yaml:15)",
    )
    assert section.groups[-1].kind is PartyKind.DNS


def test_paths_and_differences_are_listed_beside_the_grid() -> None:
    section = policy_section(broken())

    assert [cell.via for cell in section.paths] == ["Service api:80", "Service db:5432"]
    assert len(section.differences) == 2
    assert section.counts[CellState.CLOSED] == 2


def test_an_empty_matrix_has_an_empty_section() -> None:
    section = policy_section(PolicyMatrix(control=Control()))

    assert (section.rows, section.columns, section.verdict) == ((), (), MatrixVerdict.NOT_JUDGED)


def test_the_grid_shows_every_state_with_its_mark() -> None:
    text = policies_text(broken())
    line = next(line for line in text.splitlines() if line.startswith("web "))

    assert line.split()[1:] == ["X", ".", ".", "+", "+"]
    assert "web -> api TCP 8080: closed, though allowed" in text
    assert "network/web-to-api-ingress.yaml:15" in text
    assert text.splitlines()[-1].startswith("2 differences.")


def test_a_narrow_screen_has_several_grids_with_whole_targets() -> None:
    section = policy_section(healthy())

    assert parts(section, 100) == [(0, 6)]
    narrow = parts(section, 44)
    assert len(narrow) > 1
    assert [begin for begin, _ in narrow[1:]] == [end for _, end in narrow[:-1]]
    starts = {group.start for group in section.groups}
    assert {begin for begin, _ in narrow} <= starts
    assert all(len(line.text) <= 44 for line in policies_lines(healthy(), width=44)[:8])


def test_the_last_line_never_praises_what_was_not_proven() -> None:
    unenforced = Control(state=Enforcement.NOT_ENFORCED, detail="it still answered")
    matrix = matrix_of(Cluster(live_policies(), enforces=False), control=unenforced)

    assert "does not enforce" in summary(matrix)
    assert "it still answered" in policies_text(matrix)
    assert summary(PolicyMatrix(control=Control())).startswith("Nothing is proven")
    assert summary(healthy()).startswith("Policies hold. 23 of 23 connections as 7 policies")
