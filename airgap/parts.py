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
    addon: str = ""
    """The add-on it belongs to; such a part is in no bundle. Empty for the others."""


class Graph:
    """Parts by name, each declared after the parts it is built from.

    Raises:
        GraphError: a name is declared twice or used before it is declared.
    """

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts: dict[str, Part] = {}
        for part in parts:
            self._add(part)

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the order of declaration."""
        return tuple(self._parts)

    @property
    def bundled(self) -> tuple[str, ...]:
        """The names of the parts that every bundle is made of."""
        return tuple(part.name for part in self._parts.values() if not part.addon)

    @property
    def addons(self) -> tuple[str, ...]:
        """The names of the add-ons."""
        return tuple(dict.fromkeys(p.addon for p in self._parts.values() if p.addon))

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """The key of every part; computed once, it reads all sources."""
        found: dict[str, str] = {}
        for part in self._parts.values():
            found[part.name] = key_of(
                name=part.name,
                settings=part.settings,
                sources=digest_of_sources(part.sources),
                below=[f"{below}={found[below]}" for below in part.depends_on],
            )
        return MappingProxyType(found)

    def part(self, name: str) -> Part:
        """The part of a name.

        Raises:
            KeyError: no part has this name.
        """
        return self._parts[name]

    def closure(self, names: Iterable[str]) -> tuple[str, ...]:
        """The names and everything below them, in the order of declaration.

        Raises:
            KeyError: no part has one of these names.
        """
        wanted: set[str] = set()
        pending = list(names)
        while pending:
            name = pending.pop()
            if name not in wanted:
                wanted.add(name)
                pending.extend(self._parts[name].depends_on)
        return tuple(name for name in self._parts if name in wanted)

    def _add(self, part: Part) -> None:
        if part.name in self._parts:
            msg = f"part {part.name} is declared twice"
            raise GraphError(msg)
        for below in part.depends_on:
            if below not in self._parts:
                msg = f"part {part.name} depends on {below}, declared later or never"
                raise GraphError(msg)
        self._parts[part.name] = part
