"""Yesterday's fault does not count while today's correction is on its way."""

from __future__ import annotations

from typing import Any

from harness.diagnosis.staleness import is_stale
from harness.model.refs import ObjectRef
from tests.diagnosis.readings import facts_at
from tests.diagnosis.world import World, container, stamp, waiting

STORE = ObjectRef("StatefulSet", "shop", "store")
OLD = "0" * 40


def world(**operation: Any) -> World:
    """A StatefulSet of an hour ago that cannot start, and the Application's operation."""
    made = World()
    made.workload("store", container("store"), kind="StatefulSet")
    created = {**made.live("StatefulSet", "store")["metadata"], "creationTimestamp": stamp(-3600)}
    made.change("StatefulSet", "store", 1, metadata=created)
    text = "container has runAsNonRoot and image will run as root"
    made.pod("store", 2, state=waiting("CreateContainerConfigError", text))
    sync = {"status": "OutOfSync", "revision": OLD}
    made.application(at=2, sync=sync, operationState={"startedAt": stamp(-60), **operation})
    return made


def result(made_at: str) -> dict[str, Any]:
    applied = {"kind": "StatefulSet", "namespace": "shop", "name": "store", "status": "Synced"}
    return {"revision": made_at, "resources": [applied]}


def test_what_an_older_operation_applied_is_stale() -> None:
    made = world(phase="Running", syncResult=result(OLD))

    assert is_stale(facts_at(made, 5), STORE)
    assert not made.diagnose(5).findings


def test_what_the_wanted_operation_applied_counts_although_it_still_runs() -> None:
    made = world(phase="Running", syncResult=result(World().revision))

    assert not is_stale(facts_at(made, 5), STORE)
    assert [f.cause for f in made.diagnose(5).findings] == ["P05"]


def test_what_the_wanted_operation_has_not_come_to_is_stale() -> None:
    made = world(phase="Running", syncResult={"revision": World().revision, "resources": []})

    assert is_stale(facts_at(made, 5), STORE)


def test_synced_at_the_wanted_commit_needs_no_operation() -> None:
    made = world(phase="Succeeded", syncResult=result(OLD))
    made.application(at=3, sync={"status": "Synced", "revision": made.revision}, operationState={})

    assert not is_stale(facts_at(made, 5), STORE)


def test_what_was_made_in_this_run_is_never_stale() -> None:
    made = World()
    made.workload("store", container("store"), kind="StatefulSet")
    made.application(at=2, sync={"status": "OutOfSync", "revision": OLD}, operationState={})

    assert not is_stale(facts_at(made, 5), STORE)


def test_without_a_wanted_commit_nothing_is_stale() -> None:
    made = world(phase="Running", syncResult=result(OLD))
    made.revision = ""

    assert not is_stale(facts_at(made, 5), STORE)
