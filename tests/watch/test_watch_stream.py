from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from typing import Any, cast

import pytest
import urllib3

from harness.io.kube import KubeError, WatchStream

RELEASED = "the connection was released"


class Response:
    """A response whose chunks are put from outside; `None` ends it, an error is raised."""

    def __init__(self) -> None:
        self.chunks: queue.Queue[bytes | Exception | None] = queue.Queue()
        self.closed = False
        self.shut = 0

    def stream(self, amt: int | None, *, decode_content: bool) -> Iterator[bytes]:
        assert amt is None
        assert decode_content
        while (chunk := self.chunks.get(timeout=5)) is not None:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    def shutdown(self) -> None:
        self.shut += 1
        self.chunks.put(urllib3.exceptions.ProtocolError("ended prematurely"))

    def close(self) -> None:
        self.closed = True


def _stream(response: Response) -> WatchStream:
    return WatchStream(cast("urllib3.BaseHTTPResponse", response), "/api/v1/pods")


def _event(name: str) -> bytes:
    found: dict[str, Any] = {"type": "ADDED", "object": {"metadata": {"name": name}}}
    return json.dumps(found).encode() + b"\n"


def test_events_are_put_together_from_chunks() -> None:
    response = Response()
    whole = _event("a") + _event("b")
    for chunk in (whole[:7], whole[7:50], whole[50:], None):
        response.chunks.put(chunk)

    names = [obj["metadata"]["name"] for _, obj in _stream(response)]

    assert names == ["a", "b"]
    assert response.closed


def test_closing_ends_a_blocked_stream_without_an_error() -> None:
    response = Response()
    stream = _stream(response)
    response.chunks.put(_event("a"))
    next(stream)

    stream.close()

    assert list(stream) == []
    assert response.closed


def test_a_broken_connection_is_an_error_with_the_path_in_it() -> None:
    response = Response()
    response.chunks.put(urllib3.exceptions.ProtocolError("reset"))

    with pytest.raises(KubeError, match="watching /api/v1/pods: ProtocolError"):
        list(_stream(response))
    assert response.closed


def test_an_error_event_has_the_status_of_the_server() -> None:
    response = Response()
    error = {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}
    response.chunks.put(json.dumps(error).encode() + b"\n")

    with pytest.raises(KubeError) as raised:
        list(_stream(response))
    assert raised.value.status == 410
    assert response.closed


def test_a_closed_connection_that_cannot_be_shut_is_no_error() -> None:
    class Released(Response):
        def shutdown(self) -> None:
            raise RuntimeError(RELEASED)

    response = Released()
    response.chunks.put(None)
    stream = _stream(response)

    stream.close()

    assert list(stream) == []
