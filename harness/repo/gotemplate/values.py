"""The values of a Go template, and what Go knows of their types.

Python's own types stand for Go's: `float` for the float64 that JSON numbers become, `int` for the
int of a literal, `dict` and `list` for what JSON holds. The few types that Go tells apart and
Python does not have a class here. Source: Go `reflect` as `text/template/exec.go` uses it.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final


class NoValue(Enum):
    """The value of a map entry that is not there: Go's invalid `reflect.Value`."""

    NO_VALUE = "<no value>"


NO_VALUE: Final = NoValue.NO_VALUE


class Int64(int):
    """An int64, which Go does not accept where an int is wanted (`trunc (sub 9 4) .name`)."""


class StringMap(dict[str, Any]):
    """A `map[string]string`, such as `.values`: absent keys may be empty, `dig` fails on it."""


class StringList(list[Any]):
    """A `[]string`, such as `.path.segments`."""


class IntList(list[Any]):
    """An `[]int`, which `until` gives."""


class NilList(list[Any]):
    """A list that was never made: empty like any other, but `null` in JSON and YAML."""


def type_name(value: object) -> str:
    """Returns the name Go prints for the type of a value."""
    if value is None or value is NO_VALUE:
        return "<nil>"
    for kind, name in _TYPES:
        if isinstance(value, kind):
            return name
    return type(value).__name__


_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (Int64, "int64"),
    (int, "int"),
    (float, "float64"),
    (str, "string"),
    (StringMap, "map[string]string"),
    (dict, "map[string]interface {}"),
    (StringList, "[]string"),
    (IntList, "[]int"),
    (list, "[]interface {}"),
)


def kind_name(value: object) -> str:
    """Returns Go's word for the kind of a value: `map`, `slice`, `string`, `invalid` ..."""
    if value is None or value is NO_VALUE:
        return "invalid"
    if isinstance(value, dict):
        return "map"
    return "slice" if isinstance(value, list) else type_name(value)


def is_true(value: object) -> bool:
    """Tells whether `if` takes a value for true: anything but the zero value of its type."""
    return value is not NO_VALUE and bool(value)


def deep_equal(left: object, right: object) -> bool:
    """Tells whether two values are equal and of the same Go types, as `reflect.DeepEqual` would."""
    if type_name(left) != type_name(right):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(deep_equal(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(deep_equal, left, right))
    return left == right


def encoded(text: str) -> bytes:
    """Returns a string as the bytes Go counts and cuts."""
    return text.encode("utf-8", "replace")


def decoded(data: bytes) -> str:
    """Returns bytes as text; what is cut in the middle of a character becomes U+FFFD."""
    return data.decode("utf-8", "replace")
