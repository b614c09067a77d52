from __future__ import annotations

from typing import Any

from harness.model.refs import ObjectRef
from harness.watch.container_logs import Why
from harness.watch.log_schedule import (
    AGAIN_SECONDS,
    EMPTY_AGAIN_SECONDS,
    EMPTY_TRIES,
    LogSchedule,
    LogTask,
)

POD = ObjectRef("Pod", "dev", "app-1")
Object = dict[str, Any]
RUNNING: Object = {"running": {}}
WAITING: Object = {"waiting": {"reason": "CrashLoopBackOff"}}


def pod(state: Object, *, ready: bool = False, restarts: int = 0, instance: str = "") -> Object:
    status = {"name": "app", "state": state, "ready": ready, "restartCount": restarts}
    status["containerID"] = instance or f"c{restarts}"
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {"status": {"conditions": conditions, "containerStatuses": [status]}}


def due(schedule: LogSchedule, now: float) -> LogTask:
    task = schedule.take_due(now)
    assert task is not None
    return task


def test_a_log_is_due_at_once_when_its_container_matters() -> None:
    schedule = LogSchedule()
    schedule.pod_changed(POD, pod(RUNNING), 0.0)

    task = due(schedule, 0.0)

    assert (task.name.container, task.name.previous, task.why) == ("app", False, Why.NOT_READY)


def test_a_log_that_is_being_read_is_not_read_a_second_time() -> None:
    schedule = LogSchedule()
    schedule.pod_changed(POD, pod(RUNNING), 0.0)
    due(schedule, 0.0)

    assert schedule.take_due(100.0) is None
    assert schedule.next_due() is None


def test_a_running_container_that_stays_unready_is_read_again_after_five_seconds() -> None:
    schedule = LogSchedule()
    schedule.pod_changed(POD, pod(RUNNING), 0.0)
    schedule.finished(due(schedule, 0.0), "one", 1.0)
    schedule.pod_changed(POD, pod(RUNNING), 2.0)

    assert schedule.take_due(1.0 + AGAIN_SECONDS - 0.1) is None
    assert schedule.next_due() == 1.0 + AGAIN_SECONDS == 6.0
    assert schedule.take_due(6.0) is not None


def test_only_a_changed_text_is_news() -> None:
    schedule = LogSchedule()
    schedule.pod_changed(POD, pod(RUNNING), 0.0)

    assert schedule.finished(due(schedule, 0.0), "one", 0.0)
    assert not schedule.finished(due(schedule, 5.0), "one", 5.0)
    assert not schedule.finished(due(schedule, 10.0), "", 10.0)
    assert schedule.finished(due(schedule, 15.0), "one\ntwo", 15.0)


def test_the_same_words_of_another_instance_are_news() -> None:
    schedule = LogSchedule()
    schedule.pod_changed(POD, pod(WAITING, restarts=1), 0.0)
    assert schedule.finished(due(schedule, 0.0), "boom", 0.0)
    schedule.pod_changed(POD, pod(WAITING, restarts=2), 20.0)

    task = due(schedule, 20.0)

    assert (task.restarts, task.name.previous) == (2, True)
    assert schedule.finished(task, "boom", 20.0)


def test_the_log_of_an_earlier_instance_is_read_once() -> None:
    schedule = LogSchedule()
    schedule.pod_changed(POD, pod(WAITING, restarts=1), 0.0)
    schedule.finished(due(schedule, 0.0), "boom", 0.0)
    schedule.pod_changed(POD, pod(WAITING, restarts=1), 1.0)

    assert schedule.take_due(1000.0) is None


def test_a_change_of_state_is_read_at_once() -> None:
    schedule = LogSchedule()
    schedule.pod_changed(POD, pod(RUNNING), 0.0)
    schedule.finished(due(schedule, 0.0), "one", 0.0)
    schedule.pod_changed(POD, pod({"terminated": {"exitCode": 1}}), 1.0)

    task = due(schedule, 1.0)
    schedule.finished(task, "one\nboom", 1.0)

    assert schedule.take_due(1000.0) is None  # an ended container says nothing more


def test_a_restart_wants_both_instances() -> None:
    schedule = LogSchedule()
    schedule.pod_changed(POD, pod(RUNNING, restarts=1), 0.0)

    assert {due(schedule, 0.0).name.previous, due(schedule, 0.0).name.previous} == {True, False}


def test_a_ready_pod_is_not_read_any_more() -> None:
    schedule = LogSchedule()
    schedule.pod_changed(POD, pod(RUNNING), 0.0)
    schedule.finished(due(schedule, 0.0), "one", 0.0)
    schedule.pod_changed(POD, pod(RUNNING, ready=True), 1.0)

    assert schedule.take_due(1000.0) is None


def test_an_empty_log_of_an_ended_container_is_tried_some_times() -> None:
    schedule = LogSchedule()
    schedule.pod_changed(POD, pod(WAITING, restarts=1), 0.0)
    for attempt in range(EMPTY_TRIES + 1):
        now = attempt * EMPTY_AGAIN_SECONDS
        assert not schedule.finished(due(schedule, now), "", now)

    assert schedule.take_due(1000.0) is None


def test_a_reading_that_was_overtaken_by_a_change_plans_nothing() -> None:
    schedule = LogSchedule()
    schedule.pod_changed(POD, pod(RUNNING), 0.0)
    early = due(schedule, 0.0)
    schedule.pod_changed(POD, pod(RUNNING, instance="other"), 1.0)
    late = due(schedule, 1.0)

    schedule.finished(early, "one", 2.0)

    assert schedule.take_due(1000.0) is None
    schedule.finished(late, "two", 3.0)
    assert schedule.next_due() == 8.0


def test_a_requested_log_of_a_ready_pod_is_read_once_and_at_most_every_five_seconds() -> None:
    schedule = LogSchedule()
    schedule.pod_changed(POD, pod(RUNNING, ready=True, restarts=4), 0.0)
    schedule.request(POD, "app", 0.0)
    schedule.request(POD, "app", 0.0)

    task = due(schedule, 0.0)
    assert (task.why, task.restarts) == (Why.ASKED, 4)
    assert schedule.finished(task, "ready to accept connections", 0.0)
    assert schedule.take_due(1000.0) is None
    schedule.request(POD, "app", 1.0)
    assert schedule.next_due() == AGAIN_SECONDS


def test_a_request_outlives_a_change_of_its_ready_pod() -> None:
    schedule = LogSchedule()
    schedule.request(POD, "app", 0.0)
    schedule.pod_changed(POD, pod(RUNNING, ready=True), 0.0)

    assert schedule.take_due(0.0) is not None


def test_a_request_for_an_ended_container_reads_it_again() -> None:
    schedule = LogSchedule()
    schedule.pod_changed(POD, pod({"terminated": {"exitCode": 1}}), 0.0)
    schedule.finished(due(schedule, 0.0), "boom", 0.0)
    schedule.request(POD, "app", 1.0)

    assert schedule.take_due(AGAIN_SECONDS) is not None


def test_a_pod_that_is_gone_is_forgotten_even_while_it_is_read() -> None:
    schedule = LogSchedule()
    schedule.pod_changed(POD, pod(RUNNING), 0.0)
    task = due(schedule, 0.0)
    schedule.pod_gone(POD)

    assert not schedule.finished(task, "one", 1.0)
    held = [getattr(schedule, name) for name in vars(schedule)]
    assert held
    assert not any(held)


def test_who_waits_longest_is_read_first() -> None:
    schedule = LogSchedule()
    other = ObjectRef("Pod", "dev", "aaa")
    schedule.pod_changed(POD, pod(RUNNING), 0.0)
    schedule.pod_changed(other, pod(RUNNING), 1.0)

    assert [due(schedule, 2.0).name.pod, due(schedule, 2.0).name.pod] == [POD, other]
