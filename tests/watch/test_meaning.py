from __future__ import annotations

import copy
from typing import Any

import pytest

from harness.watch.meaning import is_turn, meaningful

Object = dict[str, Any]


def changed(obj: Object, *path: str | int, to: object) -> Object:
    copied = copy.deepcopy(obj)
    place: Any = copied
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return copied


NODE: Object = {
    "kind": "Node",
    "metadata": {"name": "n", "resourceVersion": "1"},
    "status": {
        "conditions": [
            {"type": "Ready", "status": "True", "lastHeartbeatTime": "1", "message": "ready"}
        ],
        "images": [],
    },
}
APPLICATION: Object = {
    "kind": "Application",
    "metadata": {"name": "a", "resourceVersion": "1", "annotations": {"team": "x"}},
    "status": {
        "reconciledAt": "1",
        "sync": {"status": "Synced"},
        "health": {"status": "Healthy"},
        "operationState": {"phase": "Running", "message": "waiting"},
    },
}
LEASE: Object = {
    "kind": "Lease",
    "metadata": {"name": "l"},
    "spec": {"holderIdentity": "a", "renewTime": "1"},
}
POD: Object = {
    "kind": "Pod",
    "metadata": {"name": "p", "resourceVersion": "1", "uid": "u"},
    "spec": {"nodeName": "n"},
    "status": {
        "phase": "Running",
        "podIP": "10.0.0.1",
        "conditions": [{"type": "Ready", "status": "False", "lastProbeTime": None}],
        "containerStatuses": [
            {"name": "app", "state": {"running": {}}, "restartCount": 0, "imageID": "x"}
        ],
    },
}
EVENT: Object = {"kind": "Event", "metadata": {"name": "e"}, "count": 1, "lastTimestamp": "1"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (NODE, changed(NODE, "status", "conditions", 0, "lastHeartbeatTime", to="2")),
        (NODE, changed(NODE, "metadata", "resourceVersion", to="2")),
        (APPLICATION, changed(APPLICATION, "status", "reconciledAt", to="2")),
        (LEASE, changed(LEASE, "spec", "renewTime", to="2")),
        (POD, changed(POD, "status", "conditions", 0, "lastProbeTime", to="2")),
        (POD, changed(POD, "metadata", "managedFields", to=[{}])),
        (POD, changed(POD, "metadata", "annotations", to={})),
    ],
)
def test_heartbeats_and_versions_mean_nothing(before: Object, after: Object) -> None:
    assert before != after
    assert not meaningful(before, after)


def test_the_mark_that_asks_argo_cd_to_look_again_means_nothing() -> None:
    asked = {"team": "x", "argocd.argoproj.io/refresh": "hard"}

    assert not meaningful(APPLICATION, changed(APPLICATION, "metadata", "annotations", to=asked))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (NODE, changed(NODE, "status", "conditions", 0, "status", to="False")),
        (NODE, changed(NODE, "status", "images", to=[{"names": ["a"]}])),
        (APPLICATION, changed(APPLICATION, "status", "operationState", "message", to="failed")),
        (APPLICATION, changed(APPLICATION, "metadata", "annotations", to={"team": "y"})),
        (LEASE, changed(LEASE, "spec", "holderIdentity", to="b")),
        (POD, changed(POD, "metadata", "uid", to="v")),
        (POD, changed(POD, "metadata", "deletionTimestamp", to="1")),
        (POD, changed(POD, "status", "podIP", to="10.0.0.2")),
        (EVENT, changed(EVENT, "count", to=2)),
    ],
)
def test_everything_else_has_meaning(before: Object, after: Object) -> None:
    assert meaningful(before, after)
    assert meaningful(after, before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (NODE, changed(NODE, "status", "conditions", 0, "message", to="cni missing")),
        (APPLICATION, changed(APPLICATION, "status", "operationState", "phase", to="Failed")),
        (APPLICATION, changed(APPLICATION, "status", "sync", "status", to="Unknown")),
        (APPLICATION, changed(APPLICATION, "status", "health", to={"status": "Degraded"})),
        (POD, changed(POD, "status", "phase", to="Failed")),
        (POD, changed(POD, "status", "conditions", 0, "status", to="True")),
        (POD, changed(POD, "status", "containerStatuses", 0, "restartCount", to=1)),
        (POD, changed(POD, "status", "containerStatuses", 0, "state", to={"waiting": {}})),
        (POD, changed(POD, "metadata", "deletionTimestamp", to="1")),
    ],
)
def test_a_changed_phase_condition_or_container_state_is_a_turn(
    before: Object, after: Object
) -> None:
    assert is_turn(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (NODE, changed(NODE, "status", "images", to=[{"names": ["a"]}])),
        (POD, changed(POD, "status", "podIP", to="10.0.0.2")),
        (POD, changed(POD, "status", "conditions", 0, "lastProbeTime", to="2")),
        (EVENT, changed(EVENT, "count", to=2)),
    ],
)
def test_other_changes_are_no_turn(before: Object, after: Object) -> None:
    assert not is_turn(before, after)


def test_a_first_version_is_a_turn() -> None:
    assert is_turn(None, POD)


def test_objects_of_any_shape_can_be_compared() -> None:
    odd: Object = {"kind": "Odd", "status": "fine", "metadata": {"name": "o"}}

    assert not meaningful(odd, odd)
    assert not is_turn(odd, odd)
    assert not is_turn(odd, {**odd, "status": {"sync": "x"}})
    assert is_turn(odd, {**odd, "status": {"operationState": "x", "phase": "y"}})
