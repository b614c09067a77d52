from __future__ import annotations

from typing import Any

from bench.many_pods import pod, pod_name, status, status_path
from bench.observing import MARKS, arrivals
from harness.model.refs import ObjectRef
from harness.model.timeline import Cassette, Entry, EntryKind, Header


def entry(number: int, at: float, started: str) -> Entry:
    obj: dict[str, Any] = {**pod(number), "status": status(number, ready=True, started=started)}
    return Entry(at=at, kind=EntryKind.OBJECT, ref=ObjectRef.of(obj), object=obj)


def test_only_the_first_entry_of_what_was_written_counts() -> None:
    entries = (
        entry(1, 5.0, "2026-01-01T00:00:00Z"),
        entry(1, 10.2, MARKS[0]),
        entry(1, 11.0, MARKS[0]),
        entry(2, 10.9, MARKS[0]),
    )
    cassette = Cassette(header=Header(started=0.0), entries=entries)
    assert [round(s, 3) for s in arrivals(cassette, {pod_name(1): 10.0}, MARKS[0])] == [0.2]


def test_nobody_schedules_the_pods() -> None:
    assert pod(7)["spec"]["schedulerName"] == "nobody"
    assert status_path(7).endswith(f"/pods/{pod_name(7)}/status")


def test_a_status_is_ready_or_not() -> None:
    conditions = {c["type"]: c["status"] for c in status(1, ready=False)["conditions"]}
    assert conditions["PodScheduled"] == "True"
    assert conditions["Ready"] == "False"
