from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from harness.io.kube import KubeError
from harness.model.refs import ObjectRef
from harness.watch.view import ClusterView

REF = ObjectRef("Pod", "dev", "a")


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
