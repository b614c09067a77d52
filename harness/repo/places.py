"""Adds to findings the file and line of the repository that must change.

Where the object to mend is not declared (a pull secret that nobody made), the place is the line of
a victim that names it. Each place is looked up once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from harness.model.finding import Diagnosis, Finding
from harness.model.refs import ObjectRef
from harness.model.repository import Declaration
from harness.repo.origin import Origins, Place

Key = tuple[str, str, str]
Object = dict[str, Any]


class Places:
    """Knows where findings come from in one repository."""

    def __init__(self, declaration: Declaration) -> None:
        self._declaration = declaration
        self._origins: Origins | None = None
        self._known: dict[Key, Place | None] = {}
        self._objects = {
            ObjectRef.of(o): o for app in declaration.applications for o in app.objects
        }

    def filled(self, diagnosis: Diagnosis) -> Diagnosis:
        """Returns the diagnosis with the places of its findings and suspects."""
        return replace(
            diagnosis,
            findings=tuple(self._with_place(f) for f in diagnosis.findings),
            suspects=tuple(self._with_place(f) for f in diagnosis.suspects),
        )

    def line_of(self, ref: ObjectRef, field: str, folder: str, value: str) -> Place | None:
        """Returns the line that sets a field of a rendered object."""
        return self._tree().locate(ref, field, folder, value)

    def _with_place(self, finding: Finding) -> Finding:
        if finding.file:
            return finding
        key = (finding.cause, str(finding.object), finding.field)
        if key not in self._known:
            self._known[key] = self._look_up(finding)
        place = self._known[key]
        return finding if place is None else replace(finding, file=place.file, line=place.line)

    def _look_up(self, finding: Finding) -> Place | None:
        found = self._tree().locate(finding.object, finding.field)
        if found is not None:
            return found
        naming = (self._naming(v, finding.object.name) for v in finding.victims)
        return next((place for place in naming if place), None) or next(
            (p for v in finding.victims if (p := self._tree().locate(v))), None
        )

    def _naming(self, victim: ObjectRef, name: str) -> Place | None:
        """Returns the line of a victim's manifest that names an object."""
        obj = self._objects.get(victim)
        path = next(paths_to(obj.get("spec") or {}, name, "spec"), "") if obj else ""
        return self._tree().locate(victim, path, value=name) if path else None

    def _tree(self) -> Origins:
        if self._origins is None:
            folders = [a.application.path for a in self._declaration.applications]
            self._origins = Origins(self._declaration.root, folders)
        return self._origins


def paths_to(value: Any, wanted: str, path: str) -> Iterator[str]:
    """Yields the dotted path of every scalar that equals `wanted`, list items by their name."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths_to(inner, wanted, f"{path}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from paths_to(inner, wanted, f"{path}[{_label(inner, number)}]")
    elif str(value) == wanted:
        yield path


def _label(item: Any, number: int) -> str:
    if not isinstance(item, dict):
        return str(number)
    return str(item.get("name") or (item.get("metadata") or {}).get("name") or number)
