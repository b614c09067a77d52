"""The rules of blame, with signals made by hand."""

from __future__ import annotations

from dataclasses import replace

from harness.diagnosis.blame import Blame, blame
from harness.diagnosis.fold import folded
from harness.diagnosis.signal import NEVER, T0, Signal, t1, t2
from harness.model.refs import ObjectRef
from tests.diagnosis.world import START, World, container, crashed, running, waiting

WEB = ObjectRef("Deployment", "shop", "web")
STORE = ObjectRef("Deployment", "shop", "store")
SECRET = ObjectRef("Secret", "shop", "login")


def signal(cause: str, at: ObjectRef, **fields: object) -> Signal:
    values: dict[str, object] = {
        "root": at, "seen": "x", "expected": "y", "fix": "z", "need": T0, "since": START + 5,
    }  # fmt: skip
    return Signal(cause=cause, at=at, **{**values, **fields})  # type: ignore[arg-type]


def world(*, store_ready: bool = False) -> World:
    """Web needs store; neither is ready unless told."""
    made = World()
    made.workload("web", container("web", env=[{"name": "DB_HOST", "value": "store"}]))
    made.workload("store", container("store", ports=[{"containerPort": 5432}]))
    made.service("store", 5432)
    made.pod("web", 3, state=crashed(4))
    if store_ready:
        made.ready("store", 2)
    else:
        made.pod("store", 3, state=running(3))
    return made


def judged(made: World, *signals: Signal, at: float = 60) -> Blame:
    return blame(folded(made.cassette(), START + at), signals)


def roots(found: Blame) -> set[tuple[str, ObjectRef]]:
    return {(f.cause, f.object) for f in found.roots}


def test_one_missing_object_is_one_finding_with_every_sufferer_as_victim() -> None:
    found = judged(world(), signal("S07", WEB, root=SECRET), signal("S07", STORE, root=SECRET))

    assert roots(found) == {("S07", SECRET)}
    assert found.roots[0].victims == (STORE, WEB)


def test_a_symptom_is_explained_by_a_dependency_with_a_cause_of_its_own() -> None:
    crash = signal("P01", WEB, symptom=True, last=START + 50)

    found = judged(world(), crash, signal("I01", STORE))

    assert roots(found) == {("I01", STORE)}
    assert WEB in found.roots[0].victims
    assert any("P01" in text for text in found.ruled_out)


def test_a_symptom_stands_alone_once_its_dependency_is_ready() -> None:
    crash = signal("P01", WEB, symptom=True, last=START + 50)

    assert roots(judged(world(store_ready=True), crash)) == {("P01", WEB)}


def test_a_crash_before_the_dependency_was_ready_does_not_count() -> None:
    crash = signal("P01", WEB, symptom=True, since=START + 1, last=START + 1.5)

    assert not judged(world(store_ready=True), crash).roots


def test_what_its_text_pins_is_never_explained_away() -> None:
    pinned = signal("S08", WEB, root=SECRET, by_text=True)

    found = judged(world(), pinned, signal("I01", STORE))

    assert roots(found) == {("S08", SECRET), ("I01", STORE)}


def test_two_faults_with_different_objects_are_two_findings_in_the_order_of_phases() -> None:
    found = judged(world(), signal("I01", WEB), signal("V01", STORE))

    assert [f.cause for f in found.roots] == ["V01", "I01"]


def test_the_earliest_phase_of_a_node_hides_its_later_ones() -> None:
    found = judged(world(), signal("B02", WEB), signal("I01", WEB))

    assert roots(found) == {("I01", WEB)}


def test_the_more_specific_cause_of_a_phase_wins() -> None:
    found = judged(world(), signal("P01", WEB, rank=90), signal("P14", WEB, rank=20))

    assert roots(found) == {("P14", WEB)}


def test_what_never_counts_hides_nothing_that_may() -> None:
    found = judged(world(), signal("P01", WEB, need=NEVER), signal("N05", WEB))

    assert roots(found) == {("N05", WEB)}


def test_a_fault_of_the_cluster_explains_everything_that_runs_on_it() -> None:
    node = ObjectRef("Node", "", "node-1")

    found = judged(world(), signal("C03", node), signal("I01", WEB))

    assert roots(found) == {("C03", node)}
    assert set(found.explained) >= {WEB, STORE}


def test_a_signal_that_needs_repetition_is_a_suspect_until_then() -> None:
    once = signal("I01", WEB, need=t1(2, 15), count=1)

    early = judged(world(), once)
    late = judged(world(), replace(once, count=2))

    assert not early.roots
    assert [s.cause for s in early.suspects] == ["I01"]
    assert early.suspects[0].counts_from == START + 20
    assert roots(late) == {("I01", WEB)}


def test_repetition_without_its_time_does_not_count() -> None:
    assert not judged(world(), signal("I01", WEB, need=t1(2, 15), count=5), at=10).roots


def test_no_progress_counts_from_the_last_progress() -> None:
    slow = signal("B01", WEB, need=t2(180))

    assert not judged(world(), slow, at=170).roots
    assert roots(judged(world(), slow, at=200)) == {("B01", WEB)}


def test_never_by_itself_means_never() -> None:
    found = judged(world(), signal("V10", WEB, need=NEVER), at=5000)

    assert not found.roots
    assert found.suspects[0].counts_from == 0


def test_a_node_that_is_ready_again_has_no_cause() -> None:
    made = world()
    made.ready("web", 20)

    assert not judged(made, signal("P01", WEB, last=START + 10)).roots


def test_one_image_that_nobody_has_is_one_finding_for_all_that_want_it() -> None:
    found = judged(world(), signal("I01", WEB, group="app:9"), signal("I01", STORE, group="app:9"))

    assert len(found.roots) == 1
    assert {found.roots[0].object, *found.roots[0].victims} == {WEB, STORE}


def test_a_pod_that_waits_for_its_image_shows_nothing_else() -> None:
    made = world()
    made.pod("web", 8, state=waiting("ErrImagePull", "x"))

    found = judged(made, signal("I01", WEB, not_testable=("its probes",)))

    assert found.roots[0].not_testable == ("its probes",)
