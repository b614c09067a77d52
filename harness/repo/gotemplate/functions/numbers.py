"""Sprig's arithmetic; whole numbers are int64, which Go tells apart from int.

Source: Masterminds sprig v3.3.0 `numeric.go` and spf13/cast, which reads a string with base 0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from harness.repo.gotemplate.errors import TemplateError, UnresolvableError
from harness.repo.gotemplate.formatting import plain
from harness.repo.gotemplate.literals import LARGEST
from harness.repo.gotemplate.signatures import ANY, FLOAT, INT, STRING, Function, of
from harness.repo.gotemplate.values import Int64, IntList

MOST = 10_000
"""Numbers that `until` and `untilStep` may give here."""
_INTEGER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def integer(value: Any) -> int:
    """Returns a value as `int` and `int64` cast it; 0 where that fails."""
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value) or abs(value) > LARGEST:
            message = f"the cast of {value} to an integer"
            raise UnresolvableError(message)
        return int(value)
    return _integer_of_text(value) if isinstance(value, str) else 0


def _integer_of_text(text: str) -> int:
    text = re.sub(r"\.0*\Z", "", text) if text.lstrip("+-")[:1].isdigit() else text
    if not _INTEGER.fullmatch(text):
        return 0
    digits, sign = text.lstrip("+-"), -1 if text.startswith("-") else 1
    if len(digits) > 1 and digits.startswith("0") and digits[1].isdigit():
        value = int(digits, 8)
    else:
        value = int(digits, 0)
    return sign * value if value <= LARGEST else 0


def floating(value: Any) -> float:
    """Returns a value as `float64` casts it; 0 where that fails."""
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return float(value)
    return 0.0


def int64(value: int) -> Any:
    """Returns a whole number as the int64 that wraps around."""
    return Int64((value + LARGEST + 1) % (2 * LARGEST + 2) - LARGEST - 1)


def _int(value: Any) -> int:
    return integer(value)


def _int64(value: Any) -> Any:
    return Int64(integer(value))


def _atoi(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,1000}", text):
        return 0
    return max(-LARGEST - 1, min(LARGEST, int(text)))


def _add(*values: Any) -> Any:
    return int64(sum(integer(v) for v in values))


def _add_one(value: Any) -> Any:
    return int64(integer(value) + 1)


def _subtract(left: Any, right: Any) -> Any:
    return int64(integer(left) - integer(right))


def _multiply(first: Any, *others: Any) -> Any:
    return int64(math.prod((integer(first), *map(integer, others))))


def _divide(left: Any, right: Any) -> Any:
    return int64(_quotient(integer(left), integer(right)))


def _quotient(left: int, right: int) -> int:
    if right == 0:
        message = "runtime error: integer divide by zero"
        raise TemplateError(message)
    size = abs(left) // abs(right)
    return size if (left < 0) == (right < 0) else -size


def _modulo(left: Any, right: Any) -> Any:
    dividend, divisor = integer(left), integer(right)
    return int64(dividend - _quotient(dividend, divisor) * divisor)


def _max(first: Any, *others: Any) -> Any:
    return Int64(max(map(integer, (first, *others))))


def _min(first: Any, *others: Any) -> Any:
    return Int64(min(map(integer, (first, *others))))


def _max_float(first: Any, *others: Any) -> float:
    return max(map(floating, (first, *others)))


def _min_float(first: Any, *others: Any) -> float:
    return min(map(floating, (first, *others)))


def _decimals(values: Iterable[Any]) -> list[Decimal]:
    return [Decimal(repr(floating(v))) for v in values]


def _float(value: Decimal) -> float:
    return float(value) + 0.0  # decimals of Go know no negative zero


def _add_float(*values: Any) -> float:
    return _float(sum(_decimals(values), Decimal(0)))


def _add_one_float(value: Any) -> float:
    return _add_float(value, 1)


def _subtract_float(first: Any, *others: Any) -> float:
    return _float(_decimals([first])[0] - sum(_decimals(others), Decimal(0)))


def _multiply_float(first: Any, *others: Any) -> float:
    return _float(math.prod(_decimals((first, *others)), start=Decimal(1)))


def _floor(value: Any) -> float:
    return float(math.floor(floating(value)))


def _ceil(value: Any) -> float:
    return float(math.ceil(floating(value)))


def _round(value: Any, places: int, *limits: float) -> float:
    power = math.pow(10, places)
    digit = power * floating(value)
    part = math.modf(digit)[0]
    return (math.ceil(digit) if part >= (limits or (0.5,))[0] else math.floor(digit)) / power


def _until(count: int) -> IntList:
    return _until_step(0, count, -1 if count < 0 else 1)


def _until_step(start: int, stop: int, step: int) -> IntList:
    if (stop < start) == (step >= 0) or step == 0:
        return IntList()
    numbers = range(start, stop, step)
    if len(numbers) > MOST:
        message = f"a list of {len(numbers)} numbers"
        raise UnresolvableError(message)
    return IntList(numbers)


def _sequence(*limits: int) -> str:
    match limits:
        case (end,):
            start, step = 1, -1 if end < 1 else 1
        case (start, end):
            step = -1 if end < start else 1
        case (start, step, end):
            if end < start and step > 0:
                return ""
        case _:
            return ""
    past = end + (-1 if end < start else 1)
    return " ".join(map(str, _until_step(start, past, step)))


def _octal(value: Any) -> Any:
    text = plain(value)
    return Int64(int(text, 8) if re.fullmatch(r"[+-]?[0-7]+", text) else 0)


FUNCTIONS: dict[str, Function] = {
    "atoi": of(_atoi, STRING),
    "int": of(_int, ANY),
    "int64": of(_int64, ANY),
    "float64": of(floating, ANY),
    "toDecimal": of(_octal, ANY),
    "add1": of(_add_one, ANY),
    "add": of(_add, rest=ANY),
    "sub": of(_subtract, ANY, ANY),
    "div": of(_divide, ANY, ANY),
    "mod": of(_modulo, ANY, ANY),
    "mul": of(_multiply, ANY, rest=ANY),
    "add1f": of(_add_one_float, ANY),
    "addf": of(_add_float, rest=ANY),
    "subf": of(_subtract_float, ANY, rest=ANY),
    "mulf": of(_multiply_float, ANY, rest=ANY),
    "biggest": of(_max, ANY, rest=ANY),
    "max": of(_max, ANY, rest=ANY),
    "min": of(_min, ANY, rest=ANY),
    "maxf": of(_max_float, ANY, rest=ANY),
    "minf": of(_min_float, ANY, rest=ANY),
    "ceil": of(_ceil, ANY),
    "floor": of(_floor, ANY),
    "round": of(_round, ANY, INT, rest=FLOAT),
    "until": of(_until, INT),
    "untilStep": of(_until_step, INT, INT, INT),
    "seq": of(_sequence, rest=INT),
}
