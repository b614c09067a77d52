"""What a fault of a repository is, how it gets into a copy, and which lines may be blamed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One replacement in one file."""

    path: str
    old: str
    """Must be there; its first occurrence is replaced."""
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line that may be blamed: the first one of a file that holds a text, after the edits."""

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of the repository."""

    name: str
    title: str
    edits: tuple[Edit, ...]
    telling: tuple[str, ...]
    """What names it: all words of one of these must stand in one message, in any order."""
    rules: tuple[str, ...]
    places: tuple[Place, ...]


def inject(root: Path, fault: Fault) -> None:
    """Makes the edits of a fault.

    Raises:
        LookupError: A file does not hold what is to be replaced.
    """
    for edit in fault.edits:
        path = root / edit.path
        text = path.read_text(encoding="utf-8")
        if edit.old not in text:
            message = f"{edit.path} does not hold {edit.old!r}"
            raise LookupError(message)
        path.write_text(text.replace(edit.old, edit.new, 1), encoding="utf-8")


def line_of(root: Path, place: Place) -> int:
    """Returns the number of the line; 0 where there is none."""
    lines = (root / place.path).read_text(encoding="utf-8").splitlines()
    return next((n for n, line in enumerate(lines, 1) if place.text in line), 0)
