from __future__ import annotations

from typing import Any

import pytest

from harness.health.judge import judge, judge_workload
from harness.model.moments import epoch
from harness.model.refs import ObjectRef
from harness.model.run import Health


def _obj(kind: str, spec: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
    meta = {"name": "x", "namespace": "dev", "generation": 2}
    return {
        "kind": kind, "metadata": meta, "spec": spec,
        "status": {"observedGeneration": 2, **status},
    }  # fmt: skip


def _full(n: int) -> dict[str, int]:
    return {"replicas": n, "updatedReplicas": n, "readyReplicas": n, "availableReplicas": n}


FAILED_JOB = {"conditions": [{"type": "Failed", "status": "True", "message": "gave up"}]}
COMPLETE_JOB = {"conditions": [{"type": "Complete", "status": "True"}]}

CASES = [
    ("Deployment", {"replicas": 2}, _full(2), Health.READY),
    ("Deployment", {}, _full(1), Health.READY),
    ("Deployment", {"replicas": 2}, {**_full(2), "updatedReplicas": 1}, Health.PROGRESSING),
    ("Deployment", {"replicas": 2}, {**_full(2), "replicas": 3}, Health.PROGRESSING),
    ("Deployment", {"replicas": 2}, {**_full(2), "availableReplicas": 1}, Health.PROGRESSING),
    ("Deployment", {"replicas": 2}, {**_full(2), "observedGeneration": 1}, Health.PROGRESSING),
    ("StatefulSet", {"replicas": 3}, {**_full(3), "updateRevision": "a", "currentRevision": "a"},
     Health.READY),
    ("StatefulSet", {"replicas": 3}, {**_full(3), "updateRevision": "b", "currentRevision": "a"},
     Health.PROGRESSING),
    ("StatefulSet", {"replicas": 3}, {"readyReplicas": 2}, Health.PROGRESSING),
    ("DaemonSet", {}, {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2,
                       "numberAvailable": 1}, Health.PROGRESSING),
    ("Job", {}, COMPLETE_JOB, Health.READY),
    ("Job", {}, FAILED_JOB, Health.STUCK),
    ("Job", {"suspend": True}, {}, Health.PROGRESSING),
    ("PersistentVolumeClaim", {}, {"phase": "Bound"}, Health.READY),
    ("PersistentVolumeClaim", {}, {"phase": "Lost"}, Health.STUCK),
    ("PersistentVolumeClaim", {}, {}, Health.PROGRESSING),
    ("Pod", {}, {"phase": "Failed", "reason": "Evicted"}, Health.STUCK),
    ("Service", {}, {}, Health.READY),
    ("Kafka", {}, {"conditions": [{"type": "Ready", "status": "True"}]}, Health.NOT_JUDGED),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "spec", "status", "expected"), CASES)
def test_each_state_is_judged(
    kind: str, spec: dict[str, Any], status: dict[str, Any], expected: Health
) -> None:
    ref = ObjectRef(kind, "dev", "x")

    assert judge(_obj(kind, spec, status), ref, now=0).health is expected


def test_an_absent_object_is_missing_and_a_deleted_one_is_not_ready() -> None:
    ref = ObjectRef("Deployment", "dev", "x")
    dying = _obj("Deployment", {"replicas": 1}, _full(1))
    dying["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    assert judge(None, ref, now=0).health is Health.MISSING
    assert judge(dying, ref, now=0).health is Health.TERMINATING


def test_a_waiting_workload_says_what_its_pod_waits_for() -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no basic auth credentials"}}
    pod = {
        "metadata": {"name": "x-0"},
        "status": {"containerStatuses": [{"name": "app", "ready": False, "state": waiting}]},
    }
    live = _obj("StatefulSet", {"replicas": 1}, {"readyReplicas": 0})

    status = judge_workload(live, ObjectRef("StatefulSet", "dev", "x"), [pod], now=0)

    assert status.message == (
        "0 of 1 pods ready; x-0: container app: ImagePullBackOff no basic auth credentials"
    )


def test_an_unfinished_init_container_is_named_before_the_containers() -> None:
    pod = {
        "metadata": {"name": "x-0"},
        "status": {
            "initContainerStatuses": [
                {"name": "done", "ready": True, "state": {"terminated": {"exitCode": 0}}},
                {
                    "name": "migrate", "ready": False,
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": {"exitCode": 3}},
                },
            ],
            "containerStatuses": [{"name": "app", "ready": False, "state": {"waiting": {}}}],
        },
    }  # fmt: skip

    status = judge(pod, ObjectRef("Pod", "dev", "x-0"), now=0)

    assert status.message == "init container migrate: CrashLoopBackOff; last exit code 3"


def _pod(name: str, ready: str, since: str = "2026-11-22T12:00:00Z", **meta: str) -> dict[str, Any]:
    condition = {"type": "Ready", "status": ready, "lastTransitionTime": since}
    return {"metadata": {"name": name, **meta}, "status": {"conditions": [condition]}}


def test_a_status_that_calls_ready_what_no_pod_is_does_not_pass() -> None:
    live, ref = _obj("Deployment", {"replicas": 2}, _full(2)), ObjectRef("Deployment", "dev", "x")
    down, up = _pod("x-0", "False"), _pod("x-1", "True")

    assert judge_workload(live, ref, [down], now=0).health is Health.PROGRESSING
    assert judge_workload(live, ref, [down], now=0).message.endswith("x-0: starting")
    assert judge_workload(live, ref, [down, up], now=0).health is Health.READY
    assert judge_workload(live, ref, [], now=0).health is Health.READY


def test_the_pods_of_a_finished_job_do_not_count() -> None:
    live, ref = _obj("Job", {}, COMPLETE_JOB), ObjectRef("Job", "dev", "x")

    assert judge_workload(live, ref, [_pod("x-0", "False")], now=0).health is Health.READY


def test_a_ready_pod_that_is_not_available_yet_says_for_how_long_it_must_be_ready() -> None:
    status = {**_full(1), "availableReplicas": 0}
    live = _obj("Deployment", {"replicas": 1, "minReadySeconds": 30}, status)
    ref, pods = ObjectRef("Deployment", "dev", "x"), [_pod("x-0", "True")]
    ready = epoch("2026-11-22T12:00:00Z")

    soon = judge_workload(live, ref, pods, now=ready + 29).message
    late = judge_workload(live, ref, pods, now=ready + 31).message

    assert soon.endswith("; x-0: ready, counts as available after 30 s")
    assert late == "0 of 1 replicas available, 1 ready"


def test_a_pod_that_is_being_deleted_is_not_waited_for() -> None:
    live = _obj("StatefulSet", {"replicas": 1}, {"readyReplicas": 0})
    leaving = _pod("x-0", "False", deletionTimestamp="2026-11-22T12:00:00Z")

    found = judge_workload(live, ObjectRef("StatefulSet", "dev", "x"), [leaving], now=0)

    assert found.message == "0 of 1 pods ready"
