"""Decides what a part's result depends on, as one hash.

A key covers settings (pins), the content of source files and the keys of the parts below. It does
not cover the Python code of the builders: a change there that matters raises a ``revision``. What
is hashed for which part is decided in ``catalogue``; where results lie, in ``store``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

KEY_LENGTH = 32
"""Hexadecimal digits of a key: 128 bits, enough for content that nobody forges."""

_CHUNK_BYTES = 1 << 20


def digest_of_value(value: object) -> str:
    """The SHA-256 of a JSON-like value, the same for any order of its mappings."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def digest_of_file(path: Path) -> str:
    """The SHA-256 of a file's content, read in pieces."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()


def digest_of_sources(paths: Iterable[Path]) -> str:
    """The SHA-256 of files and folders: relative names, executable bits and content.

    Times and owners do not count, so a fresh clone has the keys of the old one.

    Raises:
        FileNotFoundError: a path does not exist.
    """
    entries: list[tuple[str, bool, str]] = []
    for path in paths:
        members = sorted(path.rglob("*")) if path.is_dir() else [path]
        if not path.exists():
            raise FileNotFoundError(path)
        entries.extend(
            (f"{path.name}/{member.relative_to(path)}", _is_executable(member), _content(member))
            for member in members
            if _counts(member)
        )
    return digest_of_value(entries)


def key_of(*, name: str, settings: Mapping[str, object], sources: str, below: list[str]) -> str:
    """The key of a part from its settings, the digest of its sources and the keys below it."""
    whole = {"name": name, "settings": settings, "sources": sources, "below": sorted(below)}
    return digest_of_value(whole)[:KEY_LENGTH]


def _counts(member: Path) -> bool:
    return (member.is_symlink() or member.is_file()) and "__pycache__" not in member.parts


def _is_executable(member: Path) -> bool:
    return not member.is_symlink() and bool(member.stat().st_mode & 0o100)


def _content(member: Path) -> str:
    return f"-> {member.readlink()}" if member.is_symlink() else digest_of_file(member)
