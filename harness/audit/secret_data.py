"""The values of a declared Secret as far as they can be read here; they never leave this package.

Encrypted values (SOPS, Vault references, git-crypt) and placeholders are told apart from values,
because somebody fills them in later. `data` is standard base64 with padding, line breaks allowed
(Go `encoding/base64`); `stringData` wins over it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from harness.audit.reading import is_placeholder, mapping

Object = dict[str, Any]
_STUB = re.compile(
    r"((?i:change[-_ ]?(me|it|this)|replace[-_ ]?(me|this|with)|place[-_ ]?holder|your[-_ ]|"
    r"fill[-_ ]?(me|in)|insert[-_ ])[\w .!:/-]{0,60}|TODO\b[\w .!:/-]{0,60}|[xX]{3,}|\.{3,})"
)
_LATER = ("ENC[", "vault:", "ref+", "op://", "secretref:", "!vault", "AQICAH")


def is_filled_later(value: str) -> bool:
    """Tells whether a value is encrypted or refers to a store, so that it is not the real one."""
    return not value.strip() or value.lstrip().startswith(_LATER) or is_stub(value)


def is_stub(value: str) -> bool:
    """Tells whether a value only says that somebody must write the real one in its place."""
    return bool(_STUB.fullmatch(value.strip()))


def is_encrypted(secret: Object) -> bool:
    """Tells whether SOPS has encrypted a Secret."""
    return isinstance(secret.get("sops"), dict)


def readable_values(secret: Object) -> Iterator[tuple[str, str, str | None]]:
    """Yields field, key and value of every entry; None for a value that is no base64.

    Placeholders in `data`, which stand for base64, are left out.
    """
    for key, value in mapping(secret.get("data")).items():
        if isinstance(value, str) and not value.startswith(_LATER) and not is_placeholder(value):
            # A stub such as CHANGEME happens to be base64.
            yield "data", str(key), value if is_stub(value) else decoded(value)
    for key, value in mapping(secret.get("stringData")).items():
        if isinstance(value, str):
            yield "stringData", str(key), value


def secret_value(secret: Object, key: str) -> str | None:
    """Returns the value of one key; None where it is absent or cannot be read here."""
    if is_encrypted(secret):
        return None
    found = {(field, name): value for field, name, value in readable_values(secret)}
    return found.get(("stringData", key)) or found.get(("data", key))


def decoded(value: str) -> str | None:
    """Returns what a base64 text stands for, unreadable bytes replaced; None for any other text."""
    try:
        raw = base64.b64decode(value.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw.decode(errors="replace")
