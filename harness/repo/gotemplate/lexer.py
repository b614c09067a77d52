"""Cuts a Go template into tokens: text, delimiters, and the words inside actions.

Trim markers (`{{- ` and ` -}}`) and comments are settled here. Source: Go
`text/template/parse/lex.go`.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import StrEnum

SPACES = " \t\r\n"
KEYWORDS = frozenset(
    {"block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"}
)


class TokenKind(StrEnum):
    """What a token is."""

    TEXT = "text"
    LEFT = "{{"
    RIGHT = "}}"
    SPACE = "space"
    DECLARE = ":="
    ASSIGN = "="
    PIPE = "|"
    STRING = "string"
    RAW = "raw string"
    CHARACTER = "character"
    NUMBER = "number"
    FIELD = "field"
    DOT = "."
    VARIABLE = "variable"
    WORD = "word"
    KEYWORD = "keyword"
    OPEN = "("
    CLOSE = ")"
    OTHER = "other"
    ERROR = "error"
    END = "EOF"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the template."""

    kind: TokenKind
    text: str
    line: int = 1

    def __str__(self) -> str:
        return self.kind if self.kind is TokenKind.END else f'"{self.text}"'


_RIGHT = re.compile(r"([ \t\r\n]+-)?\}\}")
_COMMENT_START = re.compile(r"\{\{(?:-[ \t\r\n])?/\*")
_COMMENT = re.compile(r"\{\{(?:-[ \t\r\n])?/\*.*?\*/([ \t\r\n]-)?\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"""
      (?P<SPACE>[ \t\r\n]+)
    | (?P<DECLARE>:=)
    | (?P<ASSIGN>=)
    | (?P<PIPE>\|)
    | (?P<STRING>"(?:\\[^\n]|[^"\\\n])*")
    | (?P<RAW>`[^`]*`)
    | (?P<CHARACTER>'(?:\\[^\n]|[^'\\\n])*')
    | (?P<NUMBER>[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+
        |(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?)|[+-])
    | (?P<FIELD>\.[^\W\d]\w*)
    | (?P<DOT>\.)
    | (?P<VARIABLE>\$\w*)
    | (?P<WORD>\w+)
    | (?P<OPEN>\()
    | (?P<CLOSE>\))
    | (?P<OTHER>[!#%&*,;<>?@^_{}~/\[\]-])
    """,
    re.VERBOSE,
)
_AFTER_NAME = re.compile(r"[ \t\r\n.,|:)(]|\}\}|\Z")
_NAMES = {TokenKind.FIELD, TokenKind.VARIABLE, TokenKind.WORD}


def tokens(text: str) -> Iterator[Token]:
    """Yields the tokens of a template; the last one is END or ERROR."""
    position = 0
    while True:
        start = text.find("{{", position)
        line = text.count("\n", 0, position) + 1
        before = text[position:] if start < 0 else text[position:start]
        if (
            start >= 0
            and text[start + 2 : start + 3] == "-"
            and text[start + 3 : start + 4].isspace()
        ):
            before = before.rstrip(SPACES)
        if before:
            yield Token(TokenKind.TEXT, before, line)
        if start < 0:
            yield Token(TokenKind.END, "", line)
            return
        position = yield from _comment_or_action(text, start)
        if position < 0:
            return


def _comment_or_action(text: str, start: int) -> Generator[Token, None, int]:
    """Yields the tokens of what starts at a `{{`; returns where it ends, -1 after an error."""
    line = text.count("\n", 0, start) + 1
    if not _COMMENT_START.match(text, start):
        yield Token(TokenKind.LEFT, "{{", line)
        trims = text[start + 2 : start + 3] == "-" and text[start + 3 : start + 4].isspace()
        return (yield from _inside(text, start + (4 if trims else 2), line))
    comment = _COMMENT.match(text, start)
    if comment is None:
        yield Token(TokenKind.ERROR, "unclosed comment", line)
        return -1
    return _after(text, comment)


def _after(text: str, delimiter: re.Match[str]) -> int:
    end = delimiter.end()
    return len(text) - len(text[end:].lstrip(SPACES)) if delimiter[1] else end


def _inside(text: str, position: int, line: int) -> Generator[Token, None, int]:
    depth = 0
    while True:
        right = _RIGHT.match(text, position)
        if right:
            if depth:
                yield Token(TokenKind.ERROR, "unclosed left paren", line)
                return -1
            yield Token(TokenKind.RIGHT, "}}", line)
            return _after(text, right)
        token = _token(text, position, line)
        depth += {TokenKind.OPEN: 1, TokenKind.CLOSE: -1}.get(token.kind, 0)
        if depth < 0:
            token = Token(TokenKind.ERROR, "unexpected right paren", line)
        yield token
        if token.kind is TokenKind.ERROR:
            return -1
        position += len(token.text)


def _token(text: str, position: int, line: int) -> Token:
    match = _TOKEN.match(text, position)
    if match is None or match.lastgroup is None:
        return Token(TokenKind.ERROR, _complaint(text, position), line)
    kind, word, end = TokenKind[match.lastgroup], match[0], match.end()
    if kind in _NAMES and word != "$" and not _AFTER_NAME.match(text, end):
        return Token(TokenKind.ERROR, f"bad character {_shown(text[end])}", line)
    if kind is TokenKind.NUMBER and re.match(r"\w", text[end:]):
        return Token(TokenKind.ERROR, f'bad number syntax: "{word}{text[end]}"', line)
    if kind is TokenKind.WORD and word in KEYWORDS:
        kind = TokenKind.KEYWORD
    return Token(kind, word, line)


def _complaint(text: str, position: int) -> str:
    if position >= len(text):
        return "unclosed action"
    if text[position] in {'"', "`", "'"}:
        return "unterminated quoted string"
    if text[position] == ":":
        return "expected :="
    return f"unrecognized character in action: {_shown(text[position])}"


def _shown(character: str) -> str:
    return f"U+{ord(character):04X} {character!r}"
