"""The file in which runs are remembered: JSON lines, the oldest first, bounded.

Small enough to be cached by a CI and read by eye. A line that cannot be read is dropped with the
next writing: the record helps, it never fails a run. Two runs that end at once both stand in it,
because the file is locked while it is written.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.model.errors import UsageError
from harness.report.flakes import Past

KEPT = 300
"""Lines; with a hundred workloads a line is about 4 KB."""
VERSION = 1
_PAST = TypeAdapter(Past)


def read_history(path: Path) -> list[Past]:
    """Returns the remembered runs; none where there is no file.

    Raises:
        UsageError: The path is a folder or may not be read.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    except OSError as error:
        raise _unusable(path, error) from error
    return list(_parsed(text.splitlines()))


def remember(path: Path, past: Past) -> list[Past]:
    """Adds a run to the file and returns those that stood there before.

    Raises:
        UsageError: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="utf-8") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            stream.seek(0)
            before = list(_parsed(stream.read().splitlines()))
            stream.seek(0)
            stream.truncate()
            stream.writelines(_line(p) for p in [*before, past][-KEPT:])
    except OSError as error:
        raise _unusable(path, error) from error
    return before


def _line(past: Past) -> str:
    return json.dumps({"version": VERSION, **asdict(past)}, separators=(",", ":")) + "\n"


def _parsed(lines: Iterable[str]) -> Iterable[Past]:
    for line in lines:
        try:
            data = json.loads(line)
            if data.pop("version") == VERSION:
                yield _PAST.validate_python(data)
        except (ValueError, ValidationError, LookupError, AttributeError, TypeError):
            continue


def _unusable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        attempted="Remembering the run in",
        subject=str(path),
        seen=error.strerror or str(error),
        expected="a file that can be written",
        next_step="--history FILE",
    )
