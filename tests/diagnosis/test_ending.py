"""A verdict ends a run at once, unless a second fault is about to show."""

from __future__ import annotations

from harness.diagnosis.ending import LINGER_SECONDS, may_end
from harness.diagnosis.fold import folded
from harness.model.finding import Diagnosis, Finding, Outcome, Phase
from harness.model.refs import ObjectRef
from tests.diagnosis.world import START, World, crashed, waiting

WEB = ObjectRef("Deployment", "shop", "web")


def finding(counts_from: float = 0.0) -> Finding:
    return Finding(
        cause="S07", phase=Phase.SECRET, object=WEB, seen="x", expected="y", fix="z",
        decided_at=START + 5, counts_from=counts_from,
    )  # fmt: skip


def ended(world: World, diagnosis: Diagnosis, at: float, *, keep_going: bool = False) -> bool:
    facts = folded(world.cassette(), START + at)
    return may_end(diagnosis, facts, first_root_at=START + 5, keep_going=keep_going)


def world() -> World:
    made = World()
    made.workload("web")
    made.pod("web", 2, state=crashed(3))
    return made


FAILED = Diagnosis(outcome=Outcome.FAILED, findings=(finding(),))


def test_nothing_found_ends_nothing() -> None:
    assert not ended(world(), Diagnosis(outcome=Outcome.PROGRESSING), 500)


def test_one_root_ends_the_run_at_once() -> None:
    assert ended(world(), FAILED, 5.5)


def test_a_pod_that_has_not_tried_its_image_is_waited_for() -> None:
    made = world()
    made.workload("api")
    made.pod("api", 3, state=waiting("ContainerCreating"))

    assert not ended(made, FAILED, 6)
    assert ended(made, FAILED, 5 + LINGER_SECONDS)


def test_a_suspect_that_will_count_soon_is_waited_for() -> None:
    soon = Diagnosis(outcome=Outcome.FAILED, findings=(finding(),), suspects=(finding(START + 15),))
    late = Diagnosis(
        outcome=Outcome.FAILED, findings=(finding(),), suspects=(finding(START + 300),)
    )

    assert not ended(world(), soon, 6)
    assert ended(world(), late, 6)


def test_keep_going_ends_when_everything_is_ready_or_explained() -> None:
    open_end = Diagnosis(outcome=Outcome.FAILED, findings=(finding(),), waiting=(WEB,))

    assert not ended(world(), open_end, 500, keep_going=True)
    assert ended(world(), FAILED, 6, keep_going=True)
