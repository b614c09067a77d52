"""Causes that the last words of a crash pin: a table of patterns, and the signals they give.

A family of rules writes its causes as `TextCause` rows; here each is looked for in the logs of what
ended. A configuration error may stand in the first crash alone (a later start says something
else), so both the first and the newest crash are read, unless a row asks for the newest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.start.endings import Ending, endings
from harness.diagnosis.rules.start.last_words import closes, last_match
from harness.diagnosis.rules.start.log_lines import plain
from harness.diagnosis.signal import Need, Signal
from harness.manifests.pods import field_prefix
from harness.model.refs import ObjectRef
from harness.model.wording import cut

Wording = str | Callable[[Facts, Ending, Mapping[str, str]], str]
"""A text with named groups of the pattern in braces, or a function that writes it."""


def matches(text: str) -> re.Pattern[str]:
    """Returns a pattern that ignores case and looks at every line."""
    return re.compile(text, re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCause:
    """One cause that a text pins."""

    cause: str
    pattern: re.Pattern[str]
    need: Need
    rank: int
    expected: Wording
    fix: Wording
    field: str = ""
    """Below the container, e.g. `env[CLUSTER_ID]`; empty for the container itself."""
    pod_field: str = ""
    """Below the pod specification, where it is not the container that has to change."""
    only: Callable[[Ending], bool] | None = None
    """Which containers it is about; any when None."""
    newest_only: bool = False
    """Whether it counts only as what the newest crash ended with: it may also be a mere warning, or
    over by now."""
    codes: frozenset[int] = frozenset()
    """Exit codes with which it may come; empty for any but 0."""
    root: Callable[[Facts, Ending], tuple[ObjectRef, str] | None] | None = None
    """Whose change mends it and the field in it, where that is not the workload."""


def found_in(ending: Ending, row: TextCause) -> re.Match[str] | None:
    """Returns where the text of a cause stands in the last words, the first crash before others."""
    if ending.code == 0 or (row.codes and ending.code not in row.codes):
        return None
    if row.only is not None and not row.only(ending):
        return None
    if row.newest_only:
        found = last_match(row.pattern, plain(ending.log))
        return found if found is not None and closes(found) else None
    texts = (ending.first_log, ending.log, ending.container.exit_message)
    return next((m for text in texts if text and (m := row.pattern.search(plain(text)))), None)


def signals(facts: Facts, rows: Iterable[TextCause]) -> Iterator[Signal]:
    """Yields a signal for each container whose last words hold a row's text, the first row wins."""
    table = tuple(rows)
    for ending in endings(facts):
        for row in table:
            found = found_in(ending, row)
            if found is not None:
                yield signal(facts, ending, row, found)
                break


def signal(facts: Facts, ending: Ending, row: TextCause, found: re.Match[str]) -> Signal:
    """Returns the signal of one row on one container."""
    groups = {key: str(value or "") for key, value in found.groupdict().items()}
    other = row.root(facts, ending) if row.root else None
    root, field = other or (ending.workload, _field(ending, row))
    return Signal(
        cause=row.cause,
        at=ending.workload,
        root=root,
        field=field,
        seen=seen(ending, line_of(found)),
        expected=_worded(row.expected, facts, ending, groups),
        fix=_worded(row.fix, facts, ending, groups),
        need=ending.need(row.need),
        count=ending.count,
        since=ending.since,
        last=ending.last,
        by_text=True,
        rank=row.rank,
    )


def _field(ending: Ending, row: TextCause) -> str:
    if row.pod_field:
        return f"{field_prefix(ending.workload.kind)}.{row.pod_field}"
    return ending.field(row.field) if row.field else ending.field()


def _worded(wording: Wording, facts: Facts, ending: Ending, groups: Mapping[str, str]) -> str:
    if not isinstance(wording, str):
        return wording(facts, ending, groups)
    known = {"container": ending.container.name, "image": ending.container.image}
    return wording.format_map({**known, **groups}).rstrip(": ")


def line_of(found: re.Match[str]) -> str:
    """Returns the whole line in which a text was found."""
    text = found.string
    start = text.rfind("\n", 0, found.start()) + 1
    end = text.find("\n", found.end())
    return cut(text[start : end if end >= 0 else len(text)])


def seen(ending: Ending, line: str) -> str:
    """Returns what was observed of a container that ended, in words."""
    kind = "init container" if ending.container.init else "container"
    said = f": {line}" if line else ""
    return f"{kind} {ending.container.name} ended {ending.times} with exit code {ending.code}{said}"
