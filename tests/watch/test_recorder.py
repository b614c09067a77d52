from __future__ import annotations

import base64
import json
import threading
from typing import Any

import pytest

from harness.model.refs import ObjectRef
from harness.model.timeline import Entry, EntryKind
from harness.watch.objects import Change
from harness.watch.recorder import Recorder
from harness.watch.redacted import HIDDEN

POD = ObjectRef("Pod", "dev", "a")
Object = dict[str, Any]


class Ticking:
    """One second later at every look."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


def recorder(**more: Any) -> Recorder:
    return Recorder(salt=b"salt", now=Ticking(), **more)


def pod(version: int, *, phase: str = "Pending", uid: str = "u", name: str = "a") -> Change:
    meta = {"name": name, "namespace": "dev", "resourceVersion": str(version), "uid": uid}
    obj = {"metadata": meta, "status": {"phase": phase, "podIP": f"10.0.0.{version}"}}
    return Change(kind=EntryKind.OBJECT, ref=ObjectRef("Pod", "dev", name), object=obj)


def event(version: int, *, name: str = "e", count: int = 1) -> Change:
    meta = {"name": name, "namespace": "dev", "resourceVersion": str(version), "uid": name}
    return Change(
        kind=EntryKind.OBJECT,
        ref=ObjectRef("Event", "dev", name),
        object={"metadata": meta, "count": count},
    )


def log(text: str, *, at: float = 1.0, restarts: int = 0) -> Entry:
    return Entry(at=at, kind=EntryKind.LOG, ref=POD, container="app", text=text, restarts=restarts)


def versions(found: Recorder, ref: ObjectRef = POD) -> list[int]:
    objects = [e.object for e in found.entries() if e.ref == ref and e.object is not None]
    return [int(o["metadata"]["resourceVersion"]) for o in objects]


def test_changes_become_entries_in_order_with_their_times() -> None:
    found = recorder()
    found.changed(pod(1))
    found.changed(Change(kind=EntryKind.LISTED, ref=ObjectRef("Pod", "dev", "")))
    found.changed(Change(kind=EntryKind.GONE, ref=POD))

    entries = found.entries()
    assert [(e.at, e.kind.value) for e in entries] == [(1, "object"), (2, "listed"), (3, "gone")]
    assert entries[0].object is not None
    assert entries[0].object["kind"] == "Pod"


def test_a_version_without_meaning_is_not_recorded_twice() -> None:
    found, told = recorder(), list[Entry]()
    found.subscribe(told.append)
    same = pod(1)
    assert same.object is not None
    later = {**same.object, "metadata": {**same.object["metadata"], "resourceVersion": "2"}}

    found.changed(same)
    found.changed(Change(kind=EntryKind.OBJECT, ref=POD, object=later))

    assert len(found.entries()) == len(told) == 1


def test_an_object_that_comes_back_is_recorded_again() -> None:
    found = recorder()
    found.changed(pod(1))
    found.changed(Change(kind=EntryKind.GONE, ref=POD))
    found.changed(pod(1))

    assert [e.kind.value for e in found.entries()] == ["object", "gone", "object"]


def test_what_was_recorded_cannot_be_changed_from_outside() -> None:
    found, change = recorder(), pod(1)
    found.changed(change)
    assert change.object is not None
    change.object["status"]["phase"] = "Failed"

    recorded = found.entries()[0].object
    assert recorded is not None
    assert recorded["status"]["phase"] == "Pending"


def test_no_secret_value_is_in_any_entry() -> None:
    encoded = base64.b64encode(b"hunter22").decode()
    env = [{"name": "DB_PASSWORD", "value": "hunter22"}, {"name": "GREETING", "value": "known99"}]
    env.append({"name": "DB_URL", "value": "postgresql://app:hunter22@db/x"})
    objects: list[tuple[str, Object]] = [
        ("Secret", {"type": "Opaque", "data": {"a": encoded}, "stringData": {"b": "hunter22"}}),
        ("Deployment", {"spec": {"template": {"spec": {"containers": [{"env": env}]}}}}),
        ("ConfigMap", {"data": {"PASSWORD": "hunter22", "b.ini": "password = hunter22", "c": "x"}}),
        ("Event", {"message": "refused: amqp://u:hunter22@mq said known99"}),
    ]
    found, told = recorder(mask=lambda text: text.replace("known99", "****")), list[Entry]()
    found.subscribe(told.append)

    for kind, obj in objects:
        annotation = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(obj)}
        meta = {"name": "x", "namespace": "dev", "annotations": annotation}
        ref = ObjectRef(kind, "dev", "x")
        found.changed(Change(kind=EntryKind.OBJECT, ref=ref, object={**obj, "metadata": meta}))
    found.take(log("connecting to amqp://u:hunter22@mq as known99"))

    for entries in (found.entries(), told):
        assert len(entries) == 5
        text = repr(entries)
        assert HIDDEN in text
        assert not any(value in text for value in ("hunter22", encoded, "known99"))


def test_of_an_event_the_first_and_the_newest_version_are_kept() -> None:
    found, told = recorder(), list[Entry]()
    found.subscribe(told.append)
    for count in (1, 2, 3, 4):
        found.changed(event(count, count=count))
    found.changed(event(9, name="other"))

    assert versions(found, ObjectRef("Event", "dev", "e")) == [1, 4]
    assert len(told) == 5


def test_an_event_that_the_server_forgets_still_happened() -> None:
    found = recorder()
    found.changed(event(1))
    found.changed(Change(kind=EntryKind.GONE, ref=ObjectRef("Event", "dev", "e")))

    assert [e.kind.value for e in found.entries()] == ["object"]


def test_a_full_recording_drops_versions_between_others_first() -> None:
    found = recorder(max_entries=20)
    for version in range(1, 60):
        found.changed(pod(version, phase="Running" if version >= 30 else "Pending"))

    kept = versions(found)
    assert len(found.entries()) <= 20
    assert kept[0] == 1
    assert kept[-1] == 59
    assert 30 in kept  # the phase turned here
    assert found.dropped == 59 - len(kept)


def test_turns_are_kept_beyond_the_limit_and_not_without_end() -> None:
    found = recorder(max_entries=20)
    for version in range(1, 31):
        found.changed(pod(version, phase=f"phase {version}"))
    assert len(versions(found)) == 30

    for version in range(31, 1000):
        found.changed(pod(version, phase=f"phase {version}"))

    kept = versions(found)
    assert len(kept) <= 45
    assert (kept[0], kept[-1]) == (1, 999)


def test_of_a_log_the_first_and_the_last_reading_stay() -> None:
    found = recorder(max_entries=10)
    for number in range(100):
        found.take(log(f"text {number}"))

    texts = [e.text for e in found.entries()]
    assert len(texts) <= 10
    assert (texts[0], texts[-1]) == ("text 0", "text 99")


def test_versions_without_a_turn_go_before_logs() -> None:
    found = recorder(max_entries=30)
    for number in range(15):
        found.take(log(f"text {number}"))
    for version in range(1, 40):
        found.changed(pod(version))

    assert len([e for e in found.entries() if e.kind is EntryKind.LOG]) == 15


def test_bytes_are_bounded_as_well() -> None:
    found = recorder(max_bytes=100_000)
    for number in range(100):
        found.take(log(f"{number} " + "x" * 8000))

    assert sum(len(e.text) for e in found.entries()) <= 100_000


def test_objects_that_are_gone_are_dropped_when_nothing_else_helps() -> None:
    found = recorder(max_entries=20)
    found.changed(Change(kind=EntryKind.LISTED, ref=ObjectRef("Pod", "dev", "")))
    found.changed(pod(1, name="stays"))
    for number in range(200):
        name = f"job-{number}"
        found.changed(pod(1, name=name, uid=name))
        found.changed(Change(kind=EntryKind.GONE, ref=ObjectRef("Pod", "dev", name)))

    entries = found.entries()
    assert len(entries) <= 45
    assert entries[0].kind is EntryKind.LISTED
    assert "stays" in {e.ref.name for e in entries}
    assert entries[-1].ref.name == "job-199"


def test_what_exists_stays_however_much_it_is() -> None:
    found = recorder(max_entries=20)
    for number in range(100):
        found.changed(pod(1, name=f"p{number}", uid=f"p{number}"))

    assert len(found.entries()) == 100


def test_a_subscriber_is_told_of_what_was_before_it_came() -> None:
    found, told = recorder(), list[Entry]()
    found.changed(pod(1))
    found.subscribe(told.append)
    found.changed(pod(2))

    assert tuple(told) == found.entries()


def test_a_subscriber_may_record_and_read_and_nothing_is_told_inside_another_telling() -> None:
    found, told = recorder(), list[str]()

    def follow(entry: Entry) -> None:
        told.append(f"begin {entry.kind.value}")
        if entry.kind is EntryKind.OBJECT:
            found.take(log("boom"))
            assert len(found.entries()) == 2
        told.append(f"end {entry.kind.value}")

    found.subscribe(follow)
    found.changed(pod(1))

    assert told == ["begin object", "end object", "begin log", "end log"]


def test_a_subscriber_that_fails_is_heard_of_and_told_of_the_next_entry() -> None:
    found, told = recorder(), list[float]()

    def fail(entry: Entry) -> None:
        told.append(entry.at)
        if entry.at < 2:
            raise RuntimeError(entry.at)

    found.subscribe(fail)
    with pytest.raises(RuntimeError):
        found.changed(pod(1))
    found.changed(pod(2))

    assert told == [1.0, 2.0]
    assert len(found.entries()) == 2


def test_many_threads_record_everything_and_a_subscriber_sees_the_recorded_order() -> None:
    found, told = recorder(), list[Entry]()
    found.subscribe(told.append)

    def record(number: int) -> None:
        for version in range(1, 51):
            found.changed(pod(version, name=f"p{number}", uid=f"p{number}"))

    threads = [threading.Thread(target=record, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(told) == 200
    assert tuple(told) == found.entries()
    for number in range(4):
        assert versions(found, ObjectRef("Pod", "dev", f"p{number}")) == list(range(1, 51))
