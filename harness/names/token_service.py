"""Decides who may pull what from the local registry, as the token service of ghcr.io does.

Runs inside the `gate` container, where only the standard library, cryptography and PyJWT (and what
`names.gate_server` needs) exist: it imports nothing else of the harness. The settings file is read
again whenever it changes; `names.gate_settings` writes it. The host mints tokens for its own pushes
with `signed_token`.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable, Iterable
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


@dataclass(frozen=True)
class Settings:
    """What the settings file says about tokens."""

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
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
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
    *,
    key: bytes,
    certificate: bytes,
    issuer: str,
    service: str,
    subject: str,
    access: Access,
    now: float,
) -> str:
    """Returns a bearer token that distribution accepts for `TOKEN_SECONDS`.

    Its form is in distribution's `docs/spec/auth/jwt.md`; `x5c` carries the certificate, which the
    registry finds in its `rootcertbundle`.
    """
    der = x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER)
    claims = {
        "iss": issuer,
        "sub": subject,
        "aud": service,
        "access": access,
        "jti": uuid.uuid4().hex,
        "iat": int(now),
        "nbf": int(now) - 60,
        "exp": int(now) + TOKEN_SECONDS,
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
    itself refuses. Known users may pull everything; nobody is given a token to push.
    """
    names = asked_repositories(scopes)
    on_hub = bool(names) and all(name.startswith(_HUB) for name in names)
    user = _authenticated(settings, authorization)
    if user is None:
        if on_hub:
            return _refusal("401 Unauthorized", "UNAUTHORIZED", "incorrect username or password")
        return _refusal("403 Forbidden", "DENIED", "denied")
    allowed = [n for n in names if user or any(fnmatchcase(n, p) for p in settings.public)]
    if len(allowed) < len(names) and not on_hub:
        return _refusal("401 Unauthorized", "UNAUTHORIZED", "authentication required")
    token = signed_token(
        key=settings.key,
        certificate=settings.certificate,
        issuer=settings.issuer,
        service=settings.service,
        subject=user,
        access=[{"type": "repository", "name": name, "actions": ["pull"]} for name in allowed],
        now=now,
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
            return answer_elsewhere(environ, start)
        if environ["REQUEST_METHOD"] != "GET":
            status, body = _refusal("405 Method Not Allowed", "UNSUPPORTED", "use GET")
        else:
            status, body = answer_token(
                settings.current(),
                scopes=parse_qs(environ.get("QUERY_STRING", "")).get("scope", []),
                authorization=environ.get("HTTP_AUTHORIZATION", ""),
                now=time.time(),
            )
        return respond(start, status, json.dumps(body).encode(), "application/json")

    return serve


def answer_elsewhere(environ: Environ, start: Start) -> Iterable[bytes]:
    """Answers `/healthz`, and 404 for anything else."""
    if environ["PATH_INFO"] == "/healthz":
        return respond(start, "200 OK", b"ok\n")
    return respond(start, "404 Not Found", b"not served here\n")


def respond(start: Start, status: str, body: bytes, kind: str = "text/plain") -> Iterable[bytes]:
    """Answers with a body that is at hand."""
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
