"""Defines a part and the graph of parts: what is built from what, and with which key.

Pure: no part is built here (``scheduler``), found in the cache (``store``) or declared
(``catalogue``). The order of declaration is the order of preference where several parts could
start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from airgap.keys import digest_of_sources, key_of

if TYPE_CHECKING:
    from airgap.bench import Bench


class Lane(StrEnum):
    """Parts of one lane share the machine's resource that limits them."""

    COMPILE = "compile"
    """Go compiles use every core by themselves: one at a time."""
    FETCH = "fetch"
    """Downloads, file systems and images wait for networks and disks: several at a time."""


class GraphError(ValueError):
    """The declared parts do not form a graph; this is a mistake in the program, not of its user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that is built, kept by its key and never changed afterwards."""

    name: str
    lane: Lane
    build: Callable[[Bench], Mapping[str, object]]
    """Fills the bench's folder; what it returns is kept as the facts of the result."""
    depends_on: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """Everything of the pins that the build reads, as JSON values: it goes into the key."""
    sources: tuple[Path, ...] = ()


class Graph:
    """Parts by name, each declared after the parts it is built from.

    Raises:
        GraphError: a name is declared twice or used before it is declared.
    """

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts: dict[str, Part] = {}
        for part in parts:
            self._add(part)

    def __iter__(self) -> Iterable[Part]:  # type: ignore[override]
        return iter(self._parts.values())

    def _add(self, part: Part) -> None:
        if part.name in self._parts:
            raise GraphError(f"part {part.name} is declared twice")
        for below in part.depends_on:
            if below not in self._parts:
                raise GraphError(f"part {part.name} depends on {below}, declared later or never")
        self._parts[part.name] = part
