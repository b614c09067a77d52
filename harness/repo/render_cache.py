"""Renderings kept by the digest of everything that decides them.

One file per rendering, JSON behind a checksum: a file that was cut off, changed or written by
another version is as good as none. Writing is by rename, so that runs side by side do not see half
a file; the folder is kept below a size, the least used files going first. Nothing here raises: a
cache that cannot be written is a slow one. The files hold what manifests hold, so they are private.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

MAX_BYTES = 256 * 1024 * 1024
MAX_ENTRY_BYTES = 16 * 1024 * 1024
VERSION = b"1"
"""Raised when objects are read from YAML in another way than before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of a rendering."""

    objects: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class RenderCache:
    """A folder of renderings; without a folder nothing is kept."""

    def __init__(self, folder: Path | None, *, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._written = 0

    def read(self, key: str) -> Kept | None:
        """Returns the rendering of that key, or None."""
        if self._folder is None:
            return None
        path = self._path(self._folder, key)
        try:
            raw = path.read_bytes()
            checksum, _, body = raw.partition(b"\n")
            if checksum != _checksum(key, body):
                return None
            data = json.loads(body)
            os.utime(path)
        except (OSError, ValueError, RecursionError):
            return None
        return Kept(
            objects=tuple(data["objects"]),
            warnings=tuple(data["warnings"]),
            notes=tuple(data["notes"]),
        )

    def write(self, key: str, kept: Kept) -> None:
        """Keeps a rendering; one that is too large is not kept."""
        if self._folder is None:
            return
        data = {"objects": kept.objects, "warnings": kept.warnings, "notes": kept.notes}
        with contextlib.suppress(OSError, ValueError, RecursionError):
            body = json.dumps(data, separators=(",", ":")).encode()
            if len(body) <= MAX_ENTRY_BYTES:
                path = self._path(self._folder, key)
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _replace(path, _checksum(key, body) + b"\n" + body)
                self._written += len(body)

    def trim(self) -> None:
        """Removes the least used renderings when something was written and all are too large."""
        if self._folder is None or not self._written:
            return
        with contextlib.suppress(OSError):
            _trim(self._folder, self._max_bytes)

    @staticmethod
    def _path(folder: Path, key: str) -> Path:
        return folder / key[:2] / f"{key}.json"


def _checksum(key: str, body: bytes) -> bytes:
    return blake2b(VERSION + key.encode() + body, digest_size=16).hexdigest().encode()


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _trim(folder: Path, max_bytes: int) -> None:
    found = []
    for path in folder.glob("??/*"):
        with contextlib.suppress(OSError):
            facts = path.stat()
            found.append((facts.st_mtime, facts.st_size, path))
    total = sum(size for _, size, _ in found)
    if total <= max_bytes:
        return
    for _, size, path in sorted(found, key=lambda entry: entry[0]):
        path.unlink(missing_ok=True)
        total -= size
        if total <= max_bytes * 3 // 4:
            return
