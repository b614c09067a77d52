"""How Go prints values: `%v`, `%q` and the other verbs of `printf`.

Numbers out of JSON and YAML are floats in Go, so that `123456789` prints as `1.23456789e+08` and
`%d` does not fit them. Source: Go `fmt/print.go`, `fmt/format.go`, `strconv/ftoa.go`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from harness.repo.gotemplate.errors import UnresolvableError
from harness.repo.gotemplate.values import NO_VALUE, encoded, type_name


def plain(value: object) -> str:
    """Returns a value as `%v` prints it."""
    if value is None or value is NO_VALUE:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, dict):
        return f"map[{' '.join(f'{plain(k)}:{plain(value[k])}' for k in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(plain(item) for item in value)}]"
    return str(value)


def printed(value: object) -> str:
    """Returns a value as a template's action prints it."""
    return "<no value>" if value is None or value is NO_VALUE else plain(value)


def float_text(value: float) -> str:
    """Returns a float as Go's `%v` prints it: shortest digits, an exponent from 1e+06 on."""
    return shortest(value, largest=6, smallest=-4)


def shortest(value: float, *, largest: int, smallest: int) -> str:
    """Returns the shortest digits of a float, with an exponent from 10 to the power `largest` on.

    Below 10 to the power `smallest` there is an exponent, too.
    """
    if not math.isfinite(value):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(value)]
    sign = "-" if str(value).startswith("-") else ""
    digits, exponent = _digits(abs(value))
    if smallest <= exponent < largest:
        return sign + _positional(digits, exponent)
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _digits(value: float) -> tuple[str, int]:
    mantissa, _, exponent = f"{value!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    power = len(whole) - 1 + int(exponent or 0)
    if whole == "0":
        power -= len(whole + fraction) - len(digits)
    return digits.rstrip("0") or "0", power if digits else 0


def _positional(digits: str, exponent: int) -> str:
    if exponent < 0:
        return f"0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    return f"{whole}.{digits[exponent + 1 :]}" if len(digits) > exponent + 1 else whole


_ESCAPES = {
    '"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f",
    "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
}  # fmt: skip


def quoted(text: str) -> str:
    """Returns a string as `%q` prints it."""
    return f'"{"".join(_quoted_character(c) for c in text)}"'


def _quoted_character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if character.isprintable():
        return character
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_VERB = re.compile(r"%([+\-# 0]*)(\d*)(?:\.(\d*))?([^\d+\-# .])?", re.DOTALL)


def sprintf(template: str, values: Sequence[Any]) -> str:
    """Returns what Go's `printf` gives, with Go's marks where value and verb do not fit.

    Raises:
        UnresolvableError: A width out of an argument (`%*d`), a choice of argument (`%[1]s`), or a
            verb that is not known here.
    """
    rest = list(values)
    text = _VERB.sub(lambda match: _verb(match, rest), template)
    if rest:
        extra = ", ".join(_typed(value) for value in rest)
        text += f"%!(EXTRA {extra})"
    return text


def _typed(value: object) -> str:
    return "<nil>" if value is None else f"{type_name(value)}={plain(value)}"


def _verb(match: re.Match[str], rest: list[Any]) -> str:
    flags, width, precision, verb = match[1], match[2], match[3], match[4]
    if verb is None:
        return "%!(NOVERB)"
    if verb == "%":
        return "%"
    if verb in "*[":
        message = f"printf with {match[0]!r}"
        raise UnresolvableError(message)
    if not rest:
        return f"%!{verb}(MISSING)"
    value = rest.pop(0)
    text = _formatted(value, verb, flags, precision)
    if text is None:
        shown = "<nil>" if value is None else f"{type_name(value)}={plain(value)}"
        return f"%!{verb}({shown})"
    return _padded(text, flags, int(width or 0), numeric=verb in "dfeEgGxXob")


def _padded(text: str, flags: str, width: int, *, numeric: bool) -> str:
    if "-" in flags:
        return text.ljust(width)
    if "0" not in flags:
        return text.rjust(width)
    if numeric and text[:1] in {"+", "-"}:
        return text[0] + text[1:].rjust(width - 1, "0")
    return text.rjust(width, "0")


def _formatted(value: Any, verb: str, flags: str, precision: str | None) -> str | None:
    """Returns the text, or None where Go prints a mark because verb and value do not fit."""
    if verb == "T":
        return type_name(value)
    if verb in "vs" and isinstance(value, list | dict):
        return plain(value)
    for kind, known in _KINDS:
        if isinstance(value, kind):
            return known(value, verb, flags, precision)
    if verb == "v":
        return plain(value)
    if isinstance(value, list | dict):
        message = f"printf %{verb} of a {type_name(value)}"
        raise UnresolvableError(message)
    return None


def _string(value: str, verb: str, _: str, precision: str | None) -> str | None:
    text = value if precision is None else value[: int(precision or 0)]
    if verb in "vs":
        return text
    if verb == "q":
        return quoted(text)
    if verb in "xX":
        return encoded(text).hex() if verb == "x" else encoded(text).hex().upper()
    return None


def _bool(value: bool, verb: str, _: str, __: str | None) -> str | None:
    return plain(value) if verb in "vt" else None


def _int(value: int, verb: str, flags: str, precision: str | None) -> str | None:
    if precision is not None or "#" in flags:
        message = f"printf of a number with the flags of %{flags}.{precision or ''}{verb}"
        raise UnresolvableError(message)
    if verb in "qU":
        message = f"printf %{verb} of a number"
        raise UnresolvableError(message)
    bases = {"d": "d", "v": "d", "x": "x", "X": "X", "o": "o", "b": "b"}
    if verb in bases:
        return _signed(format(int(value), bases[verb]), flags)
    return _character(value) if verb == "c" else None


def _character(code: int) -> str:
    if not 0x20 <= code < 0x7F:
        message = f"printf %c of {code}"
        raise UnresolvableError(message)
    return chr(code)


def _float(value: float, verb: str, flags: str, precision: str | None) -> str | None:
    if verb in "gv" and precision is None:
        return _signed(float_text(value), flags)
    if verb in "feEgG":
        places = 6 if precision is None else int(precision or 0)
        return _signed(format(value, f".{places}{verb}"), flags)
    return None


def _signed(text: str, flags: str) -> str:
    if text.startswith("-"):
        return text
    return f"+{text}" if "+" in flags else f" {text}" if " " in flags else text


_KINDS: tuple[tuple[type, Callable[[Any, str, str, str | None], str | None]], ...] = (
    (bool, _bool),
    (int, _int),
    (float, _float),
    (str, _string),
)
