"""The one line of a crash's log that a person would read first. Pure.

Tried in this order: the innermost cause of a Java exception, the last exception of a Python or
Node program, a Go panic, the last line that speaks of an error, the last line. What it means is
not judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from harness.diagnosis.rules.log_lines import log_lines
from harness.diagnosis.rules.quotes import cut

_CAUSED = re.compile(r"^\s*Caused by: (?P<text>.+)")
_RAISED = re.compile(
    r"^(?:[a-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Exit|Failure|Timeout|Interrupt|NotFound"
    r"|Unavailable|Refused|Denied|Missing|NoBrokersAvailable)\b(?::| \[|$).*"
)
_PANIC = re.compile(r"^(?:panic: |fatal error: |thread '.*' panicked at )")
_JAVA = re.compile(r"\b(?:[a-z_]\w*\.)+[A-Z]\w*(?:Exception|Error)\b")
_BAD = re.compile(
    r"\b(?:error|fatal|panic|exception|critical|failed|failure|cannot|can't|unable|denied|missing"
    r"|invalid|not found|not set|refused|unknown|unsupported|must)\b",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"^(?:npm (?:ERR!|error) (?:A complete log|\s*/)|\(Background on this error)"
)


def last_words(log: str) -> str:
    """Returns the most telling line of a crash, cut and without secrets; empty for no log."""
    lines = [line for line in log_lines(log) if not _HARMLESS.match(line)]
    if not lines:
        return ""
    return cut(_telling(lines).strip())


def _telling(lines: Sequence[str]) -> str:
    caused = [m["text"] for line in lines if (m := _CAUSED.match(line))]
    if caused:
        return caused[-1]
    for pattern in (_RAISED, _PANIC, _JAVA, _BAD):
        found = _last(lines, pattern)
        if found:
            return found
    return lines[-1]


def _last(lines: Iterable[str], pattern: re.Pattern[str]) -> str:
    return next((line for line in reversed(list(lines)) if pattern.search(line)), "")
