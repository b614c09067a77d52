"""The picture of the gap says what the terminal says, and nothing of a gap is lost in silence."""

from __future__ import annotations

from dataclasses import replace

from harness.model.drift import Gap, Share
from harness.report.gap_rows import MOST_FINDINGS, GapPicture, gap_picture
from tests.report.pictures import honest_gap, wide_gap


def picture(gap: Gap) -> GapPicture:
    found = gap_picture(gap)
    assert found is not None
    return found


def test_without_a_gap_or_with_nothing_declared_there_is_no_picture() -> None:
    assert gap_picture(None) is None
    assert gap_picture(Gap()) is None


def test_everything_has_one_bar_and_so_has_each_application() -> None:
    found = picture(wide_gap())
    assert (found.total.title, found.percent) == ("Everything", "90.6 %")
    assert [row.percent for row in found.rows] == ["100 %"] * 3 + ["50 %"] + ["100 %"] * 2
    assert found.shares == tuple(Share)


def test_only_a_gap_of_nothing_is_green() -> None:
    assert picture(honest_gap()).tone == "passed"
    assert picture(wide_gap()).tone == "failed"


def test_what_was_not_judged_is_neither_green_nor_red() -> None:
    app = replace(honest_gap().applications[0], not_judged=1)
    assert picture(Gap(applications=(app,))).tone == "not-judged"


def test_findings_beyond_the_table_are_counted() -> None:
    gap = wide_gap()
    app = replace(gap.applications[3], findings=gap.findings[:1] * (MOST_FINDINGS + 7))
    found = picture(Gap(applications=(app,)))
    assert (len(found.shown), found.unshown) == (MOST_FINDINGS, 7)
