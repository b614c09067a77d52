"""Go's own functions: comparison, `index`, `len`, printing, escaping.

`and` and `or` stop early and are therefore part of the evaluator. Source: Go
`text/template/funcs.go`.
"""

from __future__ import annotations

import html
import json
import urllib.parse
from collections.abc import Sequence
from typing import Any

from harness.repo.gotemplate.errors import TemplateError, UnresolvableError
from harness.repo.gotemplate.formatting import plain, sprintf
from harness.repo.gotemplate.signatures import ANY, STRING, VALUE, Function, of
from harness.repo.gotemplate.values import (
    NO_VALUE,
    Int64,
    StringMap,
    encoded,
    is_true,
    kind_name,
    type_name,
)


def _basic(value: Any) -> str:
    kind = "int" if isinstance(value, Int64) else kind_name(value)
    return kind if kind in {"bool", "int", "float64", "string"} else ""


def _equal(first: Any, *others: Any) -> bool:
    if not others:
        message = "missing argument for comparison"
        raise TemplateError(message)
    return any(_same(first, other) for other in others)


def _same(left: Any, right: Any) -> bool:
    absent = [value is None or value is NO_VALUE for value in (left, right)]
    if any(absent):
        return all(absent)
    if _basic(left) != _basic(right):
        raise _incompatible(left, right)
    if _basic(left):
        return bool(left == right)
    if kind_name(left) != kind_name(right):
        message = f"non-comparable types {plain(left)}: {type_name(left)}, {type_name(right)}"
    else:
        message = f"non-comparable type {plain(right)}: {type_name(right)}"
    raise TemplateError(message)


def _incompatible(left: Any, right: Any) -> TemplateError:
    return TemplateError(
        f"incompatible types for comparison: {type_name(left)} and {type_name(right)}"
    )


def _differs(left: Any, right: Any) -> bool:
    return not _same(left, right)


def _less(left: Any, right: Any) -> bool:
    for value in (left, right):
        if not _basic(value):
            message = "invalid type for comparison"
            raise TemplateError(message)
    if _basic(left) != _basic(right):
        raise _incompatible(left, right)
    if isinstance(left, bool):
        message = "invalid type for comparison"
        raise TemplateError(message)
    return bool(left < right)


def _at_most(left: Any, right: Any) -> bool:
    return _less(left, right) or _same(left, right)


def _greater(left: Any, right: Any) -> bool:
    return not _at_most(left, right)


def _at_least(left: Any, right: Any) -> bool:
    return not _less(left, right)


def _index(item: Any, *keys: Any) -> Any:
    if item is None or item is NO_VALUE:
        message = "index of untyped nil"
        raise TemplateError(message)
    for key in keys:
        if item is None:
            message = "index of nil pointer"
            raise TemplateError(message)
        item = _entry(item, key)
    return item


def _entry(item: Any, key: Any) -> Any:
    if isinstance(item, dict):
        return _map_entry(item, key)
    if isinstance(item, list | str):
        held: Sequence[Any] = encoded(item) if isinstance(item, str) else item
        return held[_position(key, len(held))]
    message = f"can't index item of type {type_name(item)}"
    raise TemplateError(message)


def _map_entry(item: dict[str, Any], key: Any) -> Any:
    if key is None or key is NO_VALUE:
        message = "value is nil; should be of type string"
        raise TemplateError(message)
    if not isinstance(key, str):
        message = f"value has type {type_name(key)}; should be string"
        raise TemplateError(message)
    return item.get(key, "" if isinstance(item, StringMap) else None)


def _position(key: Any, length: int) -> int:
    if key is None or key is NO_VALUE:
        message = "cannot index slice/array with nil"
        raise TemplateError(message)
    if not isinstance(key, int) or isinstance(key, bool):
        message = f"cannot index slice/array with type {type_name(key)}"
        raise TemplateError(message)
    if not 0 <= key < length:
        message = f"index out of range: {key}"
        raise TemplateError(message)
    return key


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(encoded(value))
    if isinstance(value, list | dict):
        return len(value)
    absent = value is None or value is NO_VALUE
    message = "len of nil pointer" if absent else f"len of type {type_name(value)}"
    raise TemplateError(message)


def _not(value: Any) -> bool:
    return not is_true(value)


def _print(*values: Any) -> str:
    """Joins as Go's `Sprint`: a space between two neighbours of which none is a string."""
    text = ""
    for place, value in enumerate(values):
        neighbours = values[max(place - 1, 0) : place + 1]
        if place and not any(isinstance(v, str) for v in neighbours):
            text += " "
        text += plain(value)
    return text


def _print_line(*values: Any) -> str:
    return " ".join(plain(v) for v in values) + "\n"


def _printf(template: str, *values: Any) -> str:
    return sprintf(template, values)


def _shown(values: Sequence[Any]) -> str:
    """Joins what is to be escaped, with a mark for what is not there."""
    return _print(*("<no value>" if value is None else value for value in values))


def _html(*values: Any) -> str:
    text = html.escape(_shown(values), quote=False)
    return (
        text.replace('"', "&#34;").replace("'", "&#39;").replace("\0", "\N{REPLACEMENT CHARACTER}")
    )


def _javascript(*values: Any) -> str:
    text = _shown(values)
    if not text.isascii() or not text.isprintable():
        message = "js of text that is not plain"
        raise UnresolvableError(message)
    escaped = json.dumps(text)[1:-1].replace("'", "\\'")
    for character in "<>&=":
        escaped = escaped.replace(character, f"\\u{ord(character):04X}")
    return escaped


def _url_query(*values: Any) -> str:
    return urllib.parse.quote_plus(_shown(values), safe="~")


FUNCTIONS: dict[str, Function] = {
    "and": of(is_true, VALUE, rest=VALUE),
    "or": of(is_true, VALUE, rest=VALUE),
    "not": of(_not, VALUE),
    "len": of(_length, VALUE),
    "index": of(_index, VALUE, rest=VALUE),
    "eq": of(_equal, VALUE, rest=VALUE),
    "ne": of(_differs, VALUE, VALUE),
    "lt": of(_less, VALUE, VALUE),
    "le": of(_at_most, VALUE, VALUE),
    "gt": of(_greater, VALUE, VALUE),
    "ge": of(_at_least, VALUE, VALUE),
    "print": of(_print, rest=ANY),
    "println": of(_print_line, rest=ANY),
    "printf": of(_printf, STRING, rest=ANY),
    "html": of(_html, rest=ANY),
    "js": of(_javascript, rest=ANY),
    "urlquery": of(_url_query, rest=ANY),
}
