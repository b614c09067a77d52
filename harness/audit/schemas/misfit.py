"""What does not fit a schema, and where: the words between the walk and the findings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.audit.schemas.table import Definition

_PLAIN = re.compile(r"[A-Za-z0-9_$-]+")


class MisfitKind(StrEnum):
    """In which way a value does not fit."""

    UNKNOWN = "unknown"
    TYPE = "type"
    MISSING = "missing"
    NOT_ALLOWED = "not-allowed"
    QUANTITY = "quantity"
    FORM = "form"
    DEPRECATED = "deprecated"
    TOO_NEW = "too-new"
    GONE = "gone"


class Place:
    """One step on the way from an object down to a value; the path is written when needed."""

    __slots__ = ("definition", "parent", "step")

    def __init__(self, parent: Place | None, step: str, definition: Definition | None) -> None:
        self.parent = parent
        self.step = step
        self.definition = definition
        """Of the value that stands here, where that is an object."""

    @property
    def path(self) -> str:
        """The dotted path, e.g. `spec.containers[order].env[DB_HOST]`."""
        return "".join(self._written()).lstrip(".")

    @property
    def steps(self) -> tuple[str | int, ...]:
        """The path as keys of mappings, and names or positions of items."""
        bare = (step.strip(".[]") for step in self._written())
        return tuple(int(step) if step.isdecimal() else step for step in bare if step)

    def _written(self) -> list[str]:
        steps: list[str] = []
        place: Place | None = self
        while place is not None:
            steps.append(place.step)
            place = place.parent
        return steps[::-1]


def field_step(name: str) -> str:
    """Returns the step to a field; a name with dots stands in brackets."""
    return f".{name}" if _PLAIN.fullmatch(name) else f"[{name}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """One value that does not fit."""

    kind: MisfitKind
    place: Place
    """Of the value; for a missing field of the object that lacks it."""
    name: str = ""
    """The field, for what concerns a field and not its value."""
    value: Any = None
    code: str = ""
    """What the schema wants."""
    allowed: tuple[str, ...] = ()
    version: int = 0
    """The minor version that brought, deprecated or last had the field."""
    instead: str = ""
    said: str = ""
    """What is wrong with the form of a name."""

    @property
    def path(self) -> str:
        """The dotted path of the field that is meant."""
        step = field_step(self.name) if self.name else ""
        return f"{self.place.path}{step}".lstrip(".")

    @property
    def steps(self) -> tuple[str | int, ...]:
        """The path as keys of mappings, and names or positions of items."""
        return (*self.place.steps, self.name) if self.name else self.place.steps
