"""What a scalar of a manifest means to Kubernetes' tools: text, number, boolean or null.

`kubectl`, Argo CD and Helm read YAML through sigs.k8s.io/yaml, whose scalars are those of go-yaml
2: `yes` and `on` are booleans, `0644` and `0o644` are octal, `1e3` is a number, while a date and
`22:22` stay text (go-yaml `resolve.go`, `decode.go`). PyYAML's own rules differ in each of these.
"""

from __future__ import annotations

import base64
import binascii
import math
import re

Scalar = str | int | float | bool | None

PLAIN = "plain"
"""The tag given to a scalar without quotes and without a tag of its own."""
TEXT = "text"
_TAG = "tag:yaml.org,2002:"
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES"), True),
    **dict.fromkeys(("on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "n", "N", "no", "No", "NO"), False),
    **dict.fromkeys(("off", "Off", "OFF"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_MAY_BE_WORD = frozenset(word[:1] for word in _WORDS)
_MAY_BE_NUMBER = frozenset("+-.0123456789")
_WHOLE = re.compile(r"([-+]?)(?:0[bB]([01]+)|0[oO]?([0-7]+)|0[xX]([0-9a-fA-F]+)|([1-9][0-9]*|0))")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES = (2, 8, 16, 10)
_LONGEST_NUMBER = 64


def scalar(text: str, tag: str) -> Scalar:
    """Returns the value of a scalar that carries a tag: `PLAIN`, `TEXT`, or one that was written.

    A tag nobody knows (`!Ref`, `!vault`) leaves the text as it is.
    """
    if tag == PLAIN:
        return plain(text)
    kind = tag.removeprefix(_TAG)
    if kind in {"int", "float", "bool"}:
        return plain(text)
    if kind == "null":
        return None
    return _decoded(text) if kind == "binary" else text


def plain(text: str) -> Scalar:
    """Returns the value of a scalar without quotes and tag."""
    first = text[:1]
    if first in _MAY_BE_WORD and text in _WORDS:
        return _WORDS[text]
    if first in _MAY_BE_NUMBER and len(text) <= _LONGEST_NUMBER:
        return _number(text)
    return text


def _number(text: str) -> Scalar:
    digits = text.replace("_", "")
    whole = _WHOLE.fullmatch(digits)
    if whole:
        groups = zip(_BASES, whole.groups()[1:], strict=True)
        value = next(int(part, base) for base, part in groups if part is not None)
        return -value if whole[1] == "-" else value
    if _DECIMAL.fullmatch(digits):
        decimal = float(digits)
        return text if math.isinf(decimal) else decimal
    return text


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=False).decode("utf-8", errors="replace")
    except (binascii.Error, ValueError):
        return text
