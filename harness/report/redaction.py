"""Makes a run fit to leave the machine: secrets masked, control characters removed.

Works on the record, before any format is rendered: there a secret still has its own spelling, not
the one that JSON, XML or HTML escaping would give it. Also masks what people overlook: a secret
inside base64 (Kubernetes Secrets, `auth` of a docker config) or inside a URL.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any
from urllib.parse import quote, quote_plus

from harness.model.errors import HarnessError
from harness.model.run import RunRecord
from harness.model.secret import Secret, redact
from harness.report.failure import error_of_kind, error_parts
from harness.report.wording import clean

SHORTEST = 4
"""`harness.model.secret.redact` masks nothing shorter."""
SHORTEST_ENCODED = 8
"""Shorter pieces of base64 are found in innocent text."""


def masked(text: str, secrets: Iterable[Secret]) -> str:
    """Returns `text` cleaned, with every secret masked in each spelling it may have."""
    forms = list(_forms(secrets))
    return redact(clean(redact(text, forms)), forms) if forms else clean(text)


def presentable(run: RunRecord, secrets: Iterable[Secret] = ()) -> RunRecord:
    """Returns a copy of the run in which every text is masked and cleaned."""
    forms = list(_forms(secrets))
    shown: RunRecord = _rewritten(run, lambda text: redact(clean(redact(text, forms)), forms))
    return shown


def _forms(secrets: Iterable[Secret]) -> Iterator[Secret]:
    """Yields each secret in every spelling, the longest first so that none hides in another."""
    found: set[str] = set()
    for secret in secrets:
        value = secret.reveal()
        if len(value) >= SHORTEST:
            found |= {value, clean(value), value.strip(), quote(value, safe=""), quote_plus(value)}
            found.update(_encoded(value.encode()))
    for form in sorted(found, key=len, reverse=True):
        yield Secret(form)


def _encoded(value: bytes) -> Iterator[str]:
    """Yields the base64 of a value at each of the three places it may have inside longer data."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            text = encode(bytes(shift) + value).decode().rstrip("=")
            first = (0, 2, 3)[shift]
            last = len(text) if (shift + len(value)) % 3 == 0 else len(text) - 1
            if last - first >= SHORTEST_ENCODED:
                yield text[first:last]


def _rewritten(value: Any, rewrite: Callable[[str], str]) -> Any:
    """Returns a copy of a value of the model with every text rewritten; words stay as they are."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return rewrite(value)
    if isinstance(value, HarnessError):
        parts = {name: rewrite(text) for name, text in error_parts(value).items()}
        return error_of_kind(type(value).__name__, parts)
    if isinstance(value, (list, tuple)):
        return type(value)(_rewritten(item, rewrite) for item in value)
    if isinstance(value, dict):
        return {_rewritten(k, rewrite): _rewritten(v, rewrite) for k, v in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: _rewritten(getattr(value, f.name), rewrite) for f in fields(value)}
        return replace(value, **changed)
    return value
