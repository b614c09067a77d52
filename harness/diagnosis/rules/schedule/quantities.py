"""Resource quantities: read as the API writes them, said as a person writes them. Pure.

The grammar is that of `resource.Quantity` (Kubernetes API conventions): a number with a binary
suffix (Ki ... Ei), a decimal one (n, u, m, k ... E) or an exponent. What does not follow it is
None, so that nobody calculates with a guess.
"""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR, Decimal
from typing import Any

_GRAMMAR = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE]))?")
_BINARY = {f"{letter}i": Decimal(1024) ** (i + 1) for i, letter in enumerate("KMGTPE")}
_DECIMAL = {letter: Decimal(1000) ** (i - 3) for i, letter in enumerate("num")}
_DECIMAL |= {letter: Decimal(1000) ** (i + 1) for i, letter in enumerate("kMGTPE")}
_FACTORS = {**_BINARY, **_DECIMAL, "": Decimal(1)}
_BYTES = ("memory", "ephemeral-storage", "hugepages-", "storage")


def quantity(text: Any) -> Decimal | None:
    """Returns the number that a quantity stands for; None when it is none."""
    found = _GRAMMAR.fullmatch(str(text).strip())
    if found is None:
        return None
    number, exponent, suffix = found.groups()
    return Decimal(f"{number}{exponent or ''}") * _FACTORS[suffix or ""]


def in_words(resource: str, amount: Decimal) -> str:
    """Returns an amount of a resource as one writes it in a manifest, rounded down."""
    if resource == "cpu":
        whole = amount == amount.to_integral_value()
        return _plain(amount) if whole else f"{_plain(_floor(amount * 1000))}m"
    if resource.startswith(_BYTES):
        return _bytes(amount)
    return _plain(amount)


def _bytes(amount: Decimal) -> str:
    for suffix in ("Gi", "Mi", "Ki"):
        value = amount / _BINARY[suffix]
        if value >= 1:
            return f"{_plain(_floor(value * 10) / 10)}{suffix}"
    return _plain(amount)


def _floor(value: Decimal) -> Decimal:
    return value.to_integral_value(rounding=ROUND_FLOOR)


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
