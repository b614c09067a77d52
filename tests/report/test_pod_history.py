"""What became of a pod is read from the versions of it that were seen, and from nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from harness.model.pods import PodHistory, PodPhase
from harness.model.refs import ObjectRef
from harness.model.timeline import Cassette, Entry, EntryKind, Header
from harness.report.pod_history import MOST_SEGMENTS, pod_histories, pod_state

BEGAN = 1_800_000_000.0
WAITING: dict[str, Any] = {"waiting": {"reason": "ContainerCreating"}}
RUNNING: dict[str, Any] = {"running": {"startedAt": "2027-01-15T08:00:05Z"}}
DONE: dict[str, Any] = {"terminated": {"exitCode": 0, "reason": "Completed"}}
CRASHED: dict[str, Any] = {"terminated": {"exitCode": 1, "reason": "Error"}}
BACK_OFF: dict[str, Any] = {"waiting": {"reason": "CrashLoopBackOff"}}


def container(state: dict[str, Any], name: str = "web", **more: Any) -> dict[str, Any]:
    return {"name": name, "state": state, "restartCount": 0, **more}


def pod(
    *containers: dict[str, Any],
    inits: tuple[dict[str, Any], ...] = (),
    ready: bool = False,
    uid: str = "1",
    node: str = "node",
    spec: dict[str, Any] | None = None,
    **status: Any,
) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "kind": "Pod",
        "metadata": {"name": "web-0", "namespace": "shop", "uid": uid, "ownerReferences": [OWNER]},
        "spec": {"nodeName": node, **(spec or {})},
        "status": {
            "phase": "Pending",
            "conditions": conditions,
            "containerStatuses": list(containers),
            "initContainerStatuses": list(inits),
            **status,
        },
    }


OWNER = {"kind": "StatefulSet", "name": "web", "controller": True}
REF = ObjectRef("Pod", "shop", "web-0")


def seen(at: float, obj: dict[str, Any], ref: ObjectRef = REF) -> Entry:
    return Entry(at=BEGAN + at, kind=EntryKind.OBJECT, ref=ref, object=obj)


def gone(at: float) -> Entry:
    return Entry(at=BEGAN + at, kind=EntryKind.GONE, ref=REF)


def event(at: float, reason: str, *, uid: str = "1", path: str = "spec.containers{web}") -> Entry:
    about = {"kind": "Pod", "namespace": "shop", "name": "web-0", "uid": uid, "fieldPath": path}
    ref = ObjectRef("Event", "shop", f"web-0.{at}")
    return seen(at, {"reason": reason, "involvedObject": about}, ref)


def histories(*entries: Entry, ended: float = 100.0) -> list[PodHistory]:
    header = Header(started=BEGAN, namespaces=("shop",))
    cassette = Cassette(header=header, entries=entries)
    return pod_histories(cassette, began=BEGAN, ended=BEGAN + ended)


def phases(*entries: Entry) -> list[tuple[str, float, float]]:
    (found,) = histories(*entries)
    return [(str(s.phase), s.start, s.end) for s in found.segments]


def test_a_good_start_goes_through_every_phase_in_order() -> None:
    migrate = container(RUNNING, "migrate")
    assert phases(
        seen(10, pod(node="")),
        seen(11, pod(container(WAITING))),
        event(12, "Pulling"),
        event(15, "Pulled"),
        seen(16, pod(container(WAITING), inits=(migrate,))),
        seen(20, pod(container(WAITING), inits=(container(DONE, "migrate"),))),
        seen(21, pod(container(RUNNING))),
        seen(30, pod(container(RUNNING, ready=True), ready=True)),
    ) == [
        ("pending", 10, 11),
        ("creating", 11, 12),
        ("pulling", 12, 15),
        ("creating", 15, 16),
        ("init", 16, 20),
        ("creating", 20, 21),
        ("starting", 21, 30),
        ("ready", 30, 100),
    ]


@pytest.mark.parametrize(
    ("seen_pod", "phase", "note"),
    [
        (pod(container(BACK_OFF)), PodPhase.FAILING, "web: CrashLoopBackOff"),
        (pod(container(CRASHED)), PodPhase.FAILING, "web ended with exit code 1 (Error)"),
        (pod(container(RUNNING), container(BACK_OFF, "proxy")), PodPhase.FAILING, "proxy: "),
        (pod(container(WAITING), inits=(container(CRASHED, "m"),)), PodPhase.FAILING, "m ended"),
        (pod(container(DONE)), PodPhase.COMPLETED, ""),
        (pod(phase="Succeeded"), PodPhase.COMPLETED, ""),
        (pod(phase="Failed", reason="Evicted"), PodPhase.FAILING, "Evicted"),
        (pod(), PodPhase.CREATING, ""),
    ],
)
def test_the_phase_is_that_of_the_container_that_holds_up_the_others(
    seen_pod: dict[str, Any], phase: PodPhase, note: str
) -> None:
    found = pod_state(seen_pod)
    assert found[0] is phase
    assert found[1].startswith(note)


def test_a_sidecar_that_has_started_is_no_init_container_to_wait_for() -> None:
    sidecar = container(RUNNING, "proxy", started=True)
    spec = {"initContainers": [{"name": "proxy", "restartPolicy": "Always"}]}
    assert pod_state(pod(container(RUNNING), inits=(sidecar,), spec=spec))[0] is PodPhase.STARTING


def test_what_was_ready_and_is_not_any_more_is_not_starting() -> None:
    assert phases(
        seen(1, pod(container(RUNNING), ready=True)), seen(5, pod(container(RUNNING)))
    ) == [("ready", 1, 5), ("unready", 5, 100)]


def test_a_restart_is_a_moment_and_counts_once() -> None:
    (found,) = histories(
        seen(1, pod(container(RUNNING))),
        seen(5, pod(container(CRASHED))),
        seen(8, pod(container(RUNNING, restartCount=1))),
        seen(9, pod(container(RUNNING, restartCount=1), ready=True)),
    )
    assert found.restarts == (8.0,)


def test_restarts_from_before_the_run_are_not_restarts_of_the_run() -> None:
    (found,) = histories(seen(1, pod(container(RUNNING, restartCount=7), ready=True)))
    assert found.restarts == ()


def test_a_pod_that_comes_back_under_its_name_is_one_history_with_a_gap() -> None:
    assert phases(
        seen(1, pod(container(RUNNING), ready=True)),
        gone(10),
        seen(12, pod(container(WAITING), uid="2")),
        seen(20, pod(container(RUNNING), uid="2", ready=True)),
    ) == [("ready", 1, 10), ("creating", 12, 20), ("ready", 20, 100)]


def test_an_event_about_an_earlier_pod_of_the_name_says_nothing() -> None:
    assert phases(seen(1, pod(container(WAITING), uid="2")), event(5, "Pulling", uid="1")) == [
        ("creating", 1, 100)
    ]


def test_an_image_that_cannot_be_pulled_is_failing_while_it_is_tried_again() -> None:
    refused = {"waiting": {"reason": "ErrImagePull"}}
    assert [p for p, *_ in phases(seen(1, pod(container(refused))), event(5, "Pulling"))] == [
        "failing"
    ]


def test_a_pod_that_was_there_before_the_run_begins_with_it() -> None:
    old = pod(container(RUNNING), ready=True)
    old["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
    assert phases(seen(40, old)) == [("ready", 0, 100)]


def test_pods_of_the_declaration_come_first_and_know_their_workload() -> None:
    other = ObjectRef("Pod", "argocd", "argocd-server-0")
    first, second = histories(
        seen(1, pod(container(RUNNING)), other), seen(2, pod(container(RUNNING)))
    )
    assert (first.ref, first.declared) == (REF, True)
    assert first.workload == ObjectRef("StatefulSet", "shop", "web")
    assert (second.ref, second.declared) == (other, False)


def test_a_pod_that_crashes_for_hours_keeps_its_last_phases() -> None:
    turns = [pod(container(RUNNING)), pod(container(CRASHED))]
    (found,) = histories(*(seen(n, turns[n % 2]) for n in range(200)), ended=500)
    assert len(found.segments) == MOST_SEGMENTS
    assert found.segments[-1].end == 500


def test_entries_of_any_shape_do_not_end_the_report() -> None:
    odd: dict[str, Any] = {"kind": "Pod", "metadata": None, "spec": None, "status": None}
    assert histories(seen(1, odd), event(2, "Pulling"), gone(3), gone(4))
