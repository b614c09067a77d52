"""The picture of pods: what needs a look is in the open, and nothing is left out in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.model.pods import PodHistory, PodPhase
from harness.report.pod_rows import MOST_FOLDED, MOST_OPEN, pod_picture
from tests.report.pictures import many_pods, musiccorp_pods, troubled_pods


def names(pods: list[PodHistory]) -> list[str]:
    return [row.head + row.tail for row in pod_picture(pods, 130).shown]


def test_a_few_pods_have_a_row_each_and_the_engines_are_folded() -> None:
    picture = pod_picture(musiccorp_pods(), 130)
    assert (len(picture.shown), len(picture.folded), len(picture.others)) == (9, 0, 1)
    assert (picture.ready, picture.total, picture.left_out) == (9, 9, 0)


def test_pods_that_are_not_ready_come_first_and_the_others_in_the_order_they_came() -> None:
    assert names(troubled_pods())[:3] == ["order-776dcf9665-dxm5j", "kafka-0", "payment-58d9-7xk2p"]
    assert names(musiccorp_pods())[0] == "catalog-db-0"


def test_what_fails_comes_before_what_still_starts() -> None:
    early = [p for p in troubled_pods() if p.workload.name in {"order", "payment"}]
    starting = replace(musiccorp_pods()[0], segments=musiccorp_pods()[0].segments[:-1])
    shown = pod_picture([starting, *early], 130).shown
    assert [(row.head, row.bad) for row in shown] == [
        ("order", True), ("payment", True), ("catalog", False),
    ]  # fmt: skip


def test_a_row_says_what_the_pod_was_doing_at_the_end_and_why() -> None:
    row = pod_picture(troubled_pods(), 130).shown[0]
    assert (row.last, row.good) == ("failing", False)
    assert row.message == "migrate: ImagePullBackOff, for 39 s"


def test_a_row_can_be_read_without_its_picture() -> None:
    row = next(r for r in pod_picture(troubled_pods(), 130).shown if r.head == "payment")
    assert row.story.startswith("creating 2.0 s, pulling 3.0 s, starting 3.0 s, failing 7.0 s")
    assert row.story.endswith("; 2 restarts")
    assert len(row.restarts) == 2


def test_the_legend_names_what_occurs_and_nothing_else() -> None:
    assert PodPhase.FAILING not in pod_picture(musiccorp_pods(), 130).phases
    assert PodPhase.FAILING in pod_picture(troubled_pods(), 130).phases


@pytest.mark.parametrize("workloads", [1, 20, 200])
def test_no_pod_is_forgotten(workloads: int) -> None:
    pods = [*many_pods(workloads, 3, 690), *musiccorp_pods(690)]
    picture = pod_picture(pods, 690)
    drawn = len(picture.shown) + len(picture.folded) + len(picture.others)
    assert drawn + picture.left_out == len(pods)
    assert drawn <= MOST_OPEN + MOST_FOLDED


def test_with_many_pods_the_failing_and_the_slowest_are_in_the_open() -> None:
    picture = pod_picture(many_pods(200, 3, 690), 690)
    assert len(picture.shown) == MOST_OPEN
    assert [row.good for row in picture.shown] == [False] * 5 + [True] * 35
    assert all(row.good for row in picture.folded)


def test_segments_lie_inside_the_picture_and_are_wide_enough_to_be_seen() -> None:
    for row in pod_picture(troubled_pods(), 128.7).shown:
        for bar in row.bars:
            assert 0 <= bar.x < bar.x + bar.width <= 100.001
            assert bar.width > 0.1


def test_a_run_without_pods_has_an_empty_picture() -> None:
    assert pod_picture([], 10).total == 0
