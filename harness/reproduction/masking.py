"""Takes secrets out of the members of an archive, and finds those that are still in it. Pure.

Two kinds: values that the run knows (in every spelling of `harness.reproduction.spellings`), and
what gives itself away by its form: private keys, logins of registries, bearer tokens. The same
search that masks is run again over the finished archive, so that its absence is seen, not assumed.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from harness.model.secret import MASK, Secret
from harness.reproduction.spellings import all_spellings

VALUE = "secret value"
KEY = "private key"
LOGIN = "registry login"
TOKEN = "token"  # noqa: S105 -- the word, not one
UNREADABLE = "compressed data that cannot be searched"
GZIP_MAGIC = b"\x1f\x8b"
LARGEST_UNPACKED = 1 << 29
_MASK = MASK.encode()
# Every repetition is bounded or possessive: what is searched may be made to take for ever.
_KEY = re.compile(
    rb"-----BEGIN (?:[A-Z0-9 ]{1,20} )?PRIVATE KEY-----"
    rb"(?P<body>(?:[A-Za-z0-9+/=\s\\:,.]|-(?!-)){24,20000}+)"
)
_KEY_MATERIAL = re.compile(rb"[A-Za-z0-9+/=]{24}")
_AUTH = re.compile(
    rb'\\{0,8}"(?:auth|identitytoken|registrytoken)\\{0,8}"\s{0,8}:\s{0,8}'
    rb'\\{0,8}"(?P<body>[A-Za-z0-9+/=_.-]{8,4000}+)\\{0,8}"'
)
_PIECE = rb"[A-Za-z0-9_-]{10,2000}+"
_JWT = re.compile(rb"(?P<body>eyJ" + _PIECE + rb"\.eyJ" + _PIECE + rb"\." + _PIECE + rb")")
_BASE64 = re.compile(rb"(?<![A-Za-z0-9+/])(?P<body>[A-Za-z0-9+/]{64,}={0,2})")
_FORMS = ((KEY, _KEY), (LOGIN, _AUTH), (TOKEN, _JWT))


class Masker:
    """Knows the secrets of a run; masks them, and tells where they are."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._forms = all_spellings(secret.reveal() for secret in secrets)

    def masked(self, data: bytes) -> tuple[bytes, Counter[str]]:
        """Returns the data without secrets, and how many of each kind were taken out.

        Compressed data is masked inside; what cannot be unpacked, so not searched, becomes empty.
        """
        if not data.startswith(GZIP_MAGIC):
            return self._masked(data)
        inner = _unpacked(data)
        if inner is None:
            return b"", Counter({UNREADABLE: 1})
        found, counts = self._masked(inner)
        return (gzip.compress(found, mtime=0), counts) if counts else (data, counts)

    def found(self, data: bytes) -> Counter[str]:
        """Returns how many secrets of each kind the data shows."""
        return self.masked(data)[1]

    def _masked(self, data: bytes) -> tuple[bytes, Counter[str]]:
        counts: Counter[str] = Counter()
        for form in self._forms:  # bytes.replace is many times faster than one big pattern
            if times := data.count(form):
                data = data.replace(form, _MASK)
                counts[VALUE] += times
        for what, pattern in _FORMS:
            data = pattern.sub(_counting(what, counts, _is_secret), data)
        data = _BASE64.sub(_counting(KEY, counts, self._hides_something), data)
        return data, +counts

    def _hides_something(self, text: bytes) -> bool:
        """Tells whether a run of base64 holds a secret that shows only when decoded."""
        try:
            inner = base64.b64decode(text + b"=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            return False
        found = (match for _, pattern in _FORMS for match in pattern.finditer(inner))
        return any(_is_secret(match["body"]) for match in found)


def _is_secret(body: bytes) -> bool:
    """Tells key material, logins and tokens from words about them."""
    return bool(_KEY_MATERIAL.search(body)) or not re.search(rb"\s", body)


def _counting(
    what: str, counts: Counter[str], wanted: Callable[[bytes], bool]
) -> Callable[[re.Match[bytes]], bytes]:
    def replace(match: re.Match[bytes]) -> bytes:
        body = match["body"]
        if body.strip() == _MASK or not wanted(body):
            return match[0]
        counts[what] += 1
        return match[0].replace(body, _MASK)

    return replace


def _unpacked(data: bytes) -> bytes | None:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        inner = unpacker.decompress(data, LARGEST_UNPACKED)
    except zlib.error:
        return None
    return inner if unpacker.eof or not unpacker.unconsumed_tail else None


def told(counts: Counter[str]) -> Iterator[tuple[str, int]]:
    """Yields the kinds of what was found, in a stable order."""
    yield from sorted(counts.items())
