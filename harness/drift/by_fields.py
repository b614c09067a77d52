"""Compares declared fields alone, where the API server refuses a dry run. Pure.

Nothing is known of defaults then, so only what is declared is looked at: a field of the live object
that the declaration does not mention is never a difference. Values are compared as the API server
would normalise them: quantities by amount, numbers and their texts, empty mappings and lists like
absent ones (but not selectors and volume sources, where empty means something).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.diagnosis.rules.quantities import quantity
from harness.drift.fields import ABSENT, Difference, Item, Path, identity_of, same, value_at

_MEANINGFUL = ("Selector", "emptyDir")
_AMOUNTS = frozenset({"requests", "limits", "capacity", "hard", "sizeLimit", "storage"})


def declared_differences(declared: Any, live: Any, path: Path = ()) -> Iterator[Difference]:
    """Yields the declared fields that the live object has otherwise, or not at all."""
    if isinstance(declared, dict):
        yield from _of_mapping(declared, live, path)
    elif isinstance(declared, list):
        yield from _of_list(declared, live, path)
    elif declared is not None and not _equal(declared, live, path):
        yield Difference(path=path, declared=declared, live=ABSENT if live is None else live)


def _of_mapping(declared: dict[str, Any], live: Any, path: Path) -> Iterator[Difference]:
    if not isinstance(live, dict):
        if not _means_nothing(declared, path):
            yield Difference(path=path, declared=declared, live=ABSENT if live is None else live)
        return
    for key, value in declared.items():
        yield from declared_differences(value, live.get(key), (*path, str(key)))


def _of_list(declared: list[Any], live: Any, path: Path) -> Iterator[Difference]:
    there = live if isinstance(live, list) else []
    keys = identity_of(declared, there)
    if keys is not None:
        for number, item in enumerate(declared):
            step = Item(str(item[keys[0]]), number, item)
            found = value_at(there, (step,))
            yield from declared_differences(item, None if found is ABSENT else found, (*path, step))
    elif len(declared) != len(there):
        if declared or there:
            yield Difference(path=path, declared=declared, live=ABSENT if live is None else live)
    else:
        for number, (one, other) in enumerate(zip(declared, there, strict=True)):
            yield from declared_differences(one, other, (*path, Item(str(number), number, other)))


def _means_nothing(value: dict[str, Any], path: Path) -> bool:
    is_empty = all(inner is None or inner in ({}, []) for inner in value.values())
    return is_empty and not str(path[-1] if path else "").endswith(_MEANINGFUL)


def _equal(declared: Any, live: Any, path: Path) -> bool:
    if live is None:
        return bool(declared == "")
    if same(declared, live):
        return True
    if isinstance(declared, bool) or isinstance(live, bool):
        return False
    is_amount = any(step in _AMOUNTS for step in path if isinstance(step, str))
    amounts = (quantity(declared), quantity(live)) if is_amount else (None, None)
    if None not in amounts:
        return amounts[0] == amounts[1]
    return _is_number_and_text(declared, live) and str(declared) == str(live)


def _is_number_and_text(one: Any, other: Any) -> bool:
    return {isinstance(one, str), isinstance(other, str)} == {True, False}
