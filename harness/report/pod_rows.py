"""The geometry of the picture of pods: one row each, grouped by workload, phases as segments.

Positions are percent of the width and the axis is that of the stages (`harness.report.timeline`).
With many pods, those that need a look and the slowest have their place in the open, the others are
folded; beyond what a page can hold they are counted. Phases come from `harness.report.pod_history`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.model.pods import PodHistory, PodPhase, PodSegment
from harness.model.refs import ObjectRef
from harness.model.wording import counted
from harness.report.wording import duration

MOST_OPEN = 40
"""So many pods of the declaration are shown without unfolding."""
MOST_FOLDED = 360
THINNEST_PERCENT = 0.15
GOOD = frozenset({PodPhase.READY, PodPhase.COMPLETED})
BAD = frozenset({PodPhase.FAILING, PodPhase.UNREADY})


@dataclass(frozen=True, slots=True, kw_only=True)
class PodBar:
    """One phase where it stands."""

    phase: PodPhase
    x: float
    width: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRow:
    """One pod."""

    head: str
    """The part of its name that is its workload's."""
    tail: str
    bars: tuple[PodBar, ...]
    restarts: tuple[float, ...]
    good: bool
    bad: bool
    """It failed at the end, or was not ready any more; what still starts is neither."""
    last: str
    """When it became ready for the last time, or what it was doing at the end."""
    message: str
    """What the API said of a pod that failed, or that no node took, at the end."""
    story: str
    """All phases in words, for those who do not see the picture."""
    first: bool = False
    """The first row of its workload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodPicture:
    """Everything that the picture of pods shows."""

    shown: tuple[PodRow, ...]
    folded: tuple[PodRow, ...]
    """Pods of the declaration that came up without anything to look at."""
    others: tuple[PodRow, ...]
    """Pods of the engine and of the cluster itself."""
    phases: tuple[PodPhase, ...]
    """Those that occur, for the legend."""
    restarted: bool
    left_out: int
    total: int
    ready: int


def pod_picture(pods: Sequence[PodHistory], total_seconds: float) -> PodPicture:
    """Returns the picture of the pods of a run.

    Args:
        pods: Their histories.
        total_seconds: What the whole width stands for.
    """
    declared = [pod for pod in pods if pod.declared and pod.segments]
    others = [pod for pod in pods if not pod.declared and pod.segments]
    urgent = sorted(declared, key=_urgency)
    chosen = {id(pod) for pod in urgent[:MOST_OPEN]}
    shown = [pod for pod in declared if id(pod) in chosen]
    folded = [pod for pod in declared if id(pod) not in chosen]
    room = max(MOST_FOLDED - len(folded), 0)
    drawn = [*declared, *others]
    present = {segment.phase for pod in drawn for segment in pod.segments}
    return PodPicture(
        shown=_rows(shown, total_seconds),
        folded=_rows(folded[:MOST_FOLDED], total_seconds),
        others=_rows(others[:room], total_seconds),
        phases=tuple(phase for phase in PodPhase if phase in present),
        restarted=any(pod.restarts for pod in drawn),
        left_out=max(len(folded) - MOST_FOLDED, 0) + max(len(others) - room, 0),
        total=len(declared),
        ready=sum(_is_good(pod) for pod in declared),
    )


def _is_good(pod: PodHistory) -> bool:
    return pod.segments[-1].phase in GOOD


def _rank(pod: PodHistory) -> int:
    """Orders what fails before what still waits, and that before what is good."""
    return 0 if pod.segments[-1].phase in BAD else 2 if _is_good(pod) else 1


def _ready_at(pod: PodHistory) -> float:
    """Returns when a pod began to be what it was at the end."""
    return pod.segments[-1].start


def _urgency(pod: PodHistory) -> tuple[int, bool, float]:
    """Orders those to look at first: not good at the end, then with trouble, then the slowest."""
    trouble = bool(pod.restarts) or any(segment.phase in BAD for segment in pod.segments)
    return _rank(pod), not trouble, -_ready_at(pod)


def _rows(pods: Sequence[PodHistory], total: float) -> tuple[PodRow, ...]:
    """Returns the rows by workload: those that fail first, then as they came."""
    groups: dict[ObjectRef, list[PodHistory]] = {}
    for pod in pods:
        groups.setdefault(pod.workload, []).append(pod)

    def order(group: list[PodHistory]) -> tuple[int, float, ObjectRef]:
        return min(map(_rank, group)), max(map(_ready_at, group)), group[0].workload

    rows: list[PodRow] = []
    for group in sorted(groups.values(), key=order):
        own = [_row(pod, total) for pod in sorted(group, key=lambda p: p.ref)]
        rows += [replace(own[0], first=True), *own[1:]]
    return tuple(rows)


def _row(pod: PodHistory, total: float) -> PodRow:
    name, workload = pod.ref.name, pod.workload.name
    head = workload if name.startswith(workload) else name
    last, good = pod.segments[-1], _is_good(pod)
    return PodRow(
        head=head,
        tail=name[len(head) :],
        bars=tuple(_bar(segment, total) for segment in pod.segments),
        restarts=tuple(min(100 * at / total, 100.0) for at in pod.restarts),
        good=good,
        bad=last.phase in BAD,
        last=duration(last.start) if good else last.phase.value,
        message=_message(last) if not good else "",
        story=_story(pod),
    )


def _bar(segment: PodSegment, total: float) -> PodBar:
    x = min(100 * segment.start / total, 100 - THINNEST_PERCENT)
    width = max(100 * (segment.end - segment.start) / total, THINNEST_PERCENT)
    seconds = segment.end - segment.start
    note = f": {segment.note}" if segment.note else ""
    return PodBar(
        phase=segment.phase,
        x=x,
        width=min(width, 100 - x),
        title=f"{segment.phase} {duration(seconds)}, from {duration(segment.start)}{note}",
    )


def _message(last: PodSegment) -> str:
    if last.phase not in {*BAD, PodPhase.PENDING} or not last.note:
        return ""
    return f"{last.note}, for {duration(last.end - last.start)}"


def _story(pod: PodHistory) -> str:
    told = ", ".join(f"{s.phase} {duration(s.end - s.start)}" for s in _told(pod.segments))
    again = f"; {counted(len(pod.restarts), 'restart')}" if pod.restarts else ""
    return f"{told}{again}"


def _told(segments: Sequence[PodSegment]) -> Iterable[PodSegment]:
    """Returns the last few phases; a pod that crashes for hours has many."""
    return segments[-8:]
