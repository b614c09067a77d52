"""Reads numbers and quoted strings as Go writes them.

Source: Go `strconv.Unquote`, `strconv.ParseInt` with base 0, and `newNumber` of
`text/template/parse/node.go`.
"""

from __future__ import annotations

import re

from harness.repo.gotemplate.errors import TemplateError
from harness.repo.gotemplate.nodes import Number

_ESCAPE = re.compile(
    r"\\(?:(?P<simple>[abfnrtv\\'\"])|(?P<octal>[0-7]{3})|x(?P<hex>[0-9a-fA-F]{2})"
    r"|u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8})|(?P<bad>.?))",
    re.DOTALL,
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_INTEGER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|0[0-7_]*|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[+-]?(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BASES = {"x": 16, "X": 16, "o": 8, "O": 8, "b": 2, "B": 2}
LARGEST = 2**63 - 1


def unquoted(source: str) -> str:
    """Returns the text of a quoted string.

    Raises:
        TemplateError: An escape is none of Go's.
    """
    if source.startswith("`"):
        return source[1:-1].replace("\r", "")
    return _ESCAPE.sub(_unescaped, source[1:-1])


def _unescaped(match: re.Match[str]) -> str:
    if match["simple"]:
        return _SIMPLE.get(match["simple"], match["simple"])
    if match["octal"]:
        return chr(int(match["octal"], 8))
    code = match["hex"] or match["short"] or match["long"]
    if not code or int(code, 16) > 0x10FFFF:
        message = "invalid syntax"
        raise TemplateError(message)
    return chr(int(code, 16))


def number(text: str) -> Number:
    """Returns a number token with all it may stand for.

    Raises:
        TemplateError: It is no number, or larger than an int.
    """
    if text.startswith("'"):
        return Number(text, _character(text), None, is_written_as_float=False)
    integer = _integer(text) if _INTEGER.fullmatch(text) else None
    floating = float(text.replace("_", "")) if _FLOAT.fullmatch(text) else None
    written = any(c in text for c in ".eEpP") and not text.lower().lstrip("+-").startswith("0x")
    if integer is None and floating is not None and not written:
        message = f'integer overflow: "{text}"'
        raise TemplateError(message)
    if integer is None and floating is None:
        message = f'illegal number syntax: "{text}"'
        raise TemplateError(message)
    if integer is None and floating is not None and floating.is_integer():
        integer = int(floating)
    return Number(text, integer, _as_float(integer, floating), is_written_as_float=written)


def _as_float(integer: int | None, floating: float | None) -> float | None:
    return float(integer) if floating is None and integer is not None else floating


def _integer(text: str) -> int | None:
    digits = text.lstrip("+-").replace("_", "")
    base = _BASES.get(digits[1:2], 8 if digits.startswith("0") and len(digits) > 1 else 10)
    value = int(digits[2:] if base != 10 and digits[1:2] in _BASES else digits, base)
    value = -value if text.startswith("-") else value
    return value if -LARGEST - 1 <= value <= LARGEST else None


def _character(text: str) -> int:
    inner = unquoted(text)
    if len(inner) != 1:
        message = f"malformed character constant: {text}"
        raise TemplateError(message)
    return ord(inner)
