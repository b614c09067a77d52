"""Words that several rules need: cut quotations, lists of names, the nearest of some names. Pure.

Nearness is difflib's ratio without regard to case; a suggestion is only made where at least half
of the characters agree, because a far-fetched one misleads.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

QUOTATION_CHARACTERS = 200
LISTED_NAMES = 8


def cut(text: str, limit: int = QUOTATION_CHARACTERS) -> str:
    """Returns a text on one line, the end replaced by an ellipsis where it is too long."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def listed(names: Iterable[str], limit: int = LISTED_NAMES) -> str:
    """Returns names in their order, e.g. `a, b and 3 more`; `none` when there are none."""
    found = [name for name in dict.fromkeys(names) if name]
    shown = ", ".join(found[:limit])
    rest = len(found) - limit
    return f"{shown} and {rest} more" if rest > 0 else shown or "none"


def nearest(name: str, names: Iterable[str], cutoff: float = 0.5) -> str:
    """Returns the name most like `name`, or an empty text when none is near."""
    found = {n.lower(): n for n in names if n != name}
    close = get_close_matches(name.lower(), list(found), n=1, cutoff=cutoff)
    return found[close[0]] if close else ""
