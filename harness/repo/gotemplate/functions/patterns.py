"""Sprig's regular expressions, in the dialect that Go and Python share.

A pattern that could mean something else in Go, or take for ever in Python, is "not resolvable
here". Source: Masterminds sprig v3.3.0 `regex.go`; Go `regexp/syntax`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.repo.gotemplate.errors import TemplateError, UnresolvableError
from harness.repo.gotemplate.signatures import INT, STRING, Function, of
from harness.repo.gotemplate.values import NilList, StringList

LONGEST = 10_000
"""Characters that a pattern is tried on."""
_NOT_IN_GO = re.compile(r"\(\?(?:=|!|<=|<!|>|\()|\\[1-9]|[*+?}]\+")
_NOT_SHARED = re.compile(
    r"\[\[:|\\[pPQEzZCk]|\(\?[a-zA-Z-]*[-sUxLu]|(?<!^)\(\?[a-zA-Z]+\)|&&|--|~~|\|\|"
)
_EXPLOSIVE = re.compile(r"[*+}][^()]*\)(?:[*+{]|\?[*+])")


class _BadPatternError(TemplateError):
    """Go refuses the pattern."""


def compiled(pattern: str) -> re.Pattern[str]:
    """Returns the pattern for Python.

    Raises:
        TemplateError: Go refuses it.
        UnresolvableError: It may mean something else here.
    """
    if _NOT_IN_GO.search(pattern):
        message = f"error parsing regexp: invalid or unsupported Perl syntax: `{pattern}`"
        raise _BadPatternError(message)
    if _NOT_SHARED.search(pattern) or _EXPLOSIVE.search(pattern):
        message = f"the regular expression {pattern!r}"
        raise UnresolvableError(message)
    try:
        return re.compile(_end_of_text(pattern), re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        message = f"error parsing regexp: {error}"
        raise _BadPatternError(message) from error


def _end_of_text(pattern: str) -> str:
    """Writes a `$` outside of classes as Python's end of the whole text."""
    parts = re.findall(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", pattern, re.DOTALL)
    return "".join(r"\Z" if part == "$" else part for part in parts)


def _matches(pattern: str, text: str) -> Iterator[re.Match[str]]:
    """Yields matches as Go counts them: none that is empty at the end of the last one."""
    if len(text) > LONGEST:
        message = f"a regular expression on {len(text)} characters"
        raise UnresolvableError(message)
    end = -1
    for match in compiled(pattern).finditer(text):
        if match.start() == match.end() == end:
            continue
        end = match.end()
        yield match


def matches(pattern: str, text: str) -> bool:
    """Tells whether a pattern matches somewhere.

    Raises:
        TemplateError: Go refuses the pattern.
        UnresolvableError: It may mean something else here.
    """
    return next(_matches(pattern, text), None) is not None


def _match(pattern: str, text: str) -> bool:
    try:
        return matches(pattern, text)
    except _BadPatternError:
        return False


def _find(pattern: str, text: str) -> str:
    return next((match[0] for match in _matches(pattern, text)), "")


def _find_all(pattern: str, text: str, count: int) -> list[str]:
    found = [match[0] for match in _matches(pattern, text)]
    chosen = found if count < 0 else found[:count]
    return StringList(chosen) if chosen else NilList()


def _replaced(pattern: str, text: str, replacement: str, *, is_literal: bool) -> str:
    parts, end = [], 0
    for match in _matches(pattern, text):
        made = replacement if is_literal else _expanded(replacement, match)
        parts += [text[end : match.start()], made]
        end = match.end()
    return "".join([*parts, text[end:]])


def _replace(pattern: str, text: str, replacement: str) -> str:
    return _replaced(pattern, text, replacement, is_literal=False)


def _replace_literal(pattern: str, text: str, replacement: str) -> str:
    return _replaced(pattern, text, replacement, is_literal=True)


def _expanded(replacement: str, match: re.Match[str]) -> str:
    def group(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        name = found[1] or found[2]
        try:
            return match[int(name) if name.isdigit() else name] or ""
        except IndexError:
            return ""

    return re.sub(r"\$\$|\$\{(\w+)\}|\$(\w+)", group, replacement)


def _split(pattern: str, text: str, count: int) -> StringList:
    if count == 0:
        return StringList()
    if pattern and not text:
        return StringList([""])
    parts: list[str] = []
    start = 0
    for match in _matches(pattern, text):
        if 0 < count <= len(parts) + 1:
            break
        if match.end() == 0:
            continue
        parts.append(text[start : match.start()])
        start = match.end()
    if start != len(text) or not parts or match.start() != len(text):
        parts.append(text[start:])
    return StringList(parts)


def _quote_meta(text: str) -> str:
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


FUNCTIONS: dict[str, Function] = {
    "regexMatch": of(_match, STRING, STRING),
    "mustRegexMatch": of(matches, STRING, STRING),
    "regexFind": of(_find, STRING, STRING),
    "mustRegexFind": of(_find, STRING, STRING),
    "regexFindAll": of(_find_all, STRING, STRING, INT),
    "mustRegexFindAll": of(_find_all, STRING, STRING, INT),
    "regexReplaceAll": of(_replace, STRING, STRING, STRING),
    "mustRegexReplaceAll": of(_replace, STRING, STRING, STRING),
    "regexReplaceAllLiteral": of(_replace_literal, STRING, STRING, STRING),
    "mustRegexReplaceAllLiteral": of(_replace_literal, STRING, STRING, STRING),
    "regexSplit": of(_split, STRING, STRING, INT),
    "mustRegexSplit": of(_split, STRING, STRING, INT),
    "regexQuoteMeta": of(_quote_meta, STRING),
}
