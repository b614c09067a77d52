"""What an unknown field was meant to be: the nearest known name, or its right place. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from typing import Any

from harness.audit.schemas.misfit import Misfit, Place
from harness.audit.schemas.table import Definition, Table

_COMMON = frozenset({"name", "type", "key", "value", "kind", "apiVersion", "path", "metadata"})
"""Fields that so many objects have that their right place cannot be guessed."""
_PASSED_BY = frozenset({"status", "initContainers", "ephemeralContainers"})
"""Parts that are rarely meant."""
_SURE, _LIKELY = 0.85, 0.75
_STEPS = 3
"""How far below an object a field is looked for."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What was probably meant."""

    name: str = ""
    """The nearest field of the same object."""
    path: str = ""
    """Where a field of that name belongs."""
    is_sure: bool = False

    def __bool__(self) -> bool:
        return bool(self.name or self.path)


def hint(misfit: Misfit, table: Table) -> Hint:
    """Returns what an unknown field was meant to be; an empty hint where nobody can tell."""
    definition = misfit.place.definition
    if definition is None:
        return Hint()
    if misfit.name in definition.moved:
        return Hint(path=_below(misfit.place, definition.moved[misfit.name]), is_sure=True)
    near = nearest(misfit.name, definition.fields)
    fits = near and _fits(misfit.value, definition.fields[near].code)
    if fits and likeness(misfit.name, near) >= _SURE:
        return Hint(name=near, is_sure=True)
    path = _elsewhere(misfit, table)
    return Hint(path=path, is_sure=True) if path else Hint(name=near)


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns the known name that is most like another; empty where none is."""
    names = list(known)
    same = next((n for n in names if n.casefold() == name.casefold()), "")
    return same or next(iter(get_close_matches(name, names, 1, _LIKELY)), "")


def likeness(one: str, other: str) -> float:
    """Returns how alike two names are, 1 for the same apart from case."""
    return SequenceMatcher(None, one.casefold(), other.casefold()).ratio()


def _elsewhere(misfit: Misfit, table: Table) -> str:
    """Returns the path of the nearest object around or below that has a field of that name."""
    if misfit.name in _COMMON:
        return ""
    place: Place | None = misfit.place
    while place is not None:
        if place.definition is not None:
            found = _places(place.definition, misfit.name, misfit.value, table)
            if found:
                return _below(place, found[0]) if len(found) == 1 else ""
        place = place.parent
    return ""


def _below(place: Place, path: str) -> str:
    return f"{place.path}.{path}".lstrip(".")


def _places(definition: Definition, name: str, value: Any, table: Table) -> list[str]:
    """Returns the shortest paths from an object down to a field of that name and shape."""
    level, seen = [("", definition)], {definition.name}
    for _ in range(_STEPS + 1):
        below: list[tuple[str, Definition]] = []
        found = []
        for path, one in level:
            field = one.fields.get(name)
            if field is not None and _fits(value, field.code):
                found.append(f"{path}{name}")
            below.extend(_parts(path, one, table, seen))
        if found:
            return found
        level = below
    return []


def _parts(
    path: str, definition: Definition, table: Table, seen: set[str]
) -> Iterator[tuple[str, Definition]]:
    for name, field in definition.fields.items():
        core = field.code.lstrip("[")
        if len(core) > 1 and core[0] != "{" and name not in _PASSED_BY and core not in seen:
            seen.add(core)
            lists = "[0]" * (len(field.code) - len(core))
            yield f"{path}{name}{lists}.", table.definition(core)


def _fits(value: Any, code: str) -> bool:
    if isinstance(value, list):
        return code[0] == "["
    if isinstance(value, dict):
        return code[0] == "{" or (len(code) > 1 and code[0] != "[")
    return len(code) == 1
