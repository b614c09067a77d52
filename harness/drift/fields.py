"""Fields of objects: paths into them, and where two versions of one object differ. Pure.

Both versions come from the API server (a live object, and what a dry run makes of it), so values
are normalised alike and are compared strictly. Items of lists are paired by what tells them apart
(a name, a port); the order of such lists means nothing. `null` and an absent field are the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

SHOWN = 160
"""Characters of a value that are shown."""


class Absence(Enum):
    """Stands for a field that is not there."""

    ABSENT = "absent"


ABSENT: Final = Absence.ABSENT
NAME = ("name",)
IDENTITIES: tuple[tuple[str, ...], ...] = (
    *(NAME, ("mountPath",), ("containerPort", "protocol"), ("port", "protocol")),
    *(("topologyKey", "whenUnsatisfiable"), ("devicePath",), ("ip",), ("key",), ("type",)),
)
"""What tells the items of a list apart, the first that does so in both versions."""


@dataclass(frozen=True, slots=True)
class Item:
    """A step into a list."""

    label: str
    index: int
    value: Any = field(compare=False)
    """The item itself; field ownership names items by their fields."""


Identity = tuple[str, ...]
Step = str | Item
Path = tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field with two values; one of them may be `ABSENT`."""

    path: Path
    declared: Any
    live: Any


def path_text(path: Path) -> str:
    """Returns a path as people write it: `spec.containers[web].env[A]`, `data[app.properties]`."""
    text = ""
    for step in path:
        if isinstance(step, Item):
            text += f"[{step.label}]"
        elif "." in step or "/" in step:
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def shown(value: Any) -> str:
    """Returns a value on one line, shortened; nothing for an absent one."""
    if value is ABSENT or value is None:
        return ""
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False) if value != value.strip() else value
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split()) or '""'
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def value_at(obj: Any, path: Path) -> Any:
    """Returns what stands at a path, items found by what tells them apart; `ABSENT` for nothing."""
    for step in path:
        if isinstance(step, Item):
            obj = _same_item(obj, step)
        else:
            obj = obj.get(step) if isinstance(obj, dict) else None
        if obj is None:
            return ABSENT
    return obj


def _same_item(found: Any, step: Item) -> Any:
    if not isinstance(found, list):
        return None
    if not isinstance(step.value, dict):
        return next((item for item in found if item == step.value), None)
    keys = next((keys for keys in IDENTITIES if keys[0] in step.value), None)
    if keys is None:
        return found[step.index] if step.index < len(found) else None
    wanted = _identity(step.value, keys)
    return next((i for i in found if isinstance(i, dict) and _identity(i, keys) == wanted), None)


def differences(declared: Any, live: Any, path: Path = ()) -> Iterator[Difference]:
    """Yields every field that differs, the topmost where one version lacks it."""
    declared, live = _plain(declared), _plain(live)
    if isinstance(declared, dict) and isinstance(live, dict):
        for key in dict.fromkeys((*declared, *live)):
            inner = (*path, str(key))
            yield from differences(declared.get(key), live.get(key), inner)
    elif isinstance(declared, list) and isinstance(live, list):
        yield from _of_lists(declared, live, path)
    elif not same(declared, live):
        yield Difference(path=path, declared=declared, live=live)


def same(one: Any, other: Any) -> bool:
    """Tells whether two values are the same; `true` is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _plain(value: Any) -> Any:
    return ABSENT if value is None else value


def _of_lists(declared: list[Any], live: list[Any], path: Path) -> Iterator[Difference]:
    keys = identity_of(declared, live)
    if keys is not None:
        yield from _of_named(declared, live, path, keys)
    elif len(declared) == len(live) and _holds_mappings(declared, live):
        for index, (one, other) in enumerate(zip(declared, live, strict=True)):
            yield from differences(one, other, (*path, Item(str(index), index, other)))
    elif not same(declared, live):
        yield Difference(path=path, declared=declared, live=live)


def _of_named(
    declared: list[Any], live: list[Any], path: Path, keys: tuple[str, ...]
) -> Iterator[Difference]:
    wanted = {_identity(item, keys): item for item in declared}
    there = {_identity(item, keys): (index, item) for index, item in enumerate(live)}
    changed = _same_place(wanted, there) if keys != NAME else {}
    for key in dict.fromkeys((*wanted, *there)):
        if key in changed.values():
            continue
        one = wanted.get(key)
        index, other = there.get(changed.get(key, key), (len(live), None))
        step = Item(_label(key, keys), index, one if other is None else other)
        yield from differences(one, other, (*path, step))


def _same_place(
    wanted: Mapping[Identity, Any], there: Mapping[Identity, tuple[int, Any]]
) -> dict[Identity, Identity]:
    """Returns which unknown live item stands for which absent one, where that is plain.

    A port is told apart by its number, so another number is one changed field, not two items.
    """
    absent = [key for key in wanted if key not in there]
    unknown = [key for key in there if key not in wanted]
    return dict(zip(absent, unknown, strict=True)) if len(absent) == len(unknown) == 1 else {}


def identity_of(*lists: Sequence[Any]) -> tuple[str, ...] | None:
    """Returns the fields that tell the items of some lists apart; None where none do."""
    if not all(isinstance(item, dict) for items in lists for item in items) or not any(lists):
        return None
    return next((keys for keys in IDENTITIES if all(_tells_apart(i, keys) for i in lists)), None)


def _tells_apart(items: Sequence[Mapping[str, Any]], keys: tuple[str, ...]) -> bool:
    if not all(isinstance(item.get(keys[0]), str | int) for item in items):
        return False
    return len({_identity(item, keys) for item in items}) == len(items)


def _identity(item: Mapping[str, Any], keys: tuple[str, ...]) -> tuple[str, ...]:
    protocol = {"protocol": "TCP"}  # the API server's own default
    return tuple(str(item.get(key) or protocol.get(key, "")) for key in keys)


def _label(identity: tuple[str, ...], keys: tuple[str, ...]) -> str:
    is_usual = keys[-1] != "protocol" or identity[-1] == "TCP"
    return identity[0] if is_usual else "/".join(identity)


def _holds_mappings(*lists: list[Any]) -> bool:
    return all(isinstance(item, dict) for items in lists for item in items)
