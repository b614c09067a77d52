from __future__ import annotations

from typing import Any

import pytest

from harness.watch.container_logs import MAX_TEXT_BYTES, Why, shortened, wanted_logs

Object = dict[str, Any]
RUNNING: Object = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
WAITING: Object = {"waiting": {"reason": "CrashLoopBackOff"}}
FAILED: Object = {"terminated": {"exitCode": 1}}
COMPLETED: Object = {"terminated": {"exitCode": 0}}


def status(name: str, state: Object, *, ready: bool = False, restarts: int = 0) -> Object:
    return {"name": name, "state": state, "ready": ready, "restartCount": restarts}


def pod(*main: Object, init: tuple[Object, ...] = (), ready: bool = False, **spec: Any) -> Object:
    return {
        "metadata": {"name": "a"},
        "spec": spec,
        "status": {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "initContainerStatuses": list(init),
            "containerStatuses": list(main),
        },
    }


def test_a_container_that_runs_without_being_ready_is_read() -> None:
    assert wanted_logs(pod(status("app", RUNNING))) == [("app", False, Why.NOT_READY)]


def test_a_restarted_container_is_read_with_its_instance_before() -> None:
    assert wanted_logs(pod(status("app", RUNNING, restarts=2))) == [
        ("app", True, Why.RESTARTED),
        ("app", False, Why.RESTARTED),
    ]


def test_a_container_that_waits_for_its_next_start_has_only_the_log_before() -> None:
    assert wanted_logs(pod(status("app", WAITING, restarts=2))) == [("app", True, Why.RESTARTED)]


def test_a_container_that_was_never_started_has_no_log() -> None:
    assert wanted_logs(pod(status("app", {"waiting": {"reason": "ErrImagePull"}}))) == []


def test_a_container_that_ended_is_read_before_it_restarts() -> None:
    assert wanted_logs(pod(status("app", FAILED))) == [("app", False, Why.NOT_READY)]


def test_only_the_containers_that_are_not_ready_are_read() -> None:
    found = wanted_logs(pod(status("proxy", RUNNING, ready=True), status("app", RUNNING)))

    assert [log.container for log in found] == ["app"]


def test_nothing_of_a_ready_pod_is_read_even_if_it_restarted() -> None:
    assert wanted_logs(pod(status("app", RUNNING, ready=True, restarts=3), ready=True)) == []


def test_nothing_is_read_of_a_pod_that_is_deleted_or_completed() -> None:
    deleted = pod(status("app", RUNNING))
    deleted["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    completed = pod(status("app", COMPLETED))
    completed["status"]["phase"] = "Succeeded"

    assert wanted_logs(deleted) == wanted_logs(completed) == wanted_logs({}) == []


@pytest.mark.parametrize(
    ("container", "why"),
    [
        (status("wait", RUNNING), [("wait", False, Why.INIT_RUNNING)]),
        (status("wait", FAILED), [("wait", False, Why.INIT_FAILED)]),
        (status("wait", WAITING, restarts=1), [("wait", True, Why.INIT_FAILED)]),
        (status("wait", COMPLETED), []),
        (status("sidecar", RUNNING, ready=True), []),
        (status("later", {"waiting": {"reason": "PodInitializing"}}), []),
    ],
)
def test_init_containers_are_read_while_they_run_or_when_they_failed(
    container: Object, why: list[tuple[str, bool, Why]]
) -> None:
    assert wanted_logs(pod(init=(container,))) == why


def test_the_completed_container_of_a_job_is_not_read_but_that_of_a_service_is() -> None:
    ended = status("app", COMPLETED)

    assert wanted_logs(pod(ended, restartPolicy="Never")) == []
    assert wanted_logs(pod(ended, restartPolicy="Always")) == [("app", False, Why.NOT_READY)]


def test_a_short_log_stays_as_it_is() -> None:
    assert shortened("one\ntwo\n") == "one\ntwo\n"


def test_a_long_log_keeps_its_end_and_says_what_is_left_out() -> None:
    text = "".join(f"line {n} of an ordinary log\n" for n in range(2000))

    kept = shortened(text)

    assert len(kept.encode()) <= MAX_TEXT_BYTES
    assert kept.startswith("… ")
    assert kept.endswith("line 1999 of an ordinary log\n")
    assert kept.splitlines()[1].startswith("line ")


@pytest.mark.parametrize(
    "first",
    [
        "Traceback (most recent call last):",
        'Exception in thread "main" java.lang.IllegalStateException: no broker',
        "panic: runtime error: index out of range",
        "org.postgresql.util.PSQLException: FATAL: password authentication failed",
        "2026-01-01 00:00:00 UTC [1] FATAL:  data directory has wrong ownership",
    ],
)
def test_the_first_lines_of_a_crash_are_kept_before_the_end(first: str) -> None:
    frames = "".join(f"    at frame {n}\n" for n in range(2000))

    kept = shortened(f"starting\n{first}\n{frames}the end\n")

    assert len(kept.encode()) <= MAX_TEXT_BYTES
    assert kept.startswith(first)
    assert "bytes left out" in kept
    assert kept.endswith("the end\n")


def test_a_crash_that_is_in_the_end_is_not_told_twice() -> None:
    kept = shortened("noise\n" * 5000 + "panic: out of range\ngoroutine 1\n")

    assert kept.count("panic:") == 1
    assert kept.startswith("… ")


def test_a_line_that_is_too_long_is_cut_between_characters() -> None:
    kept = shortened("ä" * 50_000)

    assert len(kept.encode()) <= MAX_TEXT_BYTES
    assert kept.endswith("ää")
