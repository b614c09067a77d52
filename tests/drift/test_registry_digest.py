"""The digest of a tag is asked of a registry as a container runtime would."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from harness.io.registry_http import RegistryError, RegistryHttp
from harness.model.registry import RegistryRepository
from harness.model.secret import Secret

APP = RegistryRepository("ghcr.io/shop/app")
DIGEST = f"sha256:{'b' * 64}"


class Answers(BaseHTTPRequestHandler):
    """Knows one tag."""

    asked: ClassVar[list[tuple[str, str, str]]] = []

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_HEAD(self) -> None:
        self.asked.append((self.path, self.headers["Authorization"], self.headers["Accept"]))
        known = self.path == f"/v2/{APP}/manifests/1.1.0"
        self.send_response(200 if known else 404)
        if known:
            self.send_header("Docker-Content-Digest", DIGEST)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def registry() -> Iterator[RegistryHttp]:
    Answers.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    yield RegistryHttp(url, lambda repositories: Secret("+".join(repositories)))
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_digest_of_a_tag_is_told(registry: RegistryHttp) -> None:
    assert registry.digest(APP, "1.1.0") == DIGEST
    path, token, accept = Answers.asked[0]
    assert (path, token) == ("/v2/ghcr.io/shop/app/manifests/1.1.0", "Bearer ghcr.io/shop/app")
    assert "application/vnd.oci.image.index.v1+json" in accept
    assert "application/vnd.docker.distribution.manifest.v2+json" in accept


def test_a_tag_that_is_not_there_is_an_error(registry: RegistryHttp) -> None:
    with pytest.raises(RegistryError, match="404"):
        registry.digest(APP, "9.9.9")
