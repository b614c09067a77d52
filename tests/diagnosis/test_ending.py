"""A verdict ends a run at once, unless a second fault is about to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.diagnosis.diagnose import diagnose
from harness.diagnosis.ending import LINGER_SECONDS, PULL_SECONDS, may_end
from harness.diagnosis.fold import folded
from harness.model.finding import Diagnosis, Finding, Outcome, Phase
from harness.model.refs import ObjectRef
from tests.diagnosis.samples import schedule
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


def test_a_second_pull_of_an_image_is_waited_for_longer_than_anything_else() -> None:
    again = replace(finding(START + 31), cause="I01", phase=Phase.IMAGE)
    refused_once = replace(FAILED, suspects=(again,))

    assert not ended(world(), refused_once, 5 + LINGER_SECONDS)
    assert ended(world(), refused_once, 5 + PULL_SECONDS)
    assert ended(world(), replace(FAILED, suspects=(finding(START + 31),)), 5 + LINGER_SECONDS)


def test_pods_that_are_not_created_yet_are_waited_for() -> None:
    for kind in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
        made = world()
        wanted(made, kind)

        assert not ended(made, FAILED, 6), kind


def wanted(made: World, kind: str) -> None:
    made.workload("api", kind=kind)
    if kind == "DaemonSet":
        made.change(kind, "api", 1, status={"desiredNumberScheduled": 1})


REFUSED = [
    ("Deployment", "ReplicaSet", "api-h1"),
    ("StatefulSet", "StatefulSet", "api"),
    ("DaemonSet", "DaemonSet", "api"),
    ("Job", "Job", "api"),
]
CAUSES = [
    pytest.param(
        "exceeded quota: team, requested: pods=1, used: pods=4, limited: pods=4", id="H04"
    ),
    pytest.param('violates PodSecurity "restricted:latest": runAsNonRoot != true', id="H05"),
    pytest.param('serviceaccount "api" not found', id="H06"),
    pytest.param('admission webhook "policy.test" denied the request: no label', id="H07"),
]


@pytest.mark.parametrize("text", CAUSES)
@pytest.mark.parametrize(("kind", "source", "name"), REFUSED, ids=[k for k, *_ in REFUSED])
def test_pods_that_are_refused_are_not_waited_for(
    kind: str, source: str, name: str, text: str
) -> None:
    made = world()
    wanted(made, kind)
    message = f'Error creating: pods "api-h1-" is forbidden: {text}'
    made.event(source, name, "FailedCreate", message, 2)

    assert ended(made, FAILED, 6)


@pytest.mark.parametrize(
    "build",
    [
        schedule.pod_security_refuses_the_pods,
        schedule.a_service_account_that_nobody_declares,
        schedule.a_policy_denies_the_pods,
    ],
)
def test_a_verdict_about_refused_pods_ends_the_run_at_once(build: Callable[[], World]) -> None:
    facts = folded(build().cassette(), START + 2)
    diagnosis = diagnose(facts)
    first = min(f.decided_at for f in diagnosis.findings)

    assert may_end(diagnosis, facts, first_root_at=first)


def test_a_refusal_of_an_older_template_does_not_count_for_the_newest() -> None:
    made = world()
    made.workload("api")
    made.event("ReplicaSet", "api-h1", "FailedCreate", 'Error creating: pods "api-h1-" is', 2)
    made.replica_set("api", "h2", revision=2, at=3)

    assert not ended(made, FAILED, 6)


@pytest.mark.parametrize(
    ("kind", "spec"),
    [("Deployment", {"paused": True}), ("Job", {"suspend": True})],
    ids=["paused", "suspended"],
)
def test_pods_that_nobody_may_create_are_not_waited_for(kind: str, spec: dict[str, bool]) -> None:
    made = world()
    made.workload("api", kind=kind, spec=spec)
    if kind == "Deployment":
        made.change(kind, "api", 1, status={"replicas": 0, "updatedReplicas": 0})

    assert ended(made, FAILED, 6)


def test_a_failed_job_whose_pods_are_gone_is_not_waited_for() -> None:
    made = world()
    made.workload("api", kind="Job")
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    made.change("Job", "api", 2, status={"failed": 3, "conditions": [failed]})

    assert ended(made, FAILED, 6)


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
