"""Answers inside the cluster for the declared Git hosts and for the token service of registries.

Runs alone in the `gate` container, mounted as a single file: it imports the standard library,
cheroot, cryptography, dulwich and PyJWT, nothing of the harness. Serves upload-pack over HTTPS for
the bare repositories `<git_root>/<host>/<owner>/<repository>.git`, bearer tokens as ghcr.io gives
them, and `/healthz`. Reads its settings again whenever the file changes. `names.gate_settings`
writes that file; the host uses `signed_token` here for its own pushes.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import hmac
import io
import json
import re
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

Environ = dict[str, Any]
Start = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[Environ, Start], Iterable[bytes]]
Access = list[dict[str, Any]]

SCRYPT = {"n": 2**12, "r": 8, "p": 1}
TOKEN_SECONDS = 300
_HUB = "docker.io/"
_BLOCK_BYTES = 65536
_GIT_PATH = re.compile(r"/(?P<repository>.+)(?P<action>/info/refs|/git-upload-pack)")


@dataclass(frozen=True)
class Settings:
    """What the settings file says about tokens; ports and TLS files are read once, at the start."""

    issuer: str
    service: str
    key: bytes
    certificate: bytes
    users: dict[str, tuple[str, str]]
    """Name -> salt and scrypt digest, both hexadecimal."""
    public: tuple[str, ...]
    """Patterns (`fnmatch`) of repositories that need no credentials."""

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Reads the settings; key and certificate paths are relative to the file."""
        found = json.loads(path.read_bytes())["tokens"]
        return cls(
            issuer=found["issuer"],
            service=found["service"],
            key=(path.parent / found["key"]).read_bytes(),
            certificate=(path.parent / found["certificate"]).read_bytes(),
            users={name: (u["salt"], u["scrypt"]) for name, u in found["users"].items()},
            public=tuple(found["public"]),
        )


class SettingsFile:
    """The settings as they are on disk now; a file that cannot be read leaves the last ones."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._stamp()
        self._settings = Settings.read(path)

    def _stamp(self) -> tuple[int, int, int]:
        found = self._path.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino

    def current(self) -> Settings:
        """Returns the settings, read again when the file changed."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            stamp = self._stamp()
            if stamp != self._seen:
                self._settings = Settings.read(self._path)
                self._seen = stamp
        return self._settings


def password_digest(password: str, salt: str) -> str:
    """Returns the scrypt digest of a password under a hexadecimal salt."""
    derived = hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), dklen=32, **SCRYPT)
    return derived.hex()


def signed_token(
    *, key: bytes, certificate: bytes, issuer: str, service: str, subject: str, access: Access,
    now: float, lifetime_seconds: int = TOKEN_SECONDS,
) -> str:
    """Returns a bearer token that distribution accepts (its `docs/spec/auth/jwt.md`).

    `x5c` carries the certificate, which the registry finds in its `rootcertbundle`.
    """
    der = x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER)
    claims = {
        "iss": issuer, "sub": subject, "aud": service, "access": access, "jti": uuid.uuid4().hex,
        "iat": int(now), "nbf": int(now) - 60, "exp": int(now) + lifetime_seconds,
    }
    headers = {"x5c": [base64.b64encode(der).decode()]}
    return jwt.encode(claims, key, algorithm="ES256", headers=headers)


def asked_repositories(scopes: Iterable[str]) -> list[str]:
    """Returns the repositories that `repository:NAME:ACTIONS` scopes ask for.

    containerd asks twice when a mirror has a path: for the name the registry demanded
    (`ghcr.io/acme/shop`) and for the declared name without host (`acme/shop`), which means nothing
    here (containerd `core/remotes/docker/scope.go`, `GetTokenScopes`).
    """
    parts = [scope.split(":") for line in scopes for scope in line.split()]
    names = [":".join(p[1:-1]) for p in parts if len(p) > 2 and p[0].startswith("repository")]
    return [n for n in dict.fromkeys(names) if not any(o.endswith(f"/{n}") for o in names)]


def answer_token(
    settings: Settings, *, scopes: list[str], authorization: str, now: float
) -> tuple[str, dict[str, Any]]:
    """Returns status and body of a token request, as ghcr.io answers it.

    Wrong credentials: 403 `denied`; nobody asking for a private repository: 401. For Docker Hub's
    repositories its own manners: 401, and a token that allows nothing, after which the registry
    itself refuses.
    """
    names = asked_repositories(scopes)
    on_hub = bool(names) and all(name.startswith(_HUB) for name in names)
    known = _authenticated(settings, authorization)
    if known is None:
        if on_hub:
            return _refusal("401 Unauthorized", "UNAUTHORIZED", "incorrect username or password")
        return _refusal("403 Forbidden", "DENIED", "denied")
    allowed = [n for n in names if known or any(fnmatchcase(n, p) for p in settings.public)]
    if len(allowed) < len(names) and not on_hub:
        return _refusal("401 Unauthorized", "UNAUTHORIZED", "authentication required")
    token = signed_token(
        key=settings.key, certificate=settings.certificate, issuer=settings.issuer,
        service=settings.service, subject=known, now=now,
        access=[{"type": "repository", "name": name, "actions": ["pull"]} for name in allowed],
    )
    issued = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    body = {"token": token, "access_token": token, "expires_in": TOKEN_SECONDS}
    return "200 OK", {**body, "issued_at": issued}


def _refusal(status: str, code: str, message: str) -> tuple[str, dict[str, Any]]:
    return status, {"errors": [{"code": code, "message": message}]}


def _authenticated(settings: Settings, authorization: str) -> str | None:
    """Returns the user's name, nothing for nobody, None for wrong credentials."""
    if not authorization:
        return ""
    scheme, _, encoded = authorization.partition(" ")
    try:
        name, _, password = base64.b64decode(encoded).decode().partition(":")
    except ValueError:
        return None
    salt, digest = settings.users.get(name, ("00", ""))
    right = hmac.compare_digest(password_digest(password, salt), digest)
    return name if right and scheme.lower() == "basic" else None


def token_application(settings: SettingsFile) -> Application:
    """Returns the WSGI application of `/token` and `/healthz`.

    Only GET is served: containerd tries POST first and falls back on 405 (its `authorizer.go`).
    """

    def serve(environ: Environ, start: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/token":
            return _plain(environ, start)
        if environ["REQUEST_METHOD"] != "GET":
            status, body = _refusal("405 Method Not Allowed", "UNSUPPORTED", "use GET")
        else:
            status, body = answer_token(
                settings.current(),
                scopes=parse_qs(environ.get("QUERY_STRING", "")).get("scope", []),
                authorization=environ.get("HTTP_AUTHORIZATION", ""),
                now=time.time(),
            )
        return _respond(start, status, json.dumps(body).encode(), "application/json")

    return serve


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
    from dulwich.repo import Repo  # noqa: PLC0415 -- the host imports this module without dulwich
    from dulwich.web import HTTPGitApplication  # noqa: PLC0415

    class OneRepository:
        def __init__(self, repo: Repo) -> None:
            self._repo = repo

        def open_repository(self, _path: object) -> Repo:
            return self._repo

    def serve(environ: Environ, start: Start) -> Iterable[bytes]:
        asked = _GIT_PATH.fullmatch(environ["PATH_INFO"])
        service = parse_qs(environ.get("QUERY_STRING", "")).get("service", ["git-upload-pack"])
        if not asked or service != ["git-upload-pack"]:
            yield from _plain(environ, start)
            return
        folder = find_repository(root, environ.get("HTTP_HOST", ""), asked["repository"])
        if folder is None:
            yield from _respond(start, "404 Not Found", b"repository not found\n")
            return
        environ["PATH_INFO"] = asked["action"]
        environ["QUERY_STRING"] = "service=git-upload-pack"
        environ["wsgi.input"] = io.BytesIO(_body(environ))
        with contextlib.closing(Repo(str(folder))) as repo:
            backend: Any = OneRepository(repo)
            application: Any = HTTPGitApplication(backend)
            outlet = _Outlet(start)
            yield from application(environ, outlet.start)
            yield outlet.rest()

    return serve


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


def _plain(environ: Environ, start: Start) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/healthz":
        return _respond(start, "200 OK", b"ok\n")
    return _respond(start, "404 Not Found", b"not served here\n")


def _respond(start: Start, status: str, body: bytes, kind: str = "text/plain") -> Iterable[bytes]:
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


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
            log(f"{what} {status} {1000 * (time.monotonic() - begun):.0f}ms")

    return serve


def serve_forever(settings: Path, log: Callable[[str], None]) -> int:
    """Serves until SIGTERM or SIGINT; returns 1 when a server ended by itself."""
    from cheroot.ssl.builtin import BuiltinSSLAdapter  # noqa: PLC0415 -- as dulwich above
    from cheroot.wsgi import Server  # noqa: PLC0415

    said = json.loads(settings.read_bytes())
    git = logged(git_application(Path(said["git_root"])), log)
    tokens = logged(token_application(SettingsFile(settings)), log)
    servers = [Server(("0.0.0.0", said["tokens"]["port"]), tokens)]  # noqa: S104 -- a container
    for listener in said["git"]:
        server = Server(("0.0.0.0", listener["port"]), git)  # noqa: S104
        if "certificate" in listener:
            files = (str(settings.parent / listener[part]) for part in ("certificate", "key"))
            server.ssl_adapter = BuiltinSSLAdapter(*files)
        servers.append(server)
    ended = threading.Event()
    asked: list[int] = []

    def stop(number: int, _frame: object) -> None:
        asked.append(number)
        ended.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for server in servers:
        server.prepare()
        threading.Thread(target=_serve, args=(server, ended), daemon=True).start()
        log(f"listening on port {server.bind_addr[1]}")
    ended.wait()
    for server in servers:
        server.stop()
    return 0 if asked else 1


def _serve(server: Any, ended: threading.Event) -> None:
    try:
        server.serve()
    finally:
        ended.set()


def _log(line: str) -> None:
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), line, flush=True)


if __name__ == "__main__":
    sys.exit(serve_forever(Path(sys.argv[1]), _log))
