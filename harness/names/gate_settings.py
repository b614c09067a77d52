"""Writes what the gate reads: its settings file, keys and certificates.

Passwords enter as salted scrypt digests. The folder is mounted as a whole, so that a file replaced
later is seen inside the container (a single mounted file would stay the old one).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.model.secret import Secret
from harness.names.certificates import RunCertificates
from harness.names.mirrors import UNDECLARED
from harness.names.registry_config import TokenAuthority
from harness.names.token_service import password_digest

GIT_PORT = 443
TOKEN_PORT = 5001
SETTINGS = "gate.json"
GIT_ROOT = "/git"
_SERVER = ("server.pem", "server.key")
_TOKEN = ("token.pem", "token.key")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """Who may pull what, and where Git answers."""

    authority: TokenAuthority
    users: Mapping[str, Secret]
    """User name -> password; each may pull everything."""
    public: tuple[str, ...]
    """`fnmatch` patterns of repositories of the local registry that need no credentials."""
    https_ports: tuple[int, ...] = (GIT_PORT,)
    http_ports: tuple[int, ...] = ()
    token_port: int = TOKEN_PORT
    git_root: str = GIT_ROOT


def settings_file(settings: GateSettings, *, salts: Iterable[str] | None = None) -> str:
    """Returns the settings as the gate reads them.

    Args:
        settings: What is to hold.
        salts: Hexadecimal, one per user; drawn at random where not given.
    """
    drawn = iter(salts) if salts is not None else iter(lambda: secrets.token_hex(16), "")
    certificate, key = _SERVER
    listeners: list[dict[str, object]] = [{"port": port} for port in settings.http_ports]
    listeners += [
        {"port": port, "certificate": certificate, "key": key} for port in settings.https_ports
    ]
    said = {
        "git_root": settings.git_root,
        "git": listeners,
        "tokens": {
            "port": settings.token_port,
            "issuer": settings.authority.issuer,
            "service": settings.authority.service,
            "certificate": _TOKEN[0],
            "key": _TOKEN[1],
            "users": {
                name: _user(password, next(drawn)) for name, password in settings.users.items()
            },
            "public": [f"{UNDECLARED}/*", *settings.public],
        },
    }
    return json.dumps(said, indent=2) + "\n"


def _user(password: Secret, salt: str) -> dict[str, str]:
    return {"salt": salt, "scrypt": password_digest(password.reveal(), salt)}


def write_folder(folder: Path, *, settings: GateSettings, certificates: RunCertificates) -> None:
    """Writes the folder the gate is given; calling again replaces the files one by one.

    A running gate takes up users, public repositories and the token key, not ports.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = {
        _SERVER[0]: certificates.server,
        _SERVER[1]: certificates.server_key.reveal(),
        _TOKEN[0]: certificates.token,
        _TOKEN[1]: certificates.token_key.reveal(),
        SETTINGS: settings_file(settings),
    }
    for name, content in files.items():
        draft = folder / f".{name}"
        draft.touch(mode=0o600)
        draft.write_text(content, encoding="utf-8")
        draft.replace(folder / name)
