"""What a case is: objects given to every tool at the same moment, and what must follow.

A case with roots is a fault; one without is slow but healthy, and whoever calls it failed is wrong.
`sight` says how the API shows the cause: the clock of the comparison starts there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.manifests import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The cause that a fault must lead to, and the object to blame."""

    cause: str
    """Id of the catalogue, e.g. `S07`."""
    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One fault, or one slow but healthy deployment."""

    name: str
    title: str
    """For the table, in words."""
    objects: tuple[Object, ...]
    workloads: tuple[str, ...]
    """Who is waited for, as `deployment/web`."""
    roots: tuple[Root, ...] = ()
    sight: tuple[str, ...] = ()
    """Regular expressions over `bench.sight.lines`: all must have been seen; none for a control."""
    telling: tuple[str, ...] = ()
    """Words that must all stand in an output that names the cause."""
    late: tuple[Object, ...] = ()
    """Declared like the others, and delivered `late_seconds` after them."""
    late_seconds: float = 0.0
    away_seconds: float = field(default=0.0)
    """How long the volume provisioner is away."""
    engine: bool = False
    """True when it is also delivered by Argo CD, for `argocd app wait`."""

    @property
    def control(self) -> bool:
        """True when nobody may call it failed."""
        return not self.roots

    @property
    def declared(self) -> tuple[Object, ...]:
        """Everything a repository would declare."""
        return (*self.objects, *self.late)
