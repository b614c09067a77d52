"""Parts are built once, in order, side by side where they can, and stop together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

import pytest

from airgap.bench import Bench
from airgap.errors import BuildError, CancelledBuildError
from airgap.events import Events
from airgap.parts import Graph, Lane, Part
from airgap.scheduler import Scheduler
from airgap.store import Store

Build = Callable[[Bench], Mapping[str, object]]


class Ear(Events, Protocol):
    """The events that `conftest.Heard` keeps."""

    all: list[tuple[str, ...]]

    def parts(self, event: str) -> list[str]: ...


def write(bench: Bench) -> Mapping[str, object]:
    below = "".join((result.folder / "out").read_text() for result in bench.inputs.values())
    (bench.folder / "out").write_text(f"{below}{bench.part};")
    return {"version": bench.part}


def part(name: str, build: Build, *below: str, lane: Lane = Lane.FETCH, pin: str = "1") -> Part:
    return Part(name=name, lane=lane, build=build, depends_on=below, settings={"pin": pin})


def run(
    graph: Graph, store: Store, heard: Events, cancelled: threading.Event
) -> Mapping[str, object] | None:
    return Scheduler(graph, store, heard, cancelled).build(graph.names)


def test_a_part_is_built_after_what_it_is_built_from(
    store: Store, heard: Ear, going_on: threading.Event
) -> None:
    graph = Graph([part("low", write), part("top", write, "low")])
    assert run(graph, store, heard, going_on) is not None
    found = store.find("top", graph.keys["top"])
    assert found is not None
    assert (found.folder / "out").read_text() == "low;top;"


def test_a_second_build_builds_nothing(store: Store, heard: Ear, going_on: threading.Event) -> None:
    graph = Graph([part("low", write), part("top", write, "low")])
    run(graph, store, heard, going_on)
    heard.all.clear()
    run(graph, store, heard, going_on)
    assert heard.all == [("done", "low", "cached"), ("done", "top", "cached")]


def test_a_changed_pin_builds_its_part_and_those_above(
    store: Store, heard: Ear, going_on: threading.Event
) -> None:
    def graph(pin: str) -> Graph:
        return Graph(
            [
                part("low", write, pin=pin),
                part("other", write),
                part("top", write, "low"),
            ]
        )

    run(graph("1"), store, heard, going_on)
    heard.all.clear()
    run(graph("2"), store, heard, going_on)
    assert heard.parts("start") == ["low", "top"]


def test_lanes_work_side_by_side(store: Store, heard: Ear, going_on: threading.Event) -> None:
    meet = threading.Barrier(3, timeout=10)

    def wait_for_others(bench: Bench) -> Mapping[str, object]:
        meet.wait()
        return write(bench)

    graph = Graph(
        [
            part("compile", wait_for_others, lane=Lane.COMPILE),
            part("fetch-1", wait_for_others),
            part("fetch-2", wait_for_others),
        ]
    )
    assert run(graph, store, heard, going_on) is not None


def test_compiles_wait_for_each_other(store: Store, heard: Ear, going_on: threading.Event) -> None:
    alone = threading.Lock()

    def alone_or_fail(bench: Bench) -> Mapping[str, object]:
        assert alone.acquire(blocking=False)
        threading.Event().wait(0.05)
        alone.release()
        return write(bench)

    graph = Graph([part(f"go-{n}", alone_or_fail, lane=Lane.COMPILE) for n in range(3)])
    assert run(graph, store, heard, going_on) is not None


def test_a_failure_is_told_with_its_log_and_stops_the_rest(
    store: Store, heard: Ear, going_on: threading.Event
) -> None:
    def fail(_bench: Bench) -> Mapping[str, object]:
        msg = "The archive has no such package."
        raise BuildError(msg)

    graph = Graph([part("low", fail), part("top", write, "low")])
    assert run(graph, store, heard, going_on) is None
    assert heard.parts("start") == ["low"]
    log = store.log_of("low", graph.keys["low"])
    expected = f"The archive has no such package. The whole output is in {log}."
    assert heard.all[-1] == ("failed", "low", expected)
    assert not list((store.root / "parts").glob("*/.*"))


def test_a_mistake_of_a_builder_ends_the_build_as_a_failure(
    store: Store, heard: Ear, going_on: threading.Event
) -> None:
    def mistaken(bench: Bench) -> Mapping[str, object]:
        return {"version": bench.text("absent")}

    assert run(Graph([part("low", mistaken)]), store, heard, going_on) is None
    assert "KeyError" in heard.all[-1][2]


def test_what_is_finished_before_a_failure_is_kept(
    store: Store, heard: Ear, going_on: threading.Event
) -> None:
    broken = True

    def fail_once(bench: Bench) -> Mapping[str, object]:
        if broken:
            msg = "Not yet."
            raise BuildError(msg)
        return write(bench)

    graph = Graph([part("low", write), part("top", fail_once, "low")])
    assert run(graph, store, heard, going_on) is None
    broken = False
    heard.all.clear()
    assert run(graph, store, heard, going_on) is not None
    assert heard.parts("start") == ["top"]


def test_a_cancelled_build_leaves_no_draft(store: Store, heard: Ear) -> None:
    cancelled = threading.Event()

    def be_cancelled(bench: Bench) -> Mapping[str, object]:
        (bench.folder / "half").write_text("half")
        cancelled.set()
        assert bench.cancelled.wait(10)
        raise CancelledBuildError

    with pytest.raises(CancelledBuildError):
        run(Graph([part("low", be_cancelled)]), store, heard, cancelled)
    assert not list((store.root / "parts").glob("*/.*"))
    assert heard.parts("failed") == []


def test_two_builds_at_once_build_a_part_once(store: Store, heard: Ear) -> None:
    built: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def slowly(bench: Bench) -> Mapping[str, object]:
        built.append(bench.part)
        begun.set()
        assert go_on.wait(10)
        return write(bench)

    graph = Graph([part("low", slowly)])
    results: list[object] = []
    builds = [
        threading.Thread(target=lambda: results.append(run(graph, store, heard, threading.Event())))
        for _ in range(2)
    ]
    for build in builds:
        build.start()
    assert begun.wait(10)
    threading.Event().wait(0.3)
    go_on.set()
    for build in builds:
        build.join(10)
    assert built == ["low"]
    assert None not in results
    assert sorted(heard.parts("done")) == ["low", "low"]
