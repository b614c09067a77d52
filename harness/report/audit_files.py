"""The files of an audit: reads the baseline, and writes the formats that were asked for.

What can be wrong with a path is found before the audit begins, so that nothing is lost after it. A
file appears whole or not at all; only what is no regular file (`/dev/stdout`) is written in place.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from harness.model.errors import UsageError


def check_folder(path: Path) -> None:
    """Raises UsageError unless `path` is a folder."""
    if not path.is_dir():
        raise UsageError(
            attempted="Opening the repository",
            subject=str(path),
            seen="it is a file" if path.exists() else "there is no such folder",
            expected="the folder of a GitOps repository",
            next_step="harness audit PATH",
        )


def check_targets(targets: Mapping[str, Path]) -> None:
    """Raises UsageError where a file could not be written, or two options name the same one.

    Args:
        targets: The files to write by the option that names them.
    """
    taken: dict[Path, str] = {}
    for option, path in targets.items():
        other = taken.setdefault(path.resolve(), option)
        if other != option:
            raise _unwritable(option, path, f"{other} names the same file")
        if path.is_dir():
            raise _unwritable(option, path, "it is a folder")
        existing = next(p for p in (path, *path.absolute().parents) if p.exists())
        if existing != path and not existing.is_dir():
            raise _unwritable(option, path, f"{existing} is a file")
        if not os.access(existing, os.W_OK):
            raise _unwritable(option, path, f"{existing} may not be written to")


def read_text(path: Path, what: str) -> str:
    """Returns the text of a file; a byte order mark is left out.

    Raises:
        UsageError: It cannot be read, or is no UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        seen = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(
            attempted=f"Reading {what}",
            subject=str(path),
            seen=seen or str(error),
            expected="a text file that can be read",
            next_step="correct the path, or leave the option out",
        ) from error


def write_text(path: Path, text: str, option: str) -> None:
    """Writes a file, with its folders; an existing one is replaced.

    Raises:
        UsageError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8", newline="\n")
        else:
            _replace_file(path.resolve(), text)
    except OSError as error:
        raise _unwritable(option, path, error.strerror or str(error)) from error


def _replace_file(path: Path, text: str) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _unwritable(option: str, path: Path, seen: str) -> UsageError:
    return UsageError(
        attempted=f"Writing {option}",
        subject=str(path),
        seen=seen,
        expected="the path of a file that can be written",
        next_step=f"{option} FILE, with another path",
    )
