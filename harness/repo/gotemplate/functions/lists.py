"""Sprig's functions on lists.

Source: Masterminds sprig v3.3.0 `list.go`.
"""

from __future__ import annotations

from typing import Any

from harness.repo.gotemplate.errors import TemplateError, UnresolvableError
from harness.repo.gotemplate.functions.numbers import integer
from harness.repo.gotemplate.functions.strings import strings_of, text_of
from harness.repo.gotemplate.signatures import ANY, INT, Function, both, of
from harness.repo.gotemplate.values import NilList, StringList, deep_equal, is_true, kind_name


def _listed(value: Any, verb: str) -> list[Any]:
    if isinstance(value, list):
        return list(value)
    if value is None:
        message = "runtime error: invalid memory address or nil pointer dereference"
        raise TemplateError(message)
    message = f"Cannot {verb} {kind_name(value)}"
    raise TemplateError(message)


def _list(*values: Any) -> list[Any]:
    return list(values)


def _append(held: Any, value: Any) -> list[Any]:
    return [*_listed(held, "push on type"), value]


def _prepend(held: Any, value: Any) -> list[Any]:
    return [value, *_listed(held, "prepend on type")]


def _first(held: Any) -> Any:
    return next(iter(_listed(held, "find first on type")), None)


def _last(held: Any) -> Any:
    return next(reversed(_listed(held, "find last on type")), None)


def _rest(held: Any) -> list[Any]:
    items = _listed(held, "find rest on type")
    return items[1:] if items else NilList()


def _initial(held: Any) -> list[Any]:
    items = _listed(held, "find initial on type")
    return items[:-1] if items else NilList()


def _reverse(held: Any) -> list[Any]:
    return _listed(held, "find reverse on type")[::-1]


def _compact(held: Any) -> list[Any]:
    return [item for item in _listed(held, "compact on type") if is_true(item)]


def _uniq(held: Any) -> list[Any]:
    found: list[Any] = []
    for item in _listed(held, "find uniq on type"):
        if not any(deep_equal(item, known) for known in found):
            found.append(item)
    return found


def _without(held: Any, *omitted: Any) -> list[Any]:
    items = _listed(held, "find without on type")
    return [item for item in items if not any(deep_equal(item, o) for o in omitted)]


def _has(needle: Any, held: Any) -> bool:
    if held is None:
        return False
    return any(deep_equal(needle, item) for item in _listed(held, "find has on type"))


def _slice(held: Any, *limits: Any) -> Any:
    if not isinstance(held, list):
        message = f"list should be type of slice or array but {kind_name(held)}"
        raise TemplateError(message)
    if not held:
        return None
    start = integer(limits[0]) if limits else 0
    end = integer(limits[1]) if len(limits) > 1 else len(held)
    if not 0 <= start <= end <= len(held):
        message = "reflect.Value.Slice: slice index out of bounds"
        raise TemplateError(message)
    return type(held)(held[start:end])


def _concat(*lists: Any) -> list[Any]:
    found = [item for held in lists for item in _listed(held, "concat type as list:")]
    return found or NilList()


def _chunk(size: int, held: Any) -> list[Any]:
    items = _listed(held, "chunk type")
    if size < 1:
        message = f"chunk of size {size}"
        raise UnresolvableError(message)
    return [items[place : place + size] for place in range(0, len(items), size)]


def _sort_alpha(held: Any) -> StringList:
    if not isinstance(held, list):
        return StringList([text_of(held)])
    return StringList(sorted(strings_of(held)))


FUNCTIONS: dict[str, Function] = {
    "list": of(_list, rest=ANY),
    "tuple": of(_list, rest=ANY),
    **both("append", of(_append, ANY, ANY)),
    **both("push", of(_append, ANY, ANY)),
    **both("prepend", of(_prepend, ANY, ANY)),
    **both("first", of(_first, ANY)),
    **both("last", of(_last, ANY)),
    **both("rest", of(_rest, ANY)),
    **both("initial", of(_initial, ANY)),
    **both("reverse", of(_reverse, ANY)),
    **both("compact", of(_compact, ANY)),
    **both("uniq", of(_uniq, ANY)),
    **both("without", of(_without, ANY, rest=ANY)),
    **both("has", of(_has, ANY, ANY)),
    **both("slice", of(_slice, ANY, rest=ANY)),
    **both("chunk", of(_chunk, INT, ANY)),
    "concat": of(_concat, rest=ANY),
    "sortAlpha": of(_sort_alpha, ANY),
}
