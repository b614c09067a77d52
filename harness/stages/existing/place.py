"""What the stages on an existing cluster find out for each other."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.drift.api_resources import ApiResources
from harness.drift.terms import WantedOf
from harness.model.refs import ObjectRef
from harness.stages.context import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgoCd:
    """The Argo CD of a cluster."""

    namespace: str
    version: str = ""
    """E.g. `v3.5.7`; empty where its image does not tell or may not be read."""
    workloads: tuple[ObjectRef, ...] = ()
    installed_here: bool = False


@dataclass(slots=True, kw_only=True)
class Place:
    """A cluster that is not ours, as far as the run knows it."""

    version: Found[str] = field(default_factory=lambda: Found("the server's version"))
    resources: Found[ApiResources] = field(default_factory=lambda: Found("the served kinds"))
    engine: Found[ArgoCd] = field(default_factory=lambda: Found("Argo CD"))
    wanted: Found[WantedOf] = field(default_factory=lambda: Found("the wanted commits"))
    unread: set[str] = field(default_factory=set)
    """Namespaces in which workloads or pods may not be listed."""
