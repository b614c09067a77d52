from __future__ import annotations

from typing import Any

from harness.diagnosis.rules.start.endings import Ending, endings, endings_after, gap_seconds
from tests.diagnosis.crash_loops import Crash, crash_loop, facts_at
from tests.diagnosis.samples import start as samples
from tests.diagnosis.world import START, World, container, ended, running, stamp, waiting


def only_ending(world: World, at: float) -> Ending:
    [found] = endings(facts_at(world, at))
    return found


def order() -> World:
    world = World()
    world.workload("order", container("order"))
    crash_loop(world, "order", Crash(times=5))
    return world


def test_a_container_in_back_off_ended_once_more_than_it_was_restarted() -> None:
    world = order()

    assert [only_ending(world, at).count for at in (4, 6, 9, 21)] == [1, 1, 2, 3]


def test_the_first_ending_is_remembered() -> None:
    assert only_ending(order(), 60).since == START + 4


def test_after_a_restart_of_the_harness_the_first_ending_is_inferred_from_the_pauses() -> None:
    world = World()
    world.workload("order", container("order"))
    last = {"exitCode": 1, "reason": "Error", "startedAt": stamp(198), "finishedAt": stamp(200)}
    world.pod("order", 205, state=waiting("CrashLoopBackOff", "back-off", restarts=5, **last))
    made = world.live("Pod", "order-h1-abcde")
    made["metadata"]["creationTimestamp"] = stamp(0)
    world.put(made, 206)

    found = only_ending(world, 207)

    assert found.count == 6
    assert found.since == START + 198 - (10 + 20 + 40 + 80)


def test_no_ending_is_before_the_pod() -> None:
    world = World()
    world.workload("order", container("order"))
    last = {"exitCode": 1, "reason": "Error", "startedAt": stamp(198), "finishedAt": stamp(200)}
    world.pod("order", 190, state=waiting("CrashLoopBackOff", "back-off", restarts=5, **last))

    assert only_ending(world, 207).since == START + 190


def test_an_instance_that_runs_much_longer_than_the_last_one_is_past_it() -> None:
    world = order()
    past: dict[str, Any] = {
        "exitCode": 1,
        "reason": "Error",
        "startedAt": stamp(81),
        "finishedAt": stamp(83),
    }
    world.pod("order", 163, state=running(163, restarts=5, **past), phase="Running")

    assert endings(facts_at(world, 170))
    assert not endings(facts_at(world, 180))


def test_endings_after_a_moment_are_counted_back_by_the_pauses() -> None:
    found = only_ending(order(), 90)

    assert found.last == START + 83
    assert endings_after(found, START + 60) == 1
    assert endings_after(found, START + 30) == 2
    assert endings_after(found, START + 90) == 0
    assert [gap_seconds(n) for n in (1, 2, 3, 9)] == [0, 10, 20, 300]


def test_the_attempts_of_a_job_are_one_container_that_ended_often() -> None:
    world = samples.migration()
    samples.attempt(world, 0, 4)
    samples.attempt(world, 1, 16)

    assert only_ending(world, 20).count == 2
    assert only_ending(world, 20).since == START + 4


def test_a_finished_init_container_is_no_ending() -> None:
    world = World()
    world.workload("order", container("order"), initContainers=[container("migrate")])
    world.pod("order", 3, init={"migrate": ended(3)}, phase="Pending")

    assert not endings(facts_at(world, 5))


def test_what_an_evicted_pod_left_behind_is_over() -> None:
    world = order()
    down = {"exitCode": 137, "reason": "Error", "startedAt": stamp(81), "finishedAt": stamp(95)}
    state = {"state": {"terminated": down}, "restartCount": 5}
    world.pod("order", 96, state=state, phase="Failed", reason="Evicted")

    assert not endings(facts_at(world, 97))
