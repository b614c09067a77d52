"""What keeps a corrected repository from taking effect is found, and freed once."""

from __future__ import annotations

from typing import Any

from harness.diagnosis.fold import folded
from harness.diagnosis.jams import JamKind, jams
from harness.io.kube import KubeError
from harness.stages.unjam import Unjammer
from tests.diagnosis.world import START, World, crashed, stamp


class Api:
    def __init__(self, *, refuse: bool = False) -> None:
        self.calls: list[tuple[str, str]] = []
        self._refuse = refuse

    def merge(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self._answer("merge", path)
        return body

    def delete(self, path: str, *, grace_seconds: int | None = None) -> None:
        assert grace_seconds is None, "a pod is given its time to end"
        self._answer("delete", path)

    def _answer(self, verb: str, path: str) -> None:
        if self._refuse:
            message = "forbidden"
            raise KubeError(message, 403)
        self.calls.append((verb, path))


def old_operation(world: World, *, revision: str, phase: str = "Running") -> None:
    world.application(
        at=1,
        operationState={
            "phase": phase,
            "startedAt": stamp(1),
            "message": "waiting for healthy state of apps/Deployment/web",
            "operation": {"sync": {"revision": revision}},
        },
    )


def old_pod() -> World:
    world = World()
    world.workload("db", kind="StatefulSet")
    world.pod("db", 2, state=crashed(3), hash_="db-r0")
    return world


def found(world: World, at: float = 30) -> list[JamKind]:
    return [j.kind for j in jams(folded(world.cassette(), START + at))]


def test_a_running_operation_of_an_older_commit_is_a_jam() -> None:
    world = World()
    old_operation(world, revision="0" * 40)

    assert found(world) == [JamKind.OLD_OPERATION]
    assert found(world, at=3) == []


def test_a_running_operation_of_the_wanted_commit_is_none() -> None:
    world = World()
    old_operation(world, revision=world.revision)

    assert found(world) == []


def test_an_ended_operation_of_an_older_commit_is_none() -> None:
    world = World()
    old_operation(world, revision="0" * 40, phase="Succeeded")

    assert found(world) == []


def test_a_broken_pod_of_an_older_template_is_a_jam() -> None:
    assert found(old_pod()) == [JamKind.OLD_POD]


def test_a_ready_pod_of_an_older_template_is_a_rollout() -> None:
    world = World()
    world.workload("db", kind="StatefulSet")
    world.pod("db", 2, ready=True, hash_="db-r0")

    assert found(world) == []


def test_a_changed_job_in_the_way_is_a_jam() -> None:
    world = World()
    world.workload("seed", kind="Job")
    failed = {
        "kind": "Job", "namespace": "shop", "name": "seed", "status": "SyncFailed",
        "message": 'Job.batch "seed" is invalid: spec.template: field is immutable',
    }  # fmt: skip
    state = {"phase": "Failed", "syncResult": {"resources": [failed]}}
    world.application(at=3, operationState=state)

    assert found(world) == [JamKind.JOB_IN_THE_WAY]


def test_each_jam_is_freed_once_and_said() -> None:
    api, facts = Api(), folded(old_pod().cassette(), START + 30)
    unjammer = Unjammer(api)

    unjammer.free(facts)
    unjammer.free(facts)

    assert api.calls == [("delete", "/api/v1/namespaces/shop/pods/db-0")]
    assert "Pod shop/db-0 was deleted" in unjammer.notes[0]


def test_a_jam_that_cannot_be_freed_is_said() -> None:
    unjammer = Unjammer(Api(refuse=True))

    unjammer.free(folded(old_pod().cassette(), START + 30))

    assert "could not be freed: forbidden" in unjammer.notes[0]
