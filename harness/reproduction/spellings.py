"""Every spelling in which a secret may stand in a file, as bytes. Pure.

A value appears as it is, inside JSON strings, in addresses, and in base64 at each of the three
places it can have inside longer data (Kubernetes Secrets, `auth` of a docker configuration).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

SHORTEST = 6
"""Shorter values are found in innocent text; they are not searched for, and that is said."""
SHORTEST_ENCODED = 8
"""Shorter pieces of base64 are found in innocent text."""


def spellings(value: str) -> tuple[bytes, ...]:
    """Returns each spelling of a value, the longest first so that none hides in another."""
    found: set[bytes] = set()
    for text in {value, value.strip()}:
        found |= {form.encode("utf-8", "surrogatepass") for form in _plain(text)}
        found.update(_in_base64(text.encode("utf-8", "surrogatepass")))
    return tuple(sorted((f for f in found if len(f) >= SHORTEST), key=len, reverse=True))


def all_spellings(values: Iterable[str]) -> tuple[bytes, ...]:
    """Returns the spellings of many values, the longest first; those too short are left out."""
    found = {form for value in values if is_searchable(value) for form in spellings(value)}
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


def is_searchable(value: str) -> bool:
    """Tells whether a value is long enough to be told from innocent text."""
    return len(value.strip()) >= SHORTEST


def _plain(text: str) -> Iterator[str]:
    yield text
    yield quote(text, safe="")
    yield quote_plus(text)
    for ascii_only in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield once
        yield once.replace("/", "\\/")
        yield json.dumps(once)[1:-1]  # a JSON text inside a JSON string


def _in_base64(data: bytes) -> Iterator[bytes]:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            text = encode(bytes(shift) + data).rstrip(b"=")
            first = (0, 2, 3)[shift]
            last = len(text) if (shift + len(data)) % 3 == 0 else len(text) - 1
            if last - first >= SHORTEST_ENCODED:
                yield text[first:last]
