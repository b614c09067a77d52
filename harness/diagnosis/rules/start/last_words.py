"""The one line of a crash's log that a person would read first. Pure.

Tried in this order: the innermost cause of a Java exception, the last exception of a Python or
Node program, a Go panic, the last line that speaks of an error, the last line. What it means is
not judged here. A complaint that another error follows was not what the program ended with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from harness.diagnosis.rules.network.connection_texts import kind_of
from harness.diagnosis.rules.start.log_lines import log_lines
from harness.model.wording import cut

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
_CHAINED = "The above exception was the direct cause"
_HARMLESS = re.compile(
    r"^(?:npm (?:ERR!|error) (?:A complete log|\s*/)|\(Background on this error)"
)


def last_words(log: str) -> str:
    """Returns the most telling line of a crash, cut and without secrets; empty for no log."""
    lines = [line for line in log_lines(log) if not _HARMLESS.match(line)]
    if not lines:
        return ""
    return cut(_telling(lines).strip())


def closes(found: re.Match[str]) -> bool:
    """Tells whether a text found in a log is what the program ended with.

    A warning (a variable that is not set, a cache that cannot be written) often stands before the
    error that counts, such as a connection that is refused.
    """
    rest = found.string[found.end() :].partition("\n")[2]
    if _CHAINED in rest:
        return True
    return not any(_is_error(line) for line in rest.splitlines())


def _is_error(line: str) -> bool:
    ends = _CAUSED.match(line) or _RAISED.match(line) or _PANIC.match(line)
    return bool(ends) or kind_of(line) is not None


def last_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Returns where a pattern stands last in a text."""
    found = list(pattern.finditer(text))
    return found[-1] if found else None


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
