"""A secret value that cannot be printed by accident.

`repr`, `str` and formatting show a mask; only `reveal()` gives the value away, so a reviewer
finds every place that uses it. `redact` removes known values from any text that leaves us.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

MASK = "********"


@final
class Secret:
    """Holds one secret string; equality is allowed, printing is not."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Returns the value itself; the caller must not print it."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """Returns `text` with every known secret of four characters or more masked."""
    for secret in secrets:
        value = secret.reveal()
        if len(value) >= 4:
            text = text.replace(value, MASK)
    return text
