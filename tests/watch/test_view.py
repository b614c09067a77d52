from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from harness.io.kube import KubeError
from harness.model.refs import ObjectRef
from harness.model.timeline import EntryKind
from harness.watch import collection_watch
from harness.watch.view import Change, ClusterView

REF = ObjectRef("Pod", "dev", "a")
FORBIDDEN = "secrets is forbidden"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection_watch, "RETRY_SECONDS", 0.01)


def _pod(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "dev", "resourceVersion": str(version)}}


class ScriptedApi:
    """Answers lists and watches from a script; after its end a watch blocks until closed."""

    def __init__(self, lists: list[Any], watches: list[Any]) -> None:
        self.lists, self.watches = lists, watches
        self.asked: list[str] = []
        self.closed = threading.Event()

    def get(self, path: str, **_: str) -> dict[str, Any]:
        assert path == "/api/v1/namespaces/dev/pods"
        found = self.lists.pop(0)
        if isinstance(found, KubeError):
            raise found
        return {"items": found, "metadata": {"resourceVersion": "10"}}

    def watch(
        self, path: str, resource_version: str, *, seconds: int = 240
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        assert path == "/api/v1/namespaces/dev/pods"
        assert seconds > 0
        self.asked.append(resource_version)
        if not self.watches:
            self.closed.wait(5)
            return
        for event in self.watches.pop(0):
            if isinstance(event, KubeError):
                raise event
            yield event


def _wait(view: ClusterView, goal: Any) -> None:
    deadline = time.monotonic() + 5
    while not goal() and time.monotonic() < deadline:
        view.wait_for_change(-1, 0.01)
        time.sleep(0.005)
    assert goal()


def test_a_watch_resumes_at_the_last_version_it_saw() -> None:
    api = ScriptedApi([[_pod("a", 5)]], [[("MODIFIED", _pod("a", 11))], [("ADDED", _pod("b", 12))]])

    with ClusterView(api, [("Pod", "dev")]) as view:
        _wait(view, lambda: len(view.all("Pod")) == 2 and len(api.asked) == 3)
        api.closed.set()

    assert api.asked == ["10", "11", "12"]


def test_an_expired_version_is_listed_anew_and_the_gone_are_dropped() -> None:
    gone = KubeError("too old", 410)
    api = ScriptedApi([[_pod("a", 5), _pod("b", 5)], [_pod("b", 20)]], [[gone]])

    with ClusterView(api, [("Pod", "dev")]) as view:
        _wait(view, lambda: view.complete and view.find(REF) is None)
        api.closed.set()

    assert [o["metadata"]["name"] for o in view.all("Pod")] == ["b"]


def test_a_deleted_object_is_gone_and_a_bookmark_is_no_object() -> None:
    bookmark = ("BOOKMARK", {"metadata": {"resourceVersion": "15"}})
    api = ScriptedApi([[_pod("a", 5)]], [[bookmark, ("DELETED", _pod("a", 16))]])

    with ClusterView(api, [("Pod", "dev")]) as view:
        _wait(view, lambda: view.complete and not view.all("Pod"))
        api.closed.set()


def test_a_refused_list_is_tried_again_and_the_view_is_not_complete_before() -> None:
    api = ScriptedApi([KubeError("no answer"), [_pod("a", 5)]], [])

    with ClusterView(api, [("Pod", "dev")]) as view:
        assert not view.complete
        _wait(view, lambda: view.complete)
        api.closed.set()

    assert view.last_error == "no answer"


def _told(changes: list[Change]) -> list[tuple[str, str]]:
    return [(change.kind.value, change.ref.name) for change in changes]


def test_a_listener_is_told_of_every_change_in_order_and_once() -> None:
    gone = KubeError("too old", 410)
    lists = [[_pod("a", 5), _pod("b", 5)], [_pod("b", 5), _pod("c", 21)]]
    api = ScriptedApi(lists, [[("MODIFIED", _pod("a", 11)), ("MODIFIED", _pod("a", 11)), gone]])
    changes: list[Change] = []

    with ClusterView(api, [("Pod", "dev")], changes.append) as view:
        _wait(view, lambda: len(changes) >= 6)
        api.closed.set()

    assert _told(changes) == [
        ("object", "a"),
        ("object", "b"),
        ("listed", ""),
        ("object", "a"),
        ("gone", "a"),
        ("object", "c"),
    ]


def test_a_listener_may_look_at_the_view_and_sees_the_change() -> None:
    api = ScriptedApi([[_pod("a", 5)]], [])
    seen: list[bool] = []
    views: list[ClusterView] = []

    def look(change: Change) -> None:
        if change.kind is EntryKind.OBJECT:
            seen.append(views[0].find(change.ref) is not None)

    views.append(ClusterView(api, [("Pod", "dev")], look))
    with views[0] as view:
        _wait(view, lambda: bool(seen))
        api.closed.set()

    assert seen == [True]


def test_a_listener_that_fails_does_not_end_the_watch() -> None:
    api = ScriptedApi([[_pod("a", 5)]], [[("ADDED", _pod("b", 11))]])

    def fail(change: Change) -> None:
        message = f"no place for {change.ref.name}"
        raise RuntimeError(message)

    with ClusterView(api, [("Pod", "dev")], fail) as view:
        _wait(view, lambda: len(view.all("Pod")) == 2 and "no place for b" in view.last_error)
        api.closed.set()


class ForbiddenSecrets(ScriptedApi):
    """Lists pods; secrets may not be listed until somebody allows it."""

    def __init__(self) -> None:
        super().__init__([[_pod("a", 5)]], [])
        self.allowed = False

    def get(self, path: str, **query: str) -> dict[str, Any]:
        if not path.endswith("/secrets"):
            return super().get(path, **query)
        if self.allowed:
            return {"items": [], "metadata": {"resourceVersion": "10"}}
        raise KubeError(FORBIDDEN, 403)

    def watch(
        self, path: str, resource_version: str, *, seconds: int = 240
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        return super().watch(path.replace("secrets", "pods"), resource_version, seconds=seconds)


def test_a_view_is_complete_without_what_it_may_not_list_and_claims_nothing_about_it() -> None:
    api = ForbiddenSecrets()
    changes: list[Change] = []

    with ClusterView(api, [("Pod", "dev"), ("Secret", "dev")], changes.append) as view:
        _wait(view, lambda: view.complete and len(changes) == 2)
        api.closed.set()

    assert view.refused == {("Secret", "dev")}
    assert [c.ref.kind for c in changes if c.kind is EntryKind.LISTED] == ["Pod"]


def test_what_may_be_listed_later_is_no_longer_refused() -> None:
    api = ForbiddenSecrets()
    changes: list[Change] = []

    with ClusterView(api, [("Pod", "dev"), ("Secret", "dev")], changes.append) as view:
        _wait(view, lambda: bool(view.refused))
        api.allowed = True
        _wait(view, lambda: not view.refused)
        api.closed.set()

    assert ObjectRef("Secret", "dev", "") in {c.ref for c in changes}


def test_a_kind_that_is_not_served_counts_as_listed_and_comes_later() -> None:
    api = ScriptedApi([KubeError("not found", 404), [_pod("a", 5)]], [])
    changes: list[Change] = []

    with ClusterView(api, [("Pod", "dev")], changes.append) as view:
        _wait(view, lambda: len(changes) == 2)
        api.closed.set()

    assert _told(changes) == [("listed", ""), ("object", "a")]


def test_overlapping_targets_are_watched_once() -> None:
    view = ClusterView(
        ScriptedApi([], []), [("Pod", "dev"), ("Pod", ""), ("Job", "dev"), ("Job", "dev")]
    )

    assert view._targets == (("Pod", ""), ("Job", "dev"))


class EndlessStream:
    """Blocks until it is closed, as a quiet watch does."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.closed = threading.Event()

    def __iter__(self) -> EndlessStream:
        return self

    def __next__(self) -> tuple[str, dict[str, Any]]:
        self.opened.set()
        assert self.closed.wait(5), "nobody closed the stream"
        raise StopIteration

    def close(self) -> None:
        self.closed.set()


class QuietApi:
    """Lists nothing and then has nothing to tell."""

    def __init__(self) -> None:
        self.stream = EndlessStream()

    def get(self, path: str, **query: str) -> dict[str, Any]:
        assert path.endswith("/pods")
        assert set(query) <= {"limit", "continue"}
        return {"metadata": {"resourceVersion": "10"}}

    def watch(self, path: str, resource_version: str, *, seconds: int = 240) -> EndlessStream:
        assert path.endswith("/pods")
        assert (resource_version, seconds) == ("10", 240)
        return self.stream


def test_leaving_ends_the_threads_at_once() -> None:
    api = QuietApi()

    with ClusterView(api, [("Pod", "dev")]) as view:
        assert api.stream.opened.wait(5)
        begun = time.monotonic()

    assert time.monotonic() - begun < 1
    assert not any(thread.is_alive() for thread in view._threads)


def test_looking_for_one_kind_does_not_visit_the_others() -> None:
    view = ClusterView(ScriptedApi([], []), [("Pod", "")])
    pods = [_pod(f"p{n}", 1) for n in range(5000)]
    view._store.replace("Pod", "", pods, "10")
    job = {"metadata": {"name": "j", "namespace": "dev", "resourceVersion": "1"}}
    view._store.replace("Job", "", [job], "10")

    begun = time.perf_counter()
    for _ in range(1000):
        assert len(view.all("Job", "dev")) == 1
    assert time.perf_counter() - begun < 0.5
