"""Wildcard patterns as Argo CD compares them, in bounded time also for hostile ones. Pure.

`*`, `?`, `[a-z]` and `{a,b}` of gobwas/glob, which Argo CD uses for repositories and destinations;
with a separator `*` and `?` stop at it and `**` does not. `matches_kind` is Go's `filepath.Match`,
which Argo CD uses for groups and kinds. A pattern that is too long or not well formed is not
compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 500
MOST_ALTERNATIVES = 50


class UnknownPatternError(Exception):
    """The pattern is not compared here."""


@dataclass(frozen=True, slots=True)
class Token:
    """One sign of a pattern: which characters it takes, and whether any number of them."""

    accepts: Callable[[str], bool]
    is_star: bool = False


def matches(pattern: str, value: str, separator: str = "") -> bool:
    """Tells whether a value matches a pattern as a whole.

    Raises:
        UnknownPatternError: The pattern is too long, or not well formed.
    """
    return any(_runs(tokens, value[:LONGEST]) for tokens in _compiled(pattern, separator))


def matches_kind(pattern: str, value: str) -> bool:
    """Tells whether a group or kind matches; a pattern that is not well formed matches nothing."""
    try:
        return _runs(tuple(_tokens(pattern, "/")), value)
    except UnknownPatternError:
        return False


@lru_cache(maxsize=2048)
def _compiled(pattern: str, separator: str) -> tuple[tuple[Token, ...], ...]:
    if len(pattern) > LONGEST:
        raise UnknownPatternError(pattern)
    return tuple(tuple(_tokens(each, separator)) for each in _alternatives(pattern))


def _alternatives(pattern: str) -> list[str]:
    """Returns the patterns that the braces of one stand for."""
    waiting, found = [pattern], []
    while waiting:
        each = waiting.pop()
        start = each.rfind("{")
        end = each.find("}", start)
        if start < 0:
            found.append(each)
            continue
        if end < 0 or len(waiting) + len(found) > MOST_ALTERNATIVES:
            raise UnknownPatternError(pattern)
        words = each[start + 1 : end].split(",")
        waiting.extend(f"{each[:start]}{word}{each[end + 1 :]}" for word in words)
    return found


def _tokens(pattern: str, separator: str) -> Iterator[Token]:
    at = 0
    while at < len(pattern):
        token, at = _token(pattern, at, separator)
        yield token


def _token(pattern: str, at: int, separator: str) -> tuple[Token, int]:
    sign = pattern[at]
    if sign == "*":
        stars = len(pattern) - at - len(pattern[at:].lstrip("*"))
        stops = separator if stars == 1 else ""
        return Token(lambda char: char != stops, is_star=True), at + stars
    if sign == "?":
        return Token(lambda char: char != separator), at + 1
    if sign == "[":
        end = pattern.find("]", at + 2)
        if end < 0:
            raise UnknownPatternError(pattern)
        return Token(_class(pattern[at + 1 : end])), end + 1
    return Token(lambda char: char == sign), at + 1


def _class(content: str) -> Callable[[str], bool]:
    is_negated = content[:1] in {"!", "^"}
    bare = content[1:] if is_negated else content

    def accepts(char: str) -> bool:
        ranges = (bare[i : i + 3] for i in range(len(bare) - 2) if bare[i + 1] == "-")
        is_inside = char in bare or any(r[0] <= char <= r[2] for r in ranges)
        return is_inside is not is_negated

    return accepts


def _runs(tokens: tuple[Token, ...], value: str) -> bool:
    """Follows all ways through a pattern at once: time is length times length at most."""
    states = _skipped(tokens, {0})
    for char in value:
        ahead = set()
        for state in states:
            if state < len(tokens) and tokens[state].accepts(char):
                ahead.add(state if tokens[state].is_star else state + 1)
        states = _skipped(tokens, ahead)
        if not states:
            return False
    return len(tokens) in states


def _skipped(tokens: tuple[Token, ...], states: set[int]) -> set[int]:
    """Returns the states that are reached when stars take nothing."""
    for state in sorted(states):
        at = state
        while at < len(tokens) and tokens[at].is_star:
            at += 1
            states.add(at)
    return states
