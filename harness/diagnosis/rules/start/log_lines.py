"""A container's log as lines that can be searched: JSON opened, stack frames and times dropped.

Many programs log one JSON object per line, with the message and the traceback as escaped strings;
texts are looked for in what was meant. Passwords in URLs are masked here, so that a line may be
quoted in a finding. Which line matters is decided by the callers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

TAIL_LINES = 400
"""Longer logs are cut at the front: a crash tells its reason at the end."""
_SPOKEN = (
    "message",
    "msg",
    "error",
    "err",
    "exception",
    "exc_info",
    "stack_trace",
    "stack",
    "detail",
)
_FRAME = re.compile(
    r"^\s+(at\s|File \"|\.\.\. \d+ (more|common frames)|\^|~)|^    |^goroutine \d|^\t/"
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_TIME = re.compile(
    r"^\s*[\[(]?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?"
    r"(?:\s*(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?[\])]?[:,]?\s*(?:\[\d+\]:?\s*)?"
)
_CREDENTIALS = re.compile(r"(://)[^\s/@'\"]*:[^\s@'\"]*@")
_SECRET = re.compile(
    r"(?i)\b(password|passwd|pwd|secret|token|api_?key)(=|:\s?|\"\s*:\s*\")([^\s,;&\"']+)"
)


def log_lines(log: str) -> tuple[str, ...]:
    """Returns the lines of a log without stack frames, times, colours and secrets, oldest first."""
    return _log_lines(log)


@lru_cache(maxsize=512)
def _log_lines(log: str) -> tuple[str, ...]:
    lines = _COLOUR.sub("", log).splitlines()[-TAIL_LINES:]
    opened = (part for line in lines for part in _opened(line))
    cleaned = (_TIME.sub("", part).rstrip() for part in opened if not _FRAME.match(part))
    return tuple(masked(line) for line in cleaned if line.strip())


def plain(log: str) -> str:
    """Returns the searchable text of a log."""
    return "\n".join(log_lines(log))


def masked(text: str) -> str:
    """Returns a text without passwords in URLs and settings."""
    return _SECRET.sub(r"\1\2***", _CREDENTIALS.sub(r"\1***@", text))


def _opened(line: str) -> Iterator[str]:
    """Yields what a line says: the spoken fields of a JSON object, or the line itself."""
    found = _object(line)
    spoken = [str(found[key]) for key in _SPOKEN if found.get(key)]
    if not spoken:
        yield line
    for text in spoken:
        yield from text.splitlines()


def _object(line: str) -> dict[str, Any]:
    if not line.lstrip().startswith("{"):
        return {}
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
