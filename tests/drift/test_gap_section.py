"""What a page shows of a gap: bars that add up, and a percentage that never flatters."""

from __future__ import annotations

import pytest

from harness.model.drift import ApplicationGap, Gap, Share, gap_section, honesty
from tests.drift.gaps import gap


def test_there_is_one_bar_for_each_application_and_one_for_all() -> None:
    section = gap_section(gap())

    assert [bar.title for bar in section.bars] == ["web-dev", "net-dev", "shared namespaces: shop"]
    assert section.total.honesty == gap().honesty == 69.2
    assert section.findings == gap().findings


def test_the_parts_of_a_bar_follow_each_other_and_fill_it() -> None:
    bar = gap_section(gap()).bars[0]

    assert [(s.share, s.count) for s in bar.segments] == [
        (Share.EXACT, 5),
        (Share.DIFFERENT, 1),
        (Share.MISSING, 1),
        (Share.NOT_JUDGED, 1),
    ]
    ends = [s.start + s.width for s in bar.segments]
    assert [s.start for s in bar.segments] == [0.0, *ends[:-1]]
    assert ends[-1] == pytest.approx(100)


def test_an_application_without_objects_has_no_bar() -> None:
    section = gap_section(Gap(applications=(ApplicationGap(name="a", title="a"),)))

    assert section.bars == ()
    assert (section.total.honesty, section.total.segments) == (None, ())


@pytest.mark.parametrize(
    ("exact", "of", "percent"),
    [
        (0, 0, None),
        (0, 7, 0.0),
        (2, 3, 66.6),
        (999, 1000, 99.9),
        (9999, 10000, 99.9),
        (5, 5, 100.0),
    ],
)
def test_only_all_is_a_hundred_percent(exact: int, of: int, percent: float | None) -> None:
    assert honesty(exact, of) == percent
