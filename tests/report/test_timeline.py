from __future__ import annotations

import pytest

from harness.model.run import RunRecord
from harness.report.timeline import MOST_TICKS, timeline


@pytest.mark.parametrize("seconds", [0.0, 0.3, 4, 59, 61, 600, 3599, 90000])
def test_the_axis_never_has_more_labels_than_fit(passed_run: RunRecord, seconds: float) -> None:
    passed_run.seconds = seconds
    passed_run.objects = []
    passed_run.stages = []
    ticks = timeline(passed_run).ticks
    assert 2 <= len(ticks) <= MOST_TICKS + 1
    assert len({tick.label for tick in ticks}) == len(ticks)
    assert all(0 <= tick.x <= 100.001 for tick in ticks)


def test_stages_that_ran_side_by_side_begin_at_the_same_place(passed_run: RunRecord) -> None:
    bars = {bar.stage.name: bar for bar in timeline(passed_run).bars}
    assert bars["cluster"].x == bars["images"].x
    assert bars["images"].width > bars["cluster"].width


def test_a_stage_that_was_running_reaches_to_the_end(interrupted_run: RunRecord) -> None:
    bars = {bar.stage.name: bar for bar in timeline(interrupted_run).bars}
    assert bars["cluster"].x + bars["cluster"].width == pytest.approx(100)
    assert bars["cluster"].seconds == pytest.approx(16.3)


def test_a_stage_too_short_to_see_is_still_drawn(passed_run: RunRecord) -> None:
    passed_run.stages[0].seconds = 0.0001
    assert timeline(passed_run).bars[0].width > 0


def test_the_curve_ends_at_the_share_that_became_ready(unready_run: RunRecord) -> None:
    points = [tuple(map(float, p.split(","))) for p in timeline(unready_run).curve.split()]
    assert points[-2][1] == pytest.approx(100 - 100 * 192 / 200)
    assert points == sorted(points, key=lambda point: point[0])


def test_no_object_is_forgotten(unready_run: RunRecord) -> None:
    picture = timeline(unready_run)
    shown = len(picture.dots)
    assert shown + picture.unshown_ready + picture.unshown_waiting == len(unready_run.objects)


def test_objects_that_are_not_ready_come_before_the_slowest(unready_run: RunRecord) -> None:
    dots = timeline(unready_run).dots
    assert [dot.x for dot in dots[:8]] == [100.0] * 8
    assert dots[-1].x == max(dot.x for dot in dots[8:])
