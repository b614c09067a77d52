"""The text of a file of a stranger's repository, or why it has none.

Takes UTF-8, with a byte order mark or without (kubectl and Argo CD drop it). What is larger than a
manifest can be, binary or encrypted is said in words; nothing is raised, and only regular files
are opened, so that a pipe or a device cannot hold anybody up.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024
"""Of one file. A cluster takes objects up to about 1.5 MB (etcd's limit of a request)."""
_ENCRYPTED = b"\0GITCRYPT\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    """What was read."""

    text: str = ""
    problem: str = ""
    """Why there is no text; empty when there is one."""
    line: int = 0
    """Where the problem is; 0 for the file as a whole."""
    is_limit: bool = False
    """True where the file may be right, and it is only not read."""
    raw: bytes = b""
    """The bytes, where they are no text."""


def read_text(path: Path) -> FileText:
    """Returns the text of a file."""
    try:
        raw = _bytes(path)
    except OSError as error:
        return FileText(problem=f"it cannot be read: {error.strerror or error}", is_limit=True)
    if raw is None:
        return FileText(problem="it is no regular file", is_limit=True)
    if len(raw) > MAX_BYTES:
        size = f"more than {MAX_BYTES // 1024 // 1024} MiB"
        return FileText(problem=f"it has {size}", is_limit=True)
    return _decoded(raw)


def _bytes(path: Path) -> bytes | None:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        return file.read(MAX_BYTES + 1)


def _decoded(raw: bytes) -> FileText:
    if raw.startswith(_ENCRYPTED):
        return FileText(problem="it is encrypted by git-crypt", is_limit=True)
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        return FileText(problem="it holds a NUL byte: it is no text", line=line, raw=raw)
    try:
        return FileText(text=raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        byte = raw[error.start]
        return FileText(problem=f"the byte 0x{byte:02X} is not UTF-8", line=line, raw=raw)
