"""Sprig's functions on maps.

What Go gives in no fixed order (`keys`, `values`) is given sorted; a template that depends on the
order does not get the same from Argo CD every time. Source: Masterminds sprig v3.3.0 `dict.go`.
"""

from __future__ import annotations

import copy
from typing import Any

from harness.repo.gotemplate.errors import TemplateError
from harness.repo.gotemplate.functions.strings import text_of
from harness.repo.gotemplate.merging import merge
from harness.repo.gotemplate.signatures import ANY, MAP, STRING, Function, both, of
from harness.repo.gotemplate.values import StringList, StringMap, type_name

Map = dict[str, Any]


def _dict(*entries: Any) -> Map:
    padded = (*entries, "") if len(entries) % 2 else entries
    return {text_of(k): v for k, v in zip(padded[::2], padded[1::2], strict=True)}


def _get(held: Map, key: str) -> Any:
    return held.get(key, "")


def _set(held: Map, key: str, value: Any) -> Map:
    held[key] = value
    return held


def _unset(held: Map, key: str) -> Map:
    held.pop(key, None)
    return held


def _has_key(held: Map, key: str) -> bool:
    return key in held


def _pluck(key: str, *maps: Map) -> list[Any]:
    return [held[key] for held in maps if key in held]


def _keys(*maps: Map) -> StringList:
    return StringList(key for held in maps for key in sorted(held))


def _values(held: Map) -> list[Any]:
    return [held[key] for key in sorted(held)]


def _pick(held: Map, *keys: str) -> Map:
    return {key: held[key] for key in keys if key in held}


def _omit(held: Map, *keys: str) -> Map:
    return {key: value for key, value in held.items() if key not in keys}


def _merge(target: Map, *sources: Map) -> Map:
    for source in sources:
        merge(target, source, overrides=False)
    return target


def _merge_overwrite(target: Map, *sources: Map) -> Map:
    for source in sources:
        merge(target, source, overrides=True)
    return target


def _deep_copy(value: Any) -> Any:
    return copy.deepcopy(value)


def _dig(*parts: Any) -> Any:
    if len(parts) < 3:
        message = "dig needs at least three arguments"
        raise TemplateError(message)
    *keys, fallback, held = parts
    _check_map(held)
    for key in keys:
        if not isinstance(key, str):
            raise _conversion(key, "string")
    for key in keys:
        _check_map(held)
        if key not in held:
            return fallback
        held = held[key]
    return held


def _check_map(value: Any) -> None:
    if not isinstance(value, dict) or isinstance(value, StringMap):
        raise _conversion(value, "map[string]interface {}")


def _conversion(value: Any, wanted: str) -> TemplateError:
    found = "nil" if value is None else type_name(value)
    return TemplateError(f"interface conversion: interface {{}} is {found}, not {wanted}")


FUNCTIONS: dict[str, Function] = {
    "dict": of(_dict, rest=ANY),
    "get": of(_get, MAP, STRING),
    "set": of(_set, MAP, STRING, ANY),
    "unset": of(_unset, MAP, STRING),
    "hasKey": of(_has_key, MAP, STRING),
    "pluck": of(_pluck, STRING, rest=MAP),
    "keys": of(_keys, rest=MAP),
    "values": of(_values, MAP),
    "pick": of(_pick, MAP, rest=STRING),
    "omit": of(_omit, MAP, rest=STRING),
    **both("merge", of(_merge, MAP, rest=MAP)),
    **both("mergeOverwrite", of(_merge_overwrite, MAP, rest=MAP)),
    **both("deepCopy", of(_deep_copy, ANY)),
    "dig": of(_dig, rest=ANY),
}
