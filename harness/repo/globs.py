"""The three ways in which Argo CD's Git generators match paths.

Folders: Go's `path.Match`, in which `**` is no more than `*`. Files: a Git pathspec, in which `*`
spans folders; or doublestar, where Argo CD was told to (`enable-new-git-file-globbing`). Source:
Argo CD v3.5 `applicationset/generators/git.go`, `util/git/client.go`; Git `wildmatch.c`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache


class BadPatternError(ValueError):
    """The pattern is malformed; nothing matches it."""


@lru_cache(maxsize=1024)
def folder_pattern(pattern: str) -> re.Pattern[str]:
    """Returns what `path.Match` matches.

    Raises:
        BadPatternError: A class is not closed.
    """
    return re.compile(_translated(pattern, star="[^/]*", any_one="[^/]", dialect="go"), re.DOTALL)


@lru_cache(maxsize=1024)
def doublestar_pattern(pattern: str) -> re.Pattern[str]:
    """Returns what doublestar matches: `**` as a whole component spans folders, `{a,b}` chooses.

    Raises:
        BadPatternError: A class or a choice is not closed.
    """
    parts = pattern.split("/")
    text = ""
    for place, part in enumerate(parts):
        is_last = place == len(parts) - 1
        if part == "**":
            text += ".*" if is_last else "(?:[^/]+/)*"
        else:
            inner = _translated(part, star="[^/]*", any_one="[^/]", dialect="doublestar")
            text += inner + ("" if is_last else "/")
    return re.compile(text, re.DOTALL)


@lru_cache(maxsize=1024)
def pathspec_pattern(pattern: str) -> re.Pattern[str]:
    """Returns what a Git pathspec matches: wildcards that span folders, a folder with all in it."""
    exact = re.escape(pattern.rstrip("/"))
    folder = f"{exact}(?:/.*)?" if not pattern.endswith("/") else f"{exact}/.*"
    if not re.search(r"[*?\[\\]", pattern):
        return re.compile(folder if pattern else ".*", re.DOTALL)
    try:
        wild = _translated(pattern, star=".*", any_one=".", dialect="git")
    except BadPatternError:
        return re.compile(folder, re.DOTALL)
    return re.compile(f"{folder}|{wild}", re.DOTALL)


def literal_prefix(pattern: str) -> str:
    """Returns the folder that a pattern names before its first wildcard or placeholder."""
    head = re.split(r"[*?\[{\\]", pattern, maxsplit=1)[0]
    return (head if head == pattern else head.rpartition("/")[0]).strip("/")


def _translated(pattern: str, *, star: str, any_one: str, dialect: str) -> str:
    text, position, depth = "", 0, 0
    while position < len(pattern):
        character = pattern[position]
        if character == "*":
            position += len(pattern[position:]) - len(pattern[position:].lstrip("*"))
            text += star
            continue
        if character == "[":
            part, position = _class(pattern, position, dialect)
            text += part
            continue
        if character == "\\" and position + 1 >= len(pattern):
            raise BadPatternError(pattern)
        part, step, depth = _single(pattern[position : position + 2], any_one, dialect, depth)
        text += part
        position += step
    if depth:
        raise BadPatternError(pattern)
    return text


def _single(pair: str, any_one: str, dialect: str, depth: int) -> tuple[str, int, int]:
    """Returns the expression of one character, how far to go, and how deep choices are nested."""
    character = pair[0]
    if character == "\\":
        return re.escape(pair[1]), 2, depth
    if character == "?":
        return any_one, 1, depth
    if dialect == "doublestar":
        if character == "{":
            return "(?:", 1, depth + 1
        if character in ",}" and depth:
            return ("|", 1, depth) if character == "," else (")", 1, depth - 1)
    return re.escape(character), 1, depth


def _class(pattern: str, start: int, dialect: str) -> tuple[str, int]:
    """Returns the expression of a `[class]` and where it ends."""
    negations = "^" if dialect == "go" else "^!"
    position = start + 1
    negated = pattern[position : position + 1] in set(negations)
    position += negated
    parts: list[str] = []
    for text, end in _class_parts(pattern, position, dialect):
        position = end
        if text:
            parts.append(text)
    if not parts:
        raise BadPatternError(pattern)
    never = "(?!/)" if dialect == "doublestar" else ""
    return f"{never}[{'^' if negated else ''}{''.join(parts)}]", position


def _class_parts(pattern: str, position: int, dialect: str) -> Iterator[tuple[str, int]]:
    first = True
    while True:
        if position >= len(pattern) or pattern.startswith("[:", position):
            raise BadPatternError(pattern)
        if pattern[position] == "]" and not (first and dialect == "git"):
            yield "", position + 1
            return
        first = False
        if dialect != "git" and pattern[position] == "-":
            raise BadPatternError(pattern)
        low, position = _class_character(pattern, position)
        following = pattern[position + 1 : position + 2]
        if pattern[position : position + 1] == "-" and (following != "]" or dialect != "git"):
            if dialect != "git" and following in {"-", "]"}:
                raise BadPatternError(pattern)
            high, position = _class_character(pattern, position + 1)
            yield (f"{re.escape(low)}-{re.escape(high)}" if low <= high else ""), position
        else:
            yield re.escape(low), position


def _class_character(pattern: str, position: int) -> tuple[str, int]:
    if pattern[position : position + 1] == "\\":
        position += 1
    if position >= len(pattern):
        raise BadPatternError(pattern)
    return pattern[position], position + 1
