"""The geometry of the report's picture: stages as bars, objects as dots, one axis for both.

Positions are percent of the width, so that the picture fits a telephone and a wall screen without
any script. Nothing is placed that was not measured: an object has a moment, not a beginning. The
template `page/timeline.html.j2` draws what is worked out here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.model.run import ObjectStatus, RunRecord, StageRecord, StageState
from harness.report.verdict import is_ready, waiting

STEPS_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
MOST_TICKS = 6
THINNEST_PERCENT = 0.5
MOST_ROWS = 24
WAITING_STAGE = "ready"
NEVER_RAN = frozenset({StageState.WAITING, StageState.SKIPPED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A stage; `width` is zero when it never ran."""

    stage: StageRecord
    x: float
    width: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """An object at the moment it became ready; at the right edge when it did not."""

    status: ObjectStatus
    x: float
    at: float
    """Seconds since the run began; the run's end for one that is not ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Everything the picture shows."""

    total_seconds: float
    ticks: tuple[Tick, ...]
    step: float
    """From one tick to the next."""
    bars: tuple[Bar, ...]
    dots: tuple[Dot, ...]
    unshown_waiting: int
    """Objects that are not ready and have no row of their own."""
    unshown_ready: int
    curve: str
    """How many objects were ready at each moment, as points of a polygon in a 100 by 100 box;
    empty where every object has its own row."""


def timeline(run: RunRecord) -> Timeline:
    """Returns the picture of a run."""
    begin = waiting_began(run)
    total = _total(run, begin)
    shown = _chosen(run.objects)
    missing = [status for status in run.objects if status not in shown]
    ticks = _ticks(total)
    return Timeline(
        total_seconds=total,
        ticks=ticks,
        step=ticks[1].x if len(ticks) > 1 else 100.0,
        bars=tuple(_bar(stage, total, run.seconds) for stage in run.stages),
        dots=tuple(_dot(status, begin, total) for status in shown),
        unshown_waiting=sum(not is_ready(status) for status in missing),
        unshown_ready=sum(is_ready(status) for status in missing),
        curve=_curve(run.objects, begin, total) if missing else "",
    )


def waiting_began(run: RunRecord) -> float:
    """Returns when the run began to wait for its workloads; their own times count from there."""
    return next((s.started for s in run.stages if s.name == WAITING_STAGE), 0.0)


def _total(run: RunRecord, begin: float) -> float:
    ends = [stage.started + stage.seconds for stage in run.stages]
    moments = [begin + _moment(status) for status in run.objects if is_ready(status)]
    pods = [pod.segments[-1].end for pod in run.pods if pod.segments]
    return max([run.seconds, *ends, *moments, *pods, 0.1])


def _ticks(total: float) -> tuple[Tick, ...]:
    step = next((s for s in STEPS_SECONDS if total / s <= MOST_TICKS), total / MOST_TICKS)
    number = int(total / step)
    return tuple(
        Tick(x=100 * i * step / total, label=_tick_label(i * step, step)) for i in range(number + 1)
    )


def _tick_label(seconds: float, step: float) -> str:
    if step < 1:
        return f"{seconds:.1f} s"
    if step < 30:
        return f"{seconds:.0f} s"
    if step < 3600:
        return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
    return f"{int(seconds) // 3600} h"


def _bar(stage: StageRecord, total: float, run_seconds: float) -> Bar:
    seconds = stage.seconds
    if stage.state is StageState.RUNNING and not seconds:
        seconds = max(run_seconds - stage.started, 0.0)
    if stage.state in NEVER_RAN:
        return Bar(stage=stage, x=0.0, width=0.0, seconds=0.0)
    width = max(100 * seconds / total, THINNEST_PERCENT)
    return Bar(
        stage=stage,
        x=min(100 * stage.started / total, 100 - THINNEST_PERCENT),
        width=min(width, max(100 - 100 * stage.started / total, THINNEST_PERCENT)),
        seconds=seconds,
    )


def _moment(status: ObjectStatus) -> float:
    return status.ready_after_seconds or 0.0


def _dot(status: ObjectStatus, begin: float, total: float) -> Dot:
    """Returns where the object's mark stands; one that is not ready stands at the end."""
    known = is_ready(status) and status.ready_after_seconds is not None
    at = begin + _moment(status) if known else total
    return Dot(status=status, x=100 * at / total, at=at)


def _chosen(objects: Sequence[ObjectStatus]) -> list[ObjectStatus]:
    """Returns the objects with a row of their own: those not ready first, then the slowest."""
    unready = waiting(objects)[:MOST_ROWS]
    ready = sorted((s for s in objects if is_ready(s)), key=lambda s: (_moment(s), s.ref))
    room = MOST_ROWS - len(unready)
    return [*unready, *(ready[-room:] if room else [])]


def _curve(objects: Sequence[ObjectStatus], begin: float, total: float) -> str:
    """Returns a staircase that rises by one object at each moment one became ready."""
    points = ["0,100"]
    y = 100.0
    for moment in sorted(_moment(status) for status in objects if is_ready(status)):
        x = 100 * (begin + moment) / total
        points.append(f"{x:.2f},{y:.2f}")
        y -= 100 / len(objects)
        points.append(f"{x:.2f},{max(y, 0.0):.2f}")
    return " ".join([*points, f"100,{max(y, 0.0):.2f}", "100,100"])
