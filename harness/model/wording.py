"""Small forms of words that every message needs: one line, cut short, counted, listed, nearest.

Pure string work without a meaning of its own; whoever speaks decides what is said. Nearness is
difflib's ratio without regard to case; a suggestion is only made where at least half of the
characters agree, because a far-fetched one misleads.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

QUOTATION_CHARACTERS = 200
LISTED_NAMES = 8


def one_line(text: str) -> str:
    """Returns `text` on one line, every run of white space being one blank."""
    return " ".join(text.split())


def cut(text: str, limit: int = QUOTATION_CHARACTERS) -> str:
    """Returns `text` on one line of at most `limit` characters, an ellipsis for the rest."""
    line = one_line(text)
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def counted(number: int, noun: str) -> str:
    """Returns a number with its noun in the right form, by adding an s: `1 node`, `2 nodes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Iterable[str], limit: int = LISTED_NAMES) -> str:
    """Returns names in their order, e.g. `a, b and 3 more`; `none` when there are none."""
    found = [name for name in dict.fromkeys(names) if name]
    shown = ", ".join(found[:limit])
    rest = len(found) - limit
    return f"{shown} and {rest} more" if rest > 0 else shown or "none"


def nearest(name: str, names: Iterable[str], cutoff: float = 0.5) -> str:
    """Returns the other name most like `name`, or an empty text when none is near."""
    found = {n.lower(): n for n in names if n != name}
    close = get_close_matches(name.lower(), list(found), n=1, cutoff=cutoff)
    return found[close[0]] if close else ""
