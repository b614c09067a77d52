"""Walks over an object beside its schema and notes what does not fit. Never raises.

What the API server accepts is accepted: null counts as absent, integral floats are integers,
numbers are quantities. Placeholders (`${X}`, `{{ x }}`) may become anything and are passed over,
as are `status` and the directives of patches (`$patch`). Source: apimachinery strict decoding.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from harness.audit.reading import is_placeholder
from harness.audit.schemas.forms import complaints
from harness.audit.schemas.misfit import Misfit, MisfitKind, Place, field_step
from harness.audit.schemas.table import Definition, Field, Table

_QUANTITY = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_LIMITS = {"i": 2**31, "l": 2**63}
_MOST = 100
"""More misfits of one object help nobody."""


def misfits(obj: dict[str, Any], name: str, table: Table, minor: int) -> list[Misfit]:
    """Returns what does not fit in an object.

    Args:
        obj: The object; its `apiVersion`, `kind` and `status` are not looked at.
        name: The definition of its kind.
        table: Where definitions are looked up.
        minor: The minor version of Kubernetes that counts.
    """
    walk = _Walk(table, minor)
    definition = table.definition(name)
    kept = {k: v for k, v in obj.items() if k not in ("apiVersion", "kind", "status")}
    walk.fields(kept, definition, Place(None, "", definition))
    return walk.found


class _Walk:
    """One walk, with what it found."""

    def __init__(self, table: Table, minor: int) -> None:
        self.table = table
        self.minor = minor
        self.found: list[Misfit] = []

    def fields(self, value: dict[str, Any], definition: Definition, place: Place) -> None:
        known = definition.fields
        for name, inner in value.items():
            field = known.get(name)
            if field is None:
                if not definition.is_open and inner is not None:
                    self._unknown(name, inner, place)
            elif inner is not None:
                self._field(name, inner, field, place)
        for name in definition.required:
            if value.get(name) is None:
                self._note(MisfitKind.MISSING, place, name=name, code=_code(known.get(name)))

    def _field(self, name: str, value: Any, field: Field, place: Place) -> None:
        if field.since > self.minor:
            self._note(MisfitKind.TOO_NEW, place, name=name, version=field.since)
        if field.until < self.minor:
            self._note(MisfitKind.GONE, place, name=name, version=field.until)
        if 0 <= field.deprecated <= self.minor:
            version, instead = field.deprecated, field.instead
            self._note(MisfitKind.DEPRECATED, place, name=name, version=version, instead=instead)
        inner = Place(place, "." + name, None)
        self.value(value, field.code, inner)
        if field.allowed:
            self._allowed(value, field.allowed, inner)
        if field.form:
            self._form(value, field.form, inner)

    def value(self, value: Any, code: str, place: Place) -> None:
        """Notes what does not fit in any value."""
        if value is None or code == "a":
            return
        if code[0] == "[":
            self._list(value, code, place)
        elif code[0] == "{":
            self._map(value, code, place)
        elif len(code) == 1:
            self._scalar(value, code, place)
        elif isinstance(value, dict):
            place.definition = self.table.definition(code)
            self.fields(value, place.definition, place)
        else:
            self._type(value, code, place)

    def _list(self, value: Any, code: str, place: Place) -> None:
        if not isinstance(value, list):
            self._type(value, code, place)
            return
        for position, item in enumerate(value):
            self.value(item, code[1:], Place(place, _item_step(item, position), None))

    def _map(self, value: Any, code: str, place: Place) -> None:
        if not isinstance(value, dict):
            self._type(value, code, place)
            return
        for key, item in value.items():
            step = field_step(key) if isinstance(key, str) else f"[{key}]"
            self.value(item, code[1:], Place(place, step, None))

    def _scalar(self, value: Any, code: str, place: Place) -> None:
        fits = _FITS[code](value, code)
        if fits and code == "q" and isinstance(value, str):
            self._quantity(value, place)
        elif not fits:
            self._type(value, code, place)

    def _quantity(self, value: str, place: Place) -> None:
        if not _QUANTITY.fullmatch(value) and not is_placeholder(value):
            self._note(MisfitKind.QUANTITY, place, value=value)

    def _type(self, value: Any, code: str, place: Place) -> None:
        if not (isinstance(value, str) and is_placeholder(value)):
            self._note(MisfitKind.TYPE, place, value=value, code=code)

    def _allowed(self, value: Any, allowed: tuple[str, ...], place: Place) -> None:
        for one in value if isinstance(value, list) else (value,):
            wrong = isinstance(one, str) and one and one not in allowed
            if wrong and not is_placeholder(one):
                self._note(MisfitKind.NOT_ALLOWED, place, value=one, allowed=allowed)

    def _form(self, value: Any, form: str, place: Place) -> None:
        for key, seen, said in complaints(value, form):
            where = Place(place, field_step(key), None) if key else place
            self._note(MisfitKind.FORM, where, value=seen, code=form, said=said)

    def _unknown(self, name: Any, value: Any, place: Place) -> None:
        text = str(name)
        if not is_placeholder(text):
            self._note(MisfitKind.UNKNOWN, place, name=text, value=value)

    def _note(self, kind: MisfitKind, place: Place, **more: Any) -> None:
        if len(self.found) < _MOST:
            self.found.append(Misfit(kind=kind, place=place, **more))


def _code(field: Field | None) -> str:
    return field.code if field else "a"


def _item_step(item: Any, position: int) -> str:
    """Returns the step to an item of a list: its name, else its position."""
    if isinstance(item, dict):
        name = item.get("name")
        if name is None and isinstance(item.get("metadata"), dict):
            name = item["metadata"].get("name")
        if isinstance(name, str) and name and "]" not in name:
            return f"[{name}]"
    return f"[{position}]"


def _is_integer(value: Any, code: str) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    whole = isinstance(value, int) or value.is_integer()
    return whole and -_LIMITS[code] <= value < _LIMITS[code]


def _is_number(value: Any, _: str) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any, _: str) -> bool:
    # Dates are a habit of PyYAML; Kubernetes reads them as text.
    return isinstance(value, str | date)


_FITS: dict[str, Callable[[Any, str], bool]] = {
    "s": _is_text,
    "y": lambda value, _: isinstance(value, str),
    "i": _is_integer,
    "l": _is_integer,
    "n": _is_number,
    "b": lambda value, _: isinstance(value, bool),
    "q": lambda value, _: isinstance(value, str | int | float) and not isinstance(value, bool),
    "x": lambda value, _: isinstance(value, str | int) and not isinstance(value, bool),
}
