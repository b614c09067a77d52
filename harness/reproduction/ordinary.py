"""Which secret values are searched for in an archive, and which are too ordinary for that. Pure.

A user may call a password "postgres"; searching for that would take the word out of every image
name. Such a value is taken out where it stands as a secret, and the manifest says that it was not
searched for elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.reproduction.spellings import is_searchable

_WORD = re.compile(r"[a-z][a-z-]{0,14}")
_WORDS_OF_JSON = (b'"%s"', b" %s ", b"/%s", b"%s:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """The values to search for, and what is said of the others."""

    values: frozenset[str]
    told: tuple[str, ...]


def searched(values: Iterable[str], texts: Sequence[bytes]) -> Searched:
    """Returns which values are searched for; `texts` are what they would be searched in."""
    wanted = {value for value in values if value.strip()}
    short = {value for value in wanted if not is_searchable(value)}
    words = {value for value in wanted - short if is_ordinary(value, texts)}
    told = [
        f"{len(found)} secret values {why}"
        for found, why in (
            (short, "of fewer than 6 characters"),
            (words, "that are also words of the files"),
        )
        if found
    ]
    return Searched(values=frozenset(wanted - short - words), told=tuple(told))


def is_ordinary(value: str, texts: Sequence[bytes]) -> bool:
    """Tells whether a value is a plain word that the texts use for other things, too."""
    if not _WORD.fullmatch(value):
        return False
    forms = [form % value.encode() for form in _WORDS_OF_JSON]
    return any(form in text for text in texts for form in forms)
