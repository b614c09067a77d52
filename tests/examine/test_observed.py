"""`harness diagnose` on a live cluster: when looking ends, and what may be said then."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from harness.diagnosis.diagnose import diagnose
from harness.diagnosis.facts import Facts
from harness.diagnosis.fold import folded
from harness.examine.live import STABLE_SECONDS, observed
from harness.examine.question import Question
from harness.model.finding import Diagnosis, Outcome
from harness.watch.view import Collected
from tests.diagnosis.world import START, World, waiting


class SteppingClock:
    """Moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime.fromtimestamp(START + self.time, UTC)

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class Reading:
    """An observer that has read one world until `read_at`, and the other one from then on."""

    def __init__(self, clock: SteppingClock, early: World, late: World, read_at: float) -> None:
        self._clock, self._worlds, self._read_at = clock, (early, late), read_at

    def diagnosis(self) -> tuple[Diagnosis, Facts]:
        world = self._worlds[self._clock.time >= self._read_at]
        facts = folded(world.cassette(), START + 300 + self._clock.time)
        return diagnose(facts), facts

    def unread(self, facts: Facts) -> tuple[Collected, ...]:
        assert facts.now == START + 300 + self._clock.time
        return () if self._clock.time >= self._read_at else (("Pod", "shop"), ("Job", "shop"))


def healthy() -> World:
    world = World()
    world.workload("web")
    world.ready("web", 3)
    return world


def half_broken() -> World:
    world = healthy()
    world.workload("worker")
    state = waiting("InvalidImageName", "couldn't parse image reference")
    world.pod("worker", 4, state=state)
    return world


def looked(early: World, late: World, *, read_at: float, seconds: float = 60) -> Diagnosis:
    clock = SteppingClock()
    question = Question(kubeconfig=Path("kubeconfig"), namespaces=("shop",), seconds=seconds)
    return observed(Reading(clock, early, late, read_at), question, clock)


def test_a_healthy_part_of_a_namespace_is_not_a_healthy_namespace() -> None:
    found = looked(healthy(), half_broken(), read_at=15)

    assert found.outcome is Outcome.FAILED
    assert [f.object.name for f in found.findings] == ["worker"]


def test_the_stable_time_begins_when_everything_is_read() -> None:
    clock = SteppingClock()
    question = Question(kubeconfig=Path("kubeconfig"), namespaces=("shop",))

    found = observed(Reading(clock, healthy(), healthy(), 15), question, clock)

    assert found.outcome is Outcome.HEALTHY
    assert clock.time >= 15 + STABLE_SECONDS


def test_what_was_not_read_in_time_is_not_called_healthy_and_is_named() -> None:
    found = looked(healthy(), healthy(), read_at=99, seconds=10)

    assert found.outcome is Outcome.PROGRESSING
    assert found.notes[-1] == "not read completely within 10 s: Job, Pod; give more --seconds"


def test_a_namespace_in_which_nothing_runs_is_not_called_healthy() -> None:
    found = looked(World(), World(), read_at=0, seconds=10)

    assert found.outcome is Outcome.STALLED
    assert "no workload was seen in shop" in found.notes[-1]
