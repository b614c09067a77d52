"""`${var}` in a text, as Flux fills it in. Pure.

The forms and their quirks are those of fluxcd/pkg `envsubst` (a fork of drone/envsubst): every
default operator but a bare `-` or `+` is taken, nested variables may stand in a default, a name is
letters, digits and underscores, and a form it does not know is an error that stops the whole
Kustomization.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class SubstitutionError(Exception):
    """A form that Flux does not take; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Substituted:
    """A text with its variables filled in."""

    text: str
    unknown: frozenset[str] = frozenset()
    """Variables without value and default; they were left as they stood."""


def substituted(text: str, values: Mapping[str, str]) -> Substituted:
    """Returns the text with every variable filled in.

    Raises:
        SubstitutionError: A `${` has a form that Flux refuses.
    """
    if "$" not in text:
        return Substituted(text=text)
    reader = _Reader(text=text, values=values)
    return Substituted(text=reader.whole(), unknown=frozenset(reader.unknown))


@dataclass(slots=True)
class _Reader:
    text: str
    values: Mapping[str, str]
    at: int = 0
    unknown: set[str] = field(default_factory=set)
    depth: int = 0

    def whole(self) -> str:
        made: list[str] = []
        while self.at < len(self.text):
            dollar = self.text.find("$", self.at)
            if dollar < 0:
                dollar = len(self.text)
            made.append(self.text[self.at : dollar])
            self.at = dollar
            if self.text.startswith("${", dollar):
                made.append(self._variable())
            elif self.text.startswith("$$", dollar):
                made.append("$")
                self.at += 2
            else:
                made.append(self.text[dollar : dollar + 1])
                self.at += 1
        return "".join(made)

    def _variable(self) -> str:
        """Reads from `${` to the brace that closes it."""
        start = self.at
        self.at += 2
        measured = self._take("#")
        name = self._name()
        if not name:
            raise self._error(start)
        if measured:
            self._close(start)
            return self._of(name, start, lambda value: str(len(value.encode())))
        operator = self._operator(start)
        if operator in _DEFAULTS:
            return self._default(name, start)
        words = self._words(operator, start)
        return self._of(name, start, lambda value: _apply(operator, value, words))

    def _of(self, name: str, start: int, change: Callable[[str], str]) -> str:
        if name not in self.values:
            self.unknown.add(name)
            return self.text[start : self.at]
        return change(self.values[name])

    def _default(self, name: str, start: int) -> str:
        before = set(self.unknown)
        made = self._until_brace(start)
        value = self.values.get(name, "")
        if value:
            self.unknown = before
        return value or made

    def _until_brace(self, start: int) -> str:
        made: list[str] = []
        self.depth += 1
        while not self._take("}"):
            if self.at >= len(self.text) or self.depth > _DEEPEST:
                raise self._error(start)
            if self.text.startswith("${", self.at):
                made.append(self._variable())
            else:
                made.append(self.text[self.at])
                self.at += 1
        self.depth -= 1
        return "".join(made)

    def _words(self, operator: str, start: int) -> tuple[str, ...]:
        if operator in {"", "^", "^^", ",", ",,"}:
            self._close(start)
            return ()
        inner = self._until_brace(start)
        separator = ":" if operator == ":" else "/"
        return tuple(inner.split(separator, 1)) if operator[0] in ":/" else (inner,)

    def _operator(self, start: int) -> str:
        found = next((word for word in _OPERATORS if self.text.startswith(word, self.at)), None)
        if found is None:
            if not self.text.startswith("}", self.at):
                raise self._error(start)
            return ""
        self.at += len(found)
        return found

    def _name(self) -> str:
        start = self.at
        while self.at < len(self.text) and (
            self.text[self.at].isalnum() or self.text[self.at] == "_"
        ):
            self.at += 1
        return self.text[start : self.at]

    def _close(self, start: int) -> None:
        if not self._take("}"):
            raise self._error(start)

    def _take(self, word: str) -> bool:
        if not self.text.startswith(word, self.at):
            return False
        self.at += len(word)
        return True

    def _error(self, start: int) -> SubstitutionError:
        shown = self.text[start : start + 40].splitlines()[0]
        return SubstitutionError(f"{shown!r} is no substitution that Flux takes")


_DEEPEST = 50
_LONGEST_TRIMMED = 2_000
_DEFAULTS = frozenset({":=", ":-", ":?", ":+", "="})
_OPERATORS = (
    ":=", ":-", ":?", ":+", "=", ":", "^^", "^", ",,", ",", "##", "#", "%%", "%",
    "//", "/#", "/%", "/",
)  # fmt: skip


def _apply(operator: str, value: str, words: tuple[str, ...]) -> str:
    if not operator:
        return value
    if operator[0] in "^,":
        return _cased(operator, value)
    if operator[0] in "#%":
        return _trimmed(operator, value, words[0])
    return _part(value, words) if operator == ":" else _replaced(operator, value, words)


def _cased(operator: str, value: str) -> str:
    change = str.upper if operator[0] == "^" else str.lower
    return change(value) if len(operator) == 2 else change(value[:1]) + value[1:]


def _trimmed(operator: str, value: str, pattern: str) -> str:
    if len(value) > _LONGEST_TRIMMED:
        return value
    cuts = range(len(value) + 1)
    if operator[0] == "#":
        fitting = [n for n in cuts if fnmatch.fnmatchcase(value[:n], pattern)]
        return value[(max(fitting) if len(operator) == 2 else min(fitting)) :] if fitting else value
    fitting = [n for n in cuts if fnmatch.fnmatchcase(value[n:], pattern)]
    return value[: (min(fitting) if len(operator) == 2 else max(fitting))] if fitting else value


def _part(value: str, words: tuple[str, ...]) -> str:
    try:
        start, *rest = (int(word) for word in words)
    except ValueError:
        return value
    start = max(len(value) + start, 0) if start < 0 else start
    if not rest:
        return value[start:]
    return value[start : start + rest[0]] if rest[0] >= 0 else value[start : rest[0]]


def _replaced(operator: str, value: str, words: tuple[str, ...]) -> str:
    old, new = (*words, "")[:2]
    if operator == "//":
        return value.replace(old, new)
    if operator == "/#":
        return new + value.removeprefix(old) if value.startswith(old) else value
    if operator == "/%":
        return value.removesuffix(old) + new if value.endswith(old) else value
    return value.replace(old, new, 1)
