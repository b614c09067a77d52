"""How a comparison is made: what its caller knows and the cluster does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from harness.drift.values import Conceal
from harness.model.refs import ObjectRef
from harness.model.repository import ExpectedApplication


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The commit that an Application should be at."""

    revision: str = ""
    """Empty where it is not known."""
    behind: str = ""
    """How the synced commit is behind it, e.g. `3 commits older`; empty where it is not."""
    fix: str = ""
    """What brings it there; empty for the engine's own way."""
    note: str = ""
    """What is worth saying although it is no drift."""


WantedOf = Callable[[ExpectedApplication, str], Wanted]
"""Takes an Application and the commit that the engine last compared it with."""


def at_commit(revision: str) -> WantedOf:
    """Returns the terms of a run that has published this commit for every Application."""

    def wanted(_: ExpectedApplication, synced: str) -> Wanted:
        is_other = bool(revision) and synced != revision
        return Wanted(revision=revision, behind="another commit" if is_other else "")

    return wanted


class Locate(Protocol):
    """Finds the line that sets a field of a declared object."""

    def __call__(self, ref: ObjectRef, field: str, folder: str) -> tuple[str, int]:
        """Returns file and line; an empty file where they are not known.

        Args:
            ref: The object as it is declared.
            field: Dotted path; empty for the object itself.
            folder: The Application that renders it; empty where that is not known.
        """


def nowhere(ref: ObjectRef, field: str, folder: str) -> tuple[str, int]:  # noqa: ARG001
    """Stands for a repository that nobody can ask."""
    return "", 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How to compare."""

    conceal: Conceal
    """Masks values that must not be shown."""
    salt: bytes
    """Random per run, kept nowhere: Secret values are compared as digests under it."""
    wanted: WantedOf
    locate: Locate = nowhere
    images: Mapping[str, str] = field(default_factory=dict)
    """Declared image -> digest that it stands for now; what is not known is left out."""
    namespaces: tuple[str, ...] = ()
    """Only what is in these; empty for all."""
    application: str = ""
    """Only this one; empty for all."""
