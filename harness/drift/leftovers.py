"""Fields that nobody declares and that are there all the same. Pure.

A dry run of server-side apply leaves alone what the declaration does not mention, so these are
found by ownership: fields of the last client-side apply that the declaration dropped; fields that a
person's tool has set; and, where no note of the last apply exists, fields of the applying manager
that the declaration alone, applied to an empty place, would not have. An `Update` entry owns the
defaults of its request too, hence the last comparison. What a controller set is its own affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from harness.drift.fields import ABSENT, Difference, Item, Path, identity_of, same, value_at
from harness.drift.ownership import Owner, owned_nodes

Object = dict[str, Any]
NOT_LOOKED_AT = frozenset({"apiVersion", "kind", "status"})
DECIDED = frozenset({"annotations", "labels"})
"""The fields of metadata that people decide; `finalizers` and the like are controllers'."""
OPEN_MAPS = frozenset({
    *("annotations", "labels", "data", "binaryData", "matchLabels", "nodeSelector"),
    *("requests", "limits", "hard"),
})  # fmt: skip
"""Mappings of independent entries: each is told by itself."""


def dropped(applied: Any, declared: Any, live: Any, path: Path = ()) -> Iterator[Difference]:
    """Yields what was applied last, is declared no more, and is still live."""
    if isinstance(applied, dict) and isinstance(live, dict):
        declared = declared if isinstance(declared, dict) else {}
        for key, value in applied.items():
            if (not path and key in NOT_LOOKED_AT) or live.get(key) is None:
                continue
            inner = (*path, key)
            if key in declared or _goes_on(path, key, value):
                yield from dropped(value, declared.get(key), live[key], inner)
            else:
                yield Difference(path=inner, declared=ABSENT, live=live[key])
    elif isinstance(applied, list) and isinstance(live, list):
        yield from _dropped_items(applied, declared, live, path)


def _goes_on(path: Path, key: str, value: Any) -> bool:
    return isinstance(value, dict) and (not path or key in OPEN_MAPS)


def _dropped_items(
    applied: list[Any], declared: Any, live: list[Any], path: Path
) -> Iterator[Difference]:
    wanted = declared if isinstance(declared, list) else []
    if identity_of(applied, wanted, live) is None:
        return
    for item in applied:
        step = Item(str(next(iter(item.values()), "")), 0, item)
        there, asked = value_at(live, (step,)), value_at(wanted, (step,))
        if there is ABSENT:
            continue
        found = Item(str(item.get("name") or step.label), live.index(there), there)
        if asked is ABSENT:
            yield Difference(path=(*path, found), declared=ABSENT, live=there)
        else:
            yield from dropped(item, asked, there, (*path, found))


def undeclared(
    who: Iterable[Owner], live: Object, declared: Object, fresh: Object | None
) -> Iterator[Difference]:
    """Yields what some managers own beside the declaration.

    Args:
        who: The managers whose fields count.
        live: The live object, fit to be compared.
        declared: What is declared, likewise.
        fresh: What the API server makes of the declaration where no object is; what it would have
            all the same is left out. Not known where None.
    """
    told: list[Path] = []
    for owner in who:
        for path, value, is_owned in owned_nodes(owner, live, NOT_LOOKED_AT):
            is_told = any(path[: len(each)] == each for each in told)
            if not is_owned or is_told or not _decides(path, value):
                continue
            is_left = fresh is None or not same(value_at(fresh, path), value)
            if is_left and value_at(declared, path) is ABSENT:
                told.append(path)
                yield Difference(path=path, declared=ABSENT, live=value)


def _decides(path: Path, value: Any) -> bool:
    """Tells whether a node is a decision of its own: no open mapping, no server's metadata."""
    if path[0] == "metadata" and (len(path) < 3 or path[1] not in DECIDED):
        return False
    return not (isinstance(value, dict) and path[-1] in OPEN_MAPS)


def hands(found: Iterable[Owner]) -> tuple[Owner, ...]:
    """Returns the tools of people."""
    return tuple(owner for owner in found if owner.is_hand)


def updating_appliers(found: Iterable[Owner]) -> tuple[Owner, ...]:
    """Returns those who bring a declaration in without server-side apply."""
    return tuple(o for o in found if o.is_applier and o.operation == "Update")
