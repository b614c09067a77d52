from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.io.registry_http import RegistryError, RegistryHttp
from harness.model.registry import RegistryRepository
from harness.model.secret import Secret

WEB = RegistryRepository("ghcr.io/acme/web")
OTHER = RegistryRepository("ghcr.io/acme/other")
BLOB = b"layer" * 50_000
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"


class Answers(BaseHTTPRequestHandler):
    """A registry of one upload at a time; `hang_up` connections are cut in the middle."""

    blobs: ClassVar[set[tuple[str, str]]] = set()
    requests: ClassVar[list[tuple[str, str, str]]] = []
    hang_up: ClassVar[list[str]] = []

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _reply(self, status: int, location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _note(self) -> bool:
        url = urlsplit(self.path)
        self.requests.append((self.command, url.path, self.headers["Authorization"]))
        if self.command not in self.hang_up:
            return False
        self.hang_up.remove(self.command)
        self.rfile.read(1000)
        self.close_connection = True
        return True

    def do_HEAD(self) -> None:
        if not self._note():
            _, _, rest = self.path.partition("/v2/")
            repository, _, digest = rest.partition("/blobs/")
            self._reply(200 if (repository, digest) in self.blobs else 404)

    def do_POST(self) -> None:
        if self._note():
            return
        query = parse_qs(urlsplit(self.path).query)
        repository = self.path.partition("/v2/")[2].partition("/blobs/")[0]
        if "mount" in query and (query["from"][0], query["mount"][0]) in self.blobs:
            self.blobs.add((repository, query["mount"][0]))
            self._reply(201)
        else:
            self._reply(202, f"/v2/{repository}/blobs/uploads/1?state=abc")

    def do_PUT(self) -> None:
        if self._note():
            return
        url, body = urlsplit(self.path), self._body()
        repository = url.path.partition("/v2/")[2].partition("/blobs/")[0]
        if "/manifests/" in url.path:
            self._reply(201 if self.headers["Content-Type"] == "type/x" else 400)
            return
        query = parse_qs(url.query)
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        right = query["digest"] == [digest] and query["state"] == ["abc"]
        if right:
            self.blobs.add((repository, digest))
        self._reply(201 if right else 400)


def mint(repositories: Iterable[RegistryRepository]) -> Secret:
    return Secret("+".join(repositories))


@pytest.fixture
def registry() -> Iterator[RegistryHttp]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield RegistryHttp(f"http://127.0.0.1:{server.server_port}", mint)
    server.shutdown()
    thread.join()
    server.server_close()
    Answers.blobs.clear()
    Answers.requests.clear()
    Answers.hang_up.clear()


def test_an_uploaded_blob_is_held_and_can_be_mounted_elsewhere(registry: RegistryHttp) -> None:
    assert not registry.has_blob(WEB, DIGEST)
    assert not registry.mount(OTHER, DIGEST, WEB)
    registry.upload(WEB, DIGEST, io.BytesIO(BLOB), len(BLOB))
    assert registry.has_blob(WEB, DIGEST)
    assert registry.mount(OTHER, DIGEST, WEB)
    assert registry.has_blob(OTHER, DIGEST)


def test_every_request_carries_a_token_for_the_repositories_it_touches(
    registry: RegistryHttp,
) -> None:
    registry.has_blob(WEB, DIGEST)
    registry.mount(OTHER, DIGEST, WEB)
    assert [token for *_, token in Answers.requests] == [
        "Bearer ghcr.io/acme/web",
        "Bearer ghcr.io/acme/other+ghcr.io/acme/web",
    ]


def test_an_upload_that_was_cut_off_is_sent_again_from_its_beginning(
    registry: RegistryHttp,
) -> None:
    Answers.hang_up.append("PUT")
    registry.upload(WEB, DIGEST, io.BytesIO(BLOB), len(BLOB))
    assert registry.has_blob(WEB, DIGEST)
    methods = [method for method, *_ in Answers.requests]
    assert methods == ["POST", "PUT", "POST", "PUT", "HEAD"]


def test_a_refused_blob_is_an_error_that_says_what_was_asked(registry: RegistryHttp) -> None:
    with pytest.raises(RegistryError, match=r"PUT /v2/ghcr\.io/acme/web/blobs/uploads/1: 400"):
        registry.upload(WEB, DIGEST, io.BytesIO(b"other"), 5)


def test_a_manifest_is_stored_under_its_media_type(registry: RegistryHttp) -> None:
    registry.put_manifest(WEB, "1", b"{}", "type/x")
    assert Answers.requests[-1][:2] == ("PUT", "/v2/ghcr.io/acme/web/manifests/1")
    with pytest.raises(RegistryError, match="400"):
        registry.put_manifest(WEB, "1", b"{}", "type/y")


def test_a_registry_that_is_gone_is_an_error_without_a_token_in_it() -> None:
    gone = RegistryHttp("http://127.0.0.1:9", mint)
    with pytest.raises(RegistryError, match="ConnectionError") as caught:
        gone.has_blob(WEB, DIGEST)
    assert "Bearer" not in str(caught.value)
