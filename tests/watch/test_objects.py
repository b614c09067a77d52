from __future__ import annotations

from typing import Any

from harness.model.refs import ObjectRef
from harness.model.timeline import EntryKind
from harness.watch import objects
from harness.watch.objects import Change, ObjectStore, is_newer

A = ObjectRef("Pod", "dev", "a")


def pod(name: str, version: int, *, uid: str = "", namespace: str = "dev") -> dict[str, Any]:
    meta = {"name": name, "namespace": namespace, "resourceVersion": str(version), "uid": uid}
    return {"metadata": meta}


def version(store: ObjectStore, ref: ObjectRef = A) -> str:
    found = store.find(ref)
    return "" if found is None else str(found["metadata"]["resourceVersion"])


def told(changes: list[Change]) -> list[tuple[str, str]]:
    return [(change.kind.value, change.ref.name) for change in changes]


def test_versions_are_compared_as_numbers() -> None:
    assert is_newer("10", "9")
    assert not is_newer("9", "10")
    assert not is_newer("9", "9")


def test_versions_that_are_no_numbers_need_only_differ() -> None:
    assert is_newer("a", "b")
    assert not is_newer("a", "a")


def test_a_delayed_duplicate_changes_nothing() -> None:
    store = ObjectStore()
    store.take("Pod", "ADDED", pod("a", 5))

    assert store.take("Pod", "MODIFIED", pod("a", 5)) is None
    assert store.take("Pod", "MODIFIED", pod("a", 4)) is None
    assert version(store) == "5"


def test_reordered_versions_end_at_the_newest() -> None:
    store = ObjectStore()
    for number in (7, 5, 9, 8, 6):
        store.take("Pod", "MODIFIED", pod("a", number))

    assert version(store) == "9"


def test_the_deleted_stays_deleted_when_an_older_version_comes_late() -> None:
    store = ObjectStore()
    store.take("Pod", "ADDED", pod("a", 5, uid="1"))
    gone = store.take("Pod", "DELETED", pod("a", 8, uid="1"))

    assert gone == Change(kind=EntryKind.GONE, ref=A)
    assert store.take("Pod", "MODIFIED", pod("a", 7, uid="1")) is None
    assert store.take("Pod", "MODIFIED", pod("a", 6)) is None
    assert store.find(A) is None


def test_the_same_life_does_not_begin_again() -> None:
    store = ObjectStore()
    store.take("Pod", "ADDED", pod("a", 5, uid="1"))
    store.take("Pod", "DELETED", pod("a", 8, uid="1"))

    assert store.take("Pod", "MODIFIED", pod("a", 9, uid="1")) is None


def test_a_successor_of_the_same_name_is_taken() -> None:
    store = ObjectStore()
    store.take("Pod", "ADDED", pod("a", 5, uid="1"))
    store.take("Pod", "DELETED", pod("a", 8, uid="1"))

    change = store.take("Pod", "ADDED", pod("a", 9, uid="2"))

    assert change is not None
    assert change.kind is EntryKind.OBJECT
    assert version(store) == "9"


def test_a_late_deletion_does_not_hit_the_successor() -> None:
    store = ObjectStore()
    store.take("Pod", "ADDED", pod("a", 9, uid="2"))

    assert store.take("Pod", "DELETED", pod("a", 8, uid="1")) is None
    assert version(store) == "9"


def test_a_deletion_counts_once() -> None:
    store = ObjectStore()
    store.take("Pod", "ADDED", pod("a", 5))

    assert store.take("Pod", "DELETED", pod("a", 6)) is not None
    assert store.take("Pod", "DELETED", pod("a", 6)) is None


def test_a_listing_tells_only_what_differs() -> None:
    store = ObjectStore()
    store.replace("Pod", "dev", [pod("a", 5), pod("b", 5), pod("c", 5)], "10")

    changes = store.replace("Pod", "dev", [pod("a", 5), pod("b", 15), pod("d", 16)], "20")

    assert told(changes) == [("gone", "c"), ("object", "b"), ("object", "d")]


def test_a_listing_of_one_namespace_leaves_the_others_alone() -> None:
    store = ObjectStore()
    store.replace("Pod", "dev", [pod("a", 5)], "10")
    store.replace("Pod", "prod", [pod("x", 5, namespace="prod")], "10")

    assert told(store.replace("Pod", "prod", [], "20")) == [("gone", "x")]
    assert version(store) == "5"


def test_an_event_from_before_the_listing_that_missed_the_object_is_late() -> None:
    store = ObjectStore()
    store.replace("Pod", "dev", [pod("a", 5)], "10")
    store.replace("Pod", "dev", [], "20")

    assert store.take("Pod", "MODIFIED", pod("a", 15)) is None
    assert store.take("Pod", "ADDED", pod("a", 21)) is not None


def test_a_listing_recognises_a_successor_of_the_same_version() -> None:
    store = ObjectStore()
    store.replace("Pod", "dev", [pod("a", 5, uid="1")], "10")

    assert told(store.replace("Pod", "dev", [pod("a", 5, uid="2")], "20")) == [("object", "a")]


def test_the_deletions_remembered_are_bounded() -> None:
    store = ObjectStore()
    for number in range(objects.REMEMBERED_DELETIONS + 50):
        store.take("Pod", "ADDED", pod(f"p{number}", 1))
        store.take("Pod", "DELETED", pod(f"p{number}", 2))

    assert len(store._deleted) == objects.REMEMBERED_DELETIONS


def test_objects_are_held_without_managed_fields_and_the_copy_of_what_was_applied() -> None:
    store = ObjectStore()
    obj = pod("a", 5)
    obj["metadata"]["managedFields"] = [{"manager": "x"}]
    obj["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "team": "a",
    }

    store.take("Pod", "ADDED", obj)

    held = store.find(A)
    assert held is not None
    assert held["metadata"]["annotations"] == {"team": "a"}
    assert "managedFields" not in held["metadata"]
    assert held["kind"] == "Pod"


def test_objects_of_other_namespaces_are_left_out() -> None:
    store = ObjectStore(["dev"])
    store.replace("Pod", "", [pod("a", 5), pod("x", 5, namespace="prod")], "10")
    store.take("Pod", "ADDED", pod("y", 11, namespace="prod"))
    store.replace("Node", "", [pod("n", 5, namespace="")], "10")

    assert [o["metadata"]["name"] for o in store.all("Pod")] == ["a"]
    assert len(store.all("Node")) == 1


def test_a_filtered_listing_makes_absence_a_fact_in_the_kept_namespaces_only() -> None:
    store = ObjectStore(["dev", "data"])

    assert [c.ref for c in store.listed("Pod", "")] == [
        ObjectRef("Pod", "data", ""),
        ObjectRef("Pod", "dev", ""),
    ]
    assert [c.ref for c in store.listed("Node", "")] == [ObjectRef("Node", "", "")]


def test_objects_are_found_by_kind_and_namespace() -> None:
    store = ObjectStore()
    store.replace("Pod", "", [pod("a", 1), pod("b", 1, namespace="prod")], "10")
    store.replace("Job", "", [pod("c", 1)], "10")

    assert [o["metadata"]["name"] for o in store.all("Pod")] == ["a", "b"]
    assert [o["metadata"]["name"] for o in store.all("Pod", "prod")] == ["b"]
    assert store.all("Secret") == []
