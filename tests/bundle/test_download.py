"""Downloads arrive whole or say why not; the server is a real one on this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.io.download import HttpDownloader
from harness.model.errors import BundleError


@dataclass
class Clock:
    """Time that passes by sleeping, and by `step` at each look."""

    time: float = 0.0
    step: float = 0.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        self.time += self.step
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Server(ThreadingHTTPServer):
    """Answers with what was prepared, one answer after the other."""

    answers: list[tuple[int, bytes, int]]
    """Status, content, and the length that is announced."""
    asked: int


class Handler(BaseHTTPRequestHandler):
    """Gives the next answer."""

    server: Server

    def do_GET(self) -> None:
        self.server.asked += 1
        status, content, length = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server(("127.0.0.1", 0), Handler)
    running.answers, running.asked = [], 0
    thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


def fetch(server: Server, target: Path, clock: Clock | None = None) -> list[tuple[int, int | None]]:
    seen: list[tuple[int, int | None]] = []
    HttpDownloader(clock=clock or Clock()).download(
        f"http://127.0.0.1:{server.server_port}/file",
        target,
        on_bytes=lambda done, total: seen.append((done, total)),
        deadline_seconds=60,
    )
    return seen


def test_a_file_arrives_with_its_progress(server: Server, tmp_path: Path) -> None:
    content = b"x" * 600_000
    server.answers = [(200, content, len(content))]
    seen = fetch(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == content
    assert seen[-1] == (600_000, 600_000)
    assert len(seen) > 1


def test_a_passing_fault_is_tried_again(server: Server, tmp_path: Path) -> None:
    clock = Clock()
    server.answers = [(503, b"", 0), (200, b"cut", 10), (200, b"whole", 5)]
    fetch(server, tmp_path / "f", clock)
    assert (tmp_path / "f").read_bytes() == b"whole"
    assert len(clock.slept) == 2


def test_a_refusal_is_final_and_told(server: Server, tmp_path: Path) -> None:
    server.answers = [(404, b"", 0)]
    with pytest.raises(BundleError, match="the server answered 404"):
        fetch(server, tmp_path / "f")
    assert server.asked == 1


def test_a_connection_that_always_ends_early_is_told(server: Server, tmp_path: Path) -> None:
    server.answers = [(200, b"cut", 10)] * 3
    with pytest.raises(BundleError, match="Downloading http://127"):
        fetch(server, tmp_path / "f")
    assert server.asked == 3


def test_nobody_listening_is_told(server: Server, tmp_path: Path) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(BundleError, match="refused"):
        fetch(server, tmp_path / "f")


def test_the_deadline_counts_over_everything(server: Server, tmp_path: Path) -> None:
    server.answers = [(200, b"x" * 10, 10)]
    with pytest.raises(BundleError, match="when the deadline passed"):
        fetch(server, tmp_path / "f", Clock(step=70))
    assert server.asked == 1


def test_no_address_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="Downloading nonsense failed"):
        HttpDownloader(clock=Clock()).download(
            "nonsense", tmp_path / "f", on_bytes=lambda *_: None, deadline_seconds=1
        )
