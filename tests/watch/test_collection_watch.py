from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from harness.io.kube import KubeError
from harness.watch.collection_watch import (
    FAILURES_BEFORE_LISTING,
    MAX_RETRY_SECONDS,
    CollectionWatch,
    Event,
    Listing,
    Observation,
    Refusal,
    Trouble,
    _pause_seconds,
)

OVER = "the script is over"
PATH = "/api/v1/namespaces/dev/pods"


def pod(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "dev", "resourceVersion": str(version)}}


def page(*pods: dict[str, Any], version: int = 10, rest: str = "") -> dict[str, Any]:
    return {"items": list(pods), "metadata": {"resourceVersion": str(version), "continue": rest}}


class Stopped(threading.Event):
    """Is set once the script is over; waiting only notes how long."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.pauses.append(timeout)
        return self.is_set()


class ScriptedApi:
    """Answers from a script, errors are raised; at its end it sets `stopped`."""

    def __init__(self, lists: list[Any], watches: list[list[Any]], stopped: Stopped) -> None:
        self.lists, self.watches, self.stopped = lists, watches, stopped
        self.asked: list[str] = []
        self.queries: list[dict[str, str]] = []

    def get(self, path: str, **query: str) -> dict[str, Any]:
        assert path == PATH
        self.queries.append(query)
        self.asked.append("list")
        if not self.lists:
            self.stopped.set()
            raise KubeError(OVER)
        found = self.lists.pop(0)
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, dict)
        return found

    def watch(
        self, path: str, resource_version: str, *, seconds: int = 240
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        assert path == PATH
        assert seconds > 0
        self.asked.append(resource_version)
        if not self.watches:
            self.stopped.set()
            return
        for event in self.watches.pop(0):
            if isinstance(event, Exception):
                raise event
            yield event


def observe(lists: list[Any], watches: list[list[Any]]) -> tuple[list[Observation], ScriptedApi]:
    stopped = Stopped()
    api = ScriptedApi(lists, watches, stopped)
    watch = CollectionWatch(api, "Pod", "dev", stopped)
    return list(watch.observations()), api


def test_a_connection_that_breaks_in_the_middle_resumes_at_the_last_event() -> None:
    broken = [("ADDED", pod("a", 11)), KubeError("reset by peer")]

    seen, api = observe([page()], [broken, [("MODIFIED", pod("a", 12))]])

    assert api.asked == ["list", "10", "11", "12"]
    assert [s.change for s in seen if isinstance(s, Event)] == ["ADDED", "MODIFIED"]
    assert Trouble("reset by peer") in seen


def test_a_bookmark_moves_the_version_and_is_no_event() -> None:
    seen, api = observe([page()], [[("BOOKMARK", pod("", 30))]])

    assert api.asked == ["list", "10", "30"]
    assert not [s for s in seen if isinstance(s, Event)]


def test_an_event_out_of_order_does_not_set_the_version_back() -> None:
    _, api = observe([page()], [[("ADDED", pod("a", 20)), ("MODIFIED", pod("b", 15))]])

    assert api.asked == ["list", "10", "20"]


def test_an_expired_version_is_listed_anew() -> None:
    seen, api = observe([page(), page(version=50)], [[KubeError("too old", 410)]])

    assert api.asked == ["list", "10", "list", "50"]
    assert [s.version for s in seen if isinstance(s, Listing)] == ["10", "50"]


@pytest.mark.parametrize("status", [400, 404, 504])
def test_a_watch_refused_for_another_reason_is_listed_anew(status: int) -> None:
    _, api = observe([page(), page(version=50)], [[KubeError("no", status)]])

    assert api.asked == ["list", "10", "list", "50"]


@pytest.mark.parametrize("damaged", [("ADDED", {"metadata": None}), KeyError("type")])
def test_after_a_damaged_event_everything_is_listed_anew(damaged: Any) -> None:
    seen, api = observe([page(), page(version=50)], [[damaged]])

    assert api.asked == ["list", "10", "list", "50"]
    assert [type(s).__name__ for s in seen] == ["Listing", "Trouble", "Listing"]


def test_after_several_failures_in_a_row_everything_is_listed_anew() -> None:
    failing: list[list[Any]] = [[KubeError("no answer")]] * FAILURES_BEFORE_LISTING

    _, api = observe([page(), page(version=50)], failing)

    assert api.asked == ["list", *["10"] * FAILURES_BEFORE_LISTING, "list", "50"]


def test_pauses_grow_up_to_ten_seconds_and_begin_anew_after_an_event() -> None:
    failing: list[list[Any]] = [[KubeError("no answer")]] * 3
    failing += [[("ADDED", pod("a", 11)), KubeError("no answer")]]

    _, api = observe([page()], failing)

    assert api.stopped.pauses[:4] == [0.5, 1.0, 2.0, 0.5]
    assert max(_pause_seconds(n) for n in range(2000)) == MAX_RETRY_SECONDS == 10.0


def test_a_watch_that_ends_at_once_is_not_asked_without_pause() -> None:
    _, api = observe([page()], [[], []])

    assert api.stopped.pauses[:2] == [0.5, 0.5]


def test_a_kind_that_is_not_served_is_an_empty_listing_and_tried_again() -> None:
    missing = KubeError("the server could not find the requested resource", 404)

    seen, api = observe([missing, missing, page(pod("a", 9))], [])

    listings = [s for s in seen if isinstance(s, Listing)]
    assert [(len(s.objects), s.version) for s in listings] == [(0, ""), (0, ""), (1, "10")]
    assert api.asked == ["list", "list", "list", "10"]
    assert api.stopped.pauses[:2] == [0.5, 0.5]


def test_no_answer_is_not_an_empty_listing() -> None:
    seen, _ = observe([KubeError("connection refused"), page()], [])

    assert [type(s).__name__ for s in seen] == ["Trouble", "Listing"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_listing_is_said_and_tried_again_with_growing_pauses(status: int) -> None:
    refused = KubeError("pods is forbidden", status)

    seen, api = observe([refused, refused, page()], [])

    assert seen[:2] == [Refusal("pods is forbidden")] * 2
    assert isinstance(seen[2], Listing)
    assert api.stopped.pauses[:2] == [0.5, 1.0]


def test_where_only_watching_is_refused_the_listing_is_repeated_with_growing_pauses() -> None:
    refused: list[list[Any]] = [[KubeError("cannot watch", 403)]] * 3

    seen, api = observe([page(), page(), page(), page()], refused)

    assert api.asked[:6] == ["list", "10", "list", "10", "list", "10"]
    assert not [s for s in seen if isinstance(s, Refusal)]
    assert api.stopped.pauses[:3] == [0.5, 1.0, 2.0]


def test_a_long_listing_is_read_in_pages() -> None:
    pages = [page(pod("a", 1), rest="next"), page(pod("b", 2))]

    seen, api = observe(pages, [])

    listing = seen[0]
    assert isinstance(listing, Listing)
    assert [o["metadata"]["name"] for o in listing.objects] == ["a", "b"]
    assert [q.get("continue", "") for q in api.queries] == ["", "next"]
    assert {q["limit"] for q in api.queries} == {"500"}


def test_a_stream_opened_while_leaving_is_closed() -> None:
    stopped = threading.Event()
    closed: list[bool] = []

    class Stream:
        def __iter__(self) -> Stream:
            return self

        def __next__(self) -> tuple[str, dict[str, Any]]:
            assert closed, "would block for ever"
            raise StopIteration

        def close(self) -> None:
            closed.append(True)

    class LeavingApi:
        def get(self, path: str, **query: str) -> dict[str, Any]:
            assert (path, query["limit"]) == (PATH, "500")
            return page()

        def watch(self, path: str, resource_version: str, *, seconds: int = 240) -> Stream:
            assert (path, resource_version, seconds) == (PATH, "10", 240)
            stopped.set()
            return Stream()

    list(CollectionWatch(LeavingApi(), "Pod", "dev", stopped).observations())

    assert closed
