"""Writes JSON as Go does: keys sorted, no spaces, floats without a point where they are whole.

Source: Go `encoding/json/encode.go`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from harness.repo.gotemplate.formatting import shortest
from harness.repo.gotemplate.values import NilList


def json_text(value: Any, indent: str = "", level: int = 1) -> str:
    """Returns a value as JSON; with an `indent` every entry has a line of its own."""
    if isinstance(value, dict):
        colon = ": " if indent else ":"
        parts = [
            f"{_string(str(key))}{colon}{json_text(value[key], indent, level + 1)}"
            for key in sorted(value)
        ]
        return _joined(parts, "{}", indent, level)
    if isinstance(value, list) and not isinstance(value, NilList):
        parts = [json_text(item, indent, level + 1) for item in value]
        return _joined(parts, "[]", indent, level)
    return _scalar(value)


def escaped(text: str) -> str:
    """Returns JSON with `<`, `>` and `&` escaped, as Go does unless it is told not to."""
    return re.sub("[<>&]", lambda match: f"\\u{ord(match[0]):04x}", text)


def _joined(parts: list[str], brackets: str, indent: str, level: int) -> str:
    if not indent or not parts:
        return f"{brackets[0]}{','.join(parts)}{brackets[1]}"
    inner = ",\n".join(indent * level + part for part in parts)
    return f"{brackets[0]}\n{inner}\n{indent * (level - 1)}{brackets[1]}"


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, NilList):
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    return _string(value) if isinstance(value, str) else str(int(value))


def _number(value: float) -> str:
    text = shortest(value, largest=21, smallest=-6)
    return re.sub(r"e-0(\d)\Z", r"e-\1", text)


def _string(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
