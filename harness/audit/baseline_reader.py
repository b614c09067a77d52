"""Reads the text of a baseline, and refuses what cannot be meant with its file and line.

A file of `[[accept]]` tables in TOML. The reader of the standard library tells no lines of values,
so the text is looked through for them; where it is written in another way, the entry is counted.
"""

from __future__ import annotations

import re
import reprlib
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate, pairwise
from typing import Any

from harness.audit.baseline import Acceptance, Baseline
from harness.audit.explanation import nearest
from harness.model.errors import UsageError

EXPECTED = {
    "rule": 'the name of a rule, e.g. rule = "secret-missing"',
    "object": 'kind, namespace and name, e.g. object = "Secret shop/ghcr-secret"; * matches',
    "reason": 'a sentence that says why, e.g. reason = "made by Vault"',
    "expires": "a day, e.g. expires = 2030-12-31",
}
HEADER = re.compile(r"""^[ \t]*\[\[[ \t]*["']?accept["']?[ \t]*\]\]""", re.MULTILINE)


def read_baseline(
    text: str, *, name: str, place: str, known: Collection[str], today: date
) -> Baseline:
    """Returns the entries of a baseline file.

    Args:
        text: The content of the file.
        name: How people know the file, for errors.
        place: Its path relative to the repository, for findings; empty for a file outside.
        known: The names of all rules.
        today: Entries that expired before this day are refused.

    Raises:
        UsageError: The text is no TOML, or an entry cannot be meant as it is.
    """
    tables = _tables(text, name)
    lines = _Lines.of(text, len(tables))
    check = _Check(name=name, lines=lines, known=known, today=today)
    entries = tuple(check.entry(number, table) for number, table in enumerate(tables))
    return Baseline(name=name, place=place, entries=entries)


def can_be_extended(text: str) -> bool:
    """Tells whether an entry may be added at the end of a text that is TOML."""
    try:
        tomllib.loads(f"{text}\n[[accept]]\n")
    except tomllib.TOMLDecodeError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """Turns tables into entries, or says what is wrong with them."""

    name: str
    lines: _Lines
    known: Collection[str]
    today: date

    def entry(self, number: int, table: Any) -> Acceptance:
        if not isinstance(table, Mapping):
            raise self.error(
                number, "", f"it is {_short(table)}", "a table with rule, object and reason"
            )
        for key in table:
            if key not in EXPECTED:
                raise self.unknown(number, key, f"unknown key {key!r}", EXPECTED)
        rule = self.text(number, table, "rule")
        if rule not in self.known:
            raise self.unknown(number, "rule", f"there is no rule {rule!r}", self.known, rule)
        return Acceptance(
            rule=rule,
            object=self.text(number, table, "object"),
            reason=self.text(number, table, "reason"),
            expires=self.expiry(number, table.get("expires")),
            line=self.lines.header(number),
        )

    def text(self, number: int, table: Mapping[str, Any], key: str) -> str:
        value = table.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        seen = f"{key} is {_short(value)}" if key in table else f"the entry has no {key}"
        raise self.error(number, key, seen, EXPECTED[key])

    def expiry(self, number: int, value: Any) -> date | None:
        if value is None:
            return None
        day = _day(value)
        if day is None:
            raise self.error(number, "expires", f"expires is {_short(value)}", EXPECTED["expires"])
        if day < self.today:
            seen = f"the entry expired on {day.isoformat()}"
            expected = "the finding to be mended by then, or a later day"
            raise self.error(number, "expires", seen, expected)
        return day

    def unknown(
        self, number: int, key: str, seen: str, known: Collection[str], word: str = ""
    ) -> UsageError:
        near = nearest(word or key, known)
        expected = " or ".join(near) if near else ""
        if not expected:
            expected = "a name that harness audit --list-rules lists" if word else ", ".join(known)
        return self.error(number, key, seen, expected)

    def error(self, number: int, key: str, seen: str, expected: str) -> UsageError:
        line = self.lines.key(number, key) or self.lines.header(number)
        where = f"{self.name}:{line}" if line else f"{self.name}, entry {number + 1},"
        return _refused(where, seen, expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """Where entries stand; TOML readers do not tell, so the text is looked through."""

    blocks: tuple[tuple[int, str], ...] = ()

    @classmethod
    def of(cls, text: str, number: int) -> _Lines:
        """Returns the lines of the entries; none where they are not written as expected."""
        starts = [found.start() for found in HEADER.finditer(text)]
        if len(starts) != number:
            return cls()
        blocks = [text[a:b] for a, b in pairwise([*starts, len(text)])]
        before = text[: starts[0]].count("\n") + 1 if starts else 1
        lines = accumulate((block.count("\n") for block in blocks), initial=before)
        return cls(blocks=tuple(zip(lines, blocks, strict=False)))

    def header(self, number: int) -> int:
        return self.blocks[number][0] if self.blocks else 0

    def key(self, number: int, key: str) -> int:
        if not self.blocks or not key:
            return 0
        first, block = self.blocks[number]
        pattern = rf"""^[ \t]*["']?{re.escape(key)}["']?[ \t]*="""
        found = re.search(pattern, block, re.MULTILINE)
        return first + block.count("\n", 0, found.start()) if found else 0


def _tables(text: str, name: str) -> list[Any]:
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        where = f"{name}:{line[1]}" if line else name
        raise _refused(where, str(error), "a TOML file of [[accept]] tables") from error
    except RecursionError as error:
        raise _refused(name, "it is nested too deep", "[[accept]] tables") from error
    for key in read:
        if key != "accept":
            where = f"{name}:{line_of}" if (line_of := _line_of(key, text)) else name
            raise _refused(where, f"unknown key {key!r}", "[[accept]] tables and nothing else")
    tables = read.get("accept", [])
    if not isinstance(tables, list):
        seen = f"accept is {_short(tables)}"
        raise _refused(name, seen, "[[accept]], with two brackets, for each entry")
    return tables


def _line_of(key: str, text: str) -> int:
    found = re.search(rf"""^[ \t\[]*["']?{re.escape(key)}\b""", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 0


def _short(value: object) -> str:
    return reprlib.repr(value)


def _refused(where: str, seen: str, expected: str) -> UsageError:
    return UsageError(
        attempted="Reading the baseline",
        subject=where,
        seen=seen,
        expected=expected,
        next_step="correct it there; docs/audit.md describes the file",
    )


def _day(value: Any) -> date | None:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None
