"""Resource quantities of manifests that nobody has checked yet. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from harness.diagnosis.rules.quantities import quantity

_LONGEST = 64


def amount(value: Any) -> Decimal | None:
    """Returns what a quantity stands for; None for anything that is none, or beyond all measure."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if len(str(value)) > _LONGEST:
        return None
    try:
        return quantity(value)
    except ArithmeticError:
        return None
