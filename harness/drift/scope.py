"""What is compared, and what was read for it: the input of the judgement, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.drift.listing import Listing
from harness.drift.observe import Asked, Reading
from harness.model.repository import ExpectedApplication

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is compared."""

    expected: Mapping[str, tuple[ExpectedApplication, ...]]
    """The Applications by name; one with several sources has several entries."""
    asked: tuple[Asked, ...]
    """Every declared object, compared or not: all of them explain what lives."""
    searched: tuple[str, ...] = ()
    """Namespaces in which extras are looked for."""
    passed_over: tuple[str, ...] = ()
    """Namespaces of the cluster itself, in which nothing is called extra."""
    namespaces: tuple[str, ...] = ()
    """Only what is in these; empty for all."""
    has_bootstrap: bool = False
    """Whether the bootstrap's objects are compared too."""
    is_whole: bool = True
    """Whether no single Application was chosen."""
    engine_is_known: bool = False
    """Whether the cluster serves the engine's Applications."""

    @property
    def applications(self) -> frozenset[str]:
        """Names of all Applications of the declaration, compared or not."""
        return frozenset(a.application for a in self.asked if a.application)

    def covers(self, asked: Asked) -> bool:
        """Tells whether a declared object is compared."""
        if not asked.application:
            return self.has_bootstrap and not self.namespaces
        is_chosen = asked.application in self.expected
        return is_chosen and (not self.namespaces or asked.ref.namespace in self.namespaces)

    def spaces_of(self, name: str) -> tuple[str, ...]:
        """Returns the namespaces into which an Application deploys, sorted."""
        found = {e.namespace for e in self.expected.get(name, ())}
        found |= {a.ref.namespace for a in self.asked if a.application == name}
        return tuple(sorted(found - {""}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was read."""

    readings: tuple[Reading, ...]
    listing: Listing
    applications: tuple[Object, ...] | None
    """The engine's live Applications; None where nothing is known of them."""
    silent: tuple[str, ...] = ()
    """API groups that did not answer."""
