"""What a fault is: edits to a copy of a healthy tree, and the findings that must follow.

A fault without roots is a control: slow or odd, but healthy; nothing may be called failed and the
run must pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.io.kube import Kube

Edit = Callable[[Path], None]


def replaced(file: str, old: str, new: str, count: int = 1) -> Edit:
    """Returns the edit that replaces text in a file; the text must be there."""

    def apply(tree: Path) -> None:
        path = tree / file
        text = path.read_text(encoding="utf-8")
        if old not in text:
            message = f"{file} does not hold {old!r}"
            raise LookupError(message)
        path.write_text(text.replace(old, new, count), encoding="utf-8")

    return apply


def written(file: str, text: str) -> Edit:
    """Returns the edit that writes a whole file."""

    def apply(tree: Path) -> None:
        path = tree / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return apply


def appended(file: str, text: str) -> Edit:
    """Returns the edit that adds text to the end of a file."""

    def apply(tree: Path) -> None:
        path = tree / file
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    return apply


def removed(file: str) -> Edit:
    """Returns the edit that removes a file."""

    def apply(tree: Path) -> None:
        (tree / file).unlink()

    return apply


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault or control."""

    name: str
    edits: tuple[Edit, ...] = ()
    roots: tuple[tuple[str, str], ...] = ()
    """(cause, object as text) of every root; none for a control."""
    innocent: tuple[str, ...] = ()
    """Objects as text that must not be blamed."""
    withhold: tuple[str, ...] = ()
    file: str = ""
    """File that a finding must point to."""
    meanwhile: Callable[[Kube], None] | None = None
    """What happens to the cluster while the run goes on, e.g. a provisioner that is away."""
    budget: float = 60
    """Seconds from the first sight of the cause to the decision."""
    exit_code: int = 12
    quick: bool = False
    """True when it belongs to the subset of continuous integration."""

    @property
    def control(self) -> bool:
        """True when the run must pass."""
        return not self.roots
