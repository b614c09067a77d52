"""What the loop remembers from one round to the next, and the context of a new round.

A round gets a context of its own, so that a verdict is never made of two revisions; whatever is
not in the session is dropped with it. The machine, the cluster, the registry and the Git server are
those of the first context.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Any

from harness.config import Settings
from harness.loop.building import Layers
from harness.model.audit import AuditFinding
from harness.model.repository import SecretUse
from harness.model.run import ImageDelivery, RunRecord
from harness.stages.context import Context, Found
from harness.stages.names import Names

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """An image that the registry serves, and the print of what it was made from."""

    print: str
    image: ImageDelivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """What the registry's gate and the nodes' mirrors were written for."""

    git: tuple[str, ...]
    images: frozenset[tuple[str, bool]]
    """Declared reference, and whether it asks for credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the secrets in the cluster were made from."""

    uses: tuple[SecretUse, ...]
    settings: str


@dataclass(slots=True, kw_only=True)
class Session:
    """The state of a loop; only the thread that prepares rounds changes it."""

    base: Context
    shared: Names
    preparing: Context | None = None
    """The round that is being prepared, or was last."""
    layers: Layers = field(default_factory=Layers)
    revision: str = ""
    """The last published commit."""
    files: frozenset[str] = frozenset()
    """The files of the tree at the last round."""
    contexts: frozenset[str] = frozenset()
    """Build contexts inside the tree, relative to it."""
    delivered: dict[str, Delivered] = field(default_factory=dict)
    """By declared reference; images that are no longer planned are forgotten."""
    audit: tuple[AuditFinding, ...] = ()
    addressed: Addressed | None = None
    expected: Expected | None = None
    adapted: tuple[str, ...] = ()
    """The adaptations of the cluster that were wanted last."""
    bootstrap: tuple[Object, ...] | None = None
    """What was applied last; None before the first time."""

    def prints(self) -> dict[str, str]:
        """Returns the print of every delivered image."""
        return {declared: found.print for declared, found in self.delivered.items()}

    def new_context(self, settings: Settings) -> Context:
        """Returns the context of a new round: same machine and cluster, nothing found out yet."""
        base = self.base
        record = RunRecord(
            run_id=base.run.run_id,
            environment=base.run.environment,
            repository=base.run.repository,
            command=base.run.command,
            started_at=base.clock.now().isoformat(timespec="seconds"),
            facts=dict(base.run.facts),
        )
        self.preparing = replace(
            base,
            settings=settings,
            run=record,
            stopped=threading.Event(),
            reused=True,
            declaration=Found("the declaration"),
            plan=Found("the image plan"),
            adaptation=Found("what the cluster lacks"),
            revision=Found("the published revision"),
            observer=Found("the observer"),
        )
        return self.preparing
