from __future__ import annotations

from typing import Any

from bench.faults import FAULTS
from bench.sight import first_sight, lines


def pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web-1"}, "status": status}


def test_a_pod_shows_waiting_and_ended_containers_and_failed_conditions() -> None:
    container = {
        "name": "web",
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
        "lastState": {"terminated": {"reason": "Error", "exitCode": 1}},
    }
    conditions = [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1"},
        {"type": "Ready", "status": "True"},
    ]
    assert list(lines("Pod", pod(conditions=conditions, containerStatuses=[container]))) == [
        "Pod web-1: PodScheduled Unschedulable: 0/1",
        "Pod web-1: web waiting CrashLoopBackOff: back-off 10s",
        "Pod web-1: web terminated Error: ",
    ]


def test_an_event_shows_its_object_reason_and_message() -> None:
    event = {
        "involvedObject": {"kind": "ReplicaSet", "name": "web-5d"},
        "reason": "FailedCreate",
        "message": 'serviceaccount "shop-robot" not found',
    }
    (line,) = lines("Event", event)
    assert line == 'Event ReplicaSet/web-5d: FailedCreate: serviceaccount "shop-robot" not found'
    robot = next(f for f in FAULTS if f.name == "service-account-absent")
    assert first_sight([(7.0, line)], robot.sight) == 7.0


def test_a_cause_is_visible_once_all_of_it_was_seen() -> None:
    seen = [(1.0, "Pod a: x"), (2.0, "Pod a: y"), (3.0, "Pod a: y again")]
    assert first_sight(seen, ("x", "y")) == 2.0
    assert first_sight(seen, ("x", "z")) is None
    assert first_sight(seen, ()) is None
