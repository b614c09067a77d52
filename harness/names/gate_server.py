"""Answers inside the cluster for the declared Git hosts, and runs the registry's token service.

Runs in the `gate` container, where cheroot, dulwich and `names.token_service` exist and nothing
else of the harness. Serves clone and fetch over HTTPS for the bare repositories
`<git_root>/<host>/<owner>/<repository>.git`, and `/healthz`. Ports and TLS files are read once, at
the start. What it is given is written by `names.gate_settings`, started by `names.containers`.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import re
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from traceback import format_exc
from typing import Any
from urllib.parse import parse_qs

from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server
from dulwich.repo import Repo
from dulwich.server import UploadPackHandler
from dulwich.web import HTTPGitApplication

from harness.names.token_service import (
    Application,
    Environ,
    SettingsFile,
    Start,
    answer_elsewhere,
    respond,
    token_application,
)

_BLOCK_BYTES = 65536
_THREADS = 32
_GIT_PATH = re.compile(r"/(?P<repository>.+)(?P<action>/info/refs|/git-upload-pack)")


def find_repository(root: Path, host: str, path: str) -> Path | None:
    """Returns the bare repository for a host and a URL path, with or without `.git`.

    Only names found on disk are followed, so no path leads out; case is ignored, as on GitHub.
    """
    parts = [host.rpartition(":")[0] or host, *path.removesuffix(".git").split("/")]
    parts[-1] += ".git"
    folder = root
    for part in parts:
        entries = {entry.name.lower(): entry for entry in folder.iterdir() if entry.is_dir()}
        found = entries.get(part.lower())
        if found is None:
            return None
        folder = found
    return folder if (folder / "HEAD").is_file() else None


def git_application(root: Path) -> Application:
    """Returns the WSGI application that serves `git clone` and `git fetch`, and nothing else.

    Each request opens its repository anew, so a new commit is seen at once.
    """

    def serve(environ: Environ, start: Start) -> Iterable[bytes]:
        asked = _GIT_PATH.fullmatch(environ["PATH_INFO"])
        service = parse_qs(environ.get("QUERY_STRING", "")).get("service", ["git-upload-pack"])
        if not asked or service != ["git-upload-pack"]:
            yield from answer_elsewhere(environ, start)
            return
        folder = find_repository(root, environ.get("HTTP_HOST", ""), asked["repository"])
        if folder is None:
            yield from respond(start, "404 Not Found", b"repository not found\n")
            return
        environ["PATH_INFO"] = asked["action"]
        environ["QUERY_STRING"] = "service=git-upload-pack"
        environ["wsgi.input"] = io.BytesIO(_body(environ))
        outlet = _Outlet(start)
        with contextlib.closing(Repo(str(folder))) as repo:
            backend: Any = _OneRepository(repo)
            application: Any = HTTPGitApplication(backend, handlers=_HANDLERS)
            yield from application(environ, outlet.start)
        yield outlet.rest()

    return serve


class _Sender(UploadPackHandler):
    """Serves go-git too, which does not offer `thin-pack`.

    dulwich insists on it though it needs it only to send deltas against objects outside the pack,
    which a repository of loose objects (`gitops.source` never packs) gives no cause for.
    """

    @classmethod
    def required_capabilities(cls) -> tuple[bytes, ...]:
        return ()


_HANDLERS: Any = {b"git-upload-pack": _Sender}


class _OneRepository:
    """What dulwich calls a backend, for the repository that is being asked for."""

    def __init__(self, repo: Repo) -> None:
        self._repo = repo

    def open_repository(self, _path: object) -> Repo:
        return self._repo


class _Outlet:
    """Joins the few bytes that dulwich writes at a time; each would be a TLS record of its own."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._send: Callable[[bytes], Any] = bytes
        self._held = bytearray()

    def start(self, status: str, headers: list[tuple[str, str]]) -> Callable[[bytes], int]:
        self._send = self._start(status, headers)
        return self._write

    def _write(self, data: bytes) -> int:
        self._held += data
        if len(self._held) >= _BLOCK_BYTES:
            self._send(self.rest())
        return len(data)

    def rest(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held


def _body(environ: Environ) -> bytes:
    """Returns the whole request body, unpacked.

    It must be read before anything is written: cheroot throws away what is unread when it sends the
    response headers, and dulwich answers `deepen` and `have` lines while it still reads.
    """
    body: bytes = environ["wsgi.input"].read()
    environ.pop("HTTP_TRANSFER_ENCODING", None)  # cheroot has already joined the chunks
    is_packed = environ.pop("HTTP_CONTENT_ENCODING", "") == "gzip"
    return gzip.decompress(body) if is_packed else body


def logged(application: Application, log: Callable[[str], None]) -> Application:
    """Returns the application with one log line per request: no query, no header, no body."""

    def serve(environ: Environ, start: Start) -> Iterator[bytes]:
        begun = time.monotonic()
        status = "500"

        def remember(line: str, headers: list[tuple[str, str]]) -> Any:
            nonlocal status
            status = line.split(" ", 1)[0]
            return start(line, headers)

        what = f"{environ['REQUEST_METHOD']} {environ.get('HTTP_HOST', '')}{environ['PATH_INFO']}"
        try:
            yield from application(environ, remember)
        finally:
            log(f"{ascii(what)[1:-1]} {status} {1000 * (time.monotonic() - begun):.0f}ms")

    return serve


class _LateHandshake(BuiltinSSLAdapter):
    """Shakes hands with the first read, in the connection's own thread.

    cheroot does it in the one thread that accepts, where a client that connects and says nothing
    (a probe of the port) keeps everybody else waiting for ten seconds.
    """

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, Environ]:
        wrapped = self.context.wrap_socket(sock, do_handshake_on_connect=False, server_side=True)
        return wrapped, {"wsgi.url_scheme": "https", "HTTPS": "on"}


class _LoggingServer(Server):
    """Says in one line what a client did wrong, and with a traceback what we did."""

    def __init__(self, port: int, application: Application, log: Callable[[str], None]) -> None:
        served: Any = application
        super().__init__(("0.0.0.0", port), served, numthreads=_THREADS)  # noqa: S104 -- a container
        self._log = log

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        del level
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            self._log(f"connection lost: {type(error).__name__}: {error}")
        else:
            self._log(f"{msg}\n{format_exc()}" if traceback else msg)


def servers(settings: Path, log: Callable[[str], None]) -> list[Server]:
    """Returns the token server and one Git server per listener, bound to their ports."""
    said = json.loads(settings.read_bytes())
    git = logged(git_application(Path(said["git_root"])), log)
    tokens = logged(token_application(SettingsFile(settings)), log)
    made: list[Server] = [_LoggingServer(said["tokens"]["port"], tokens, log)]
    for listener in said["git"]:
        server = _LoggingServer(listener["port"], git, log)
        if "certificate" in listener:
            files = (str(settings.parent / listener[part]) for part in ("certificate", "key"))
            server.ssl_adapter = _LateHandshake(*files)
        made.append(server)
    for bound in made:
        bound.prepare()
        log(f"listening on port {bound.bind_addr[1]}")
    return made


def serve_forever(settings: Path, log: Callable[[str], None]) -> int:
    """Serves until SIGTERM or SIGINT; returns 1 when a server ended by itself."""
    ended = threading.Event()
    asked: list[int] = []

    def stop(number: int, _frame: object) -> None:
        asked.append(number)
        ended.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    running = servers(settings, log)
    for server in running:
        threading.Thread(target=_serve, args=(server, ended), daemon=True).start()
    ended.wait()
    for server in running:
        server.stop()
    return 0 if asked else 1


def _serve(server: Server, ended: threading.Event) -> None:
    try:
        server.serve()
    finally:
        ended.set()


def _log(line: str) -> None:
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), line, flush=True)


if __name__ == "__main__":
    sys.exit(serve_forever(Path(sys.argv[1]), _log))
