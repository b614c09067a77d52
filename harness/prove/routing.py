"""What a load balancer is to do, as values: listeners, routes, target groups, health checks.

The words are those of the ALB (listener, rule, target group, action). Read from Ingresses by
`prove.routes`, turned into a configuration by `prove.haproxy`. No effects; imported in the
stand-in's container too, so nothing but the standard library and `harness.model.refs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness.model.refs import ObjectRef

Object = Mapping[str, Any]


class PathMatch(StrEnum):
    """How a path is compared."""

    EXACT = "exact"
    PREFIX = "prefix"
    """The path itself and what follows it after a slash."""
    GLOB = "glob"
    """As a path pattern of the ALB: `*` any text, `?` one character, letter case counts."""


@dataclass(frozen=True, slots=True, order=True)
class Listener:
    """One port of the load balancer."""

    port: int
    tls: bool = False

    @property
    def scheme(self) -> str:
        """The scheme of its URLs."""
        return "https" if self.tls else "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """How a target shows that it may take traffic."""

    path: str = "/"
    port: int = 0
    """0 for the port that takes the traffic."""
    tls: bool = False
    interval_seconds: int = 15
    timeout_seconds: int = 5
    healthy: int = 2
    unhealthy: int = 2
    codes: str = "200"
    """Codes and ranges, comma separated: `200-299,404`."""
    declared: tuple[tuple[str, ObjectRef], ...] = ()
    """The annotations that are given, without prefix, and the object that gives each."""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """An address and a port that takes traffic."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroup:
    """The targets of one Service port, and how they are asked."""

    name: str
    """Unique among the groups of a load balancer; letters, digits, `-`, `_` and `.`."""
    service: ObjectRef
    targets: tuple[Target, ...]
    tls: bool = False
    check: HealthCheck | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """An answer with another address; `#{host}`, `#{path}` and so on stand for the request's."""

    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"
    status: int = 301


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedResponse:
    """An answer that the load balancer gives itself."""

    status: int
    content_type: str = "text/plain"
    body: str = ""


Action = TargetGroup | Redirect | FixedResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which requests go where; the first route that matches is taken."""

    ingress: ObjectRef
    action: Action
    host: str = ""
    """Empty for any; may hold `*` and `?`."""
    path: str = "/"
    match: PathMatch = PathMatch.PREFIX
    listeners: tuple[Listener, ...] = (Listener(80),)

    def __str__(self) -> str:
        glob = "*" if self.match is PathMatch.PREFIX and self.path.endswith("/") else ""
        return f"{self.host or 'any host'}{self.path}{glob}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Something declared that the AWS Load Balancer Controller or AWS does not accept."""

    object: ObjectRef
    field: str
    """Dotted path inside the object; empty for the object itself."""
    seen: str
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Everything a load balancer is to do."""

    routes: tuple[Route, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    """What was declared and is not imitated."""

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Every listener, lowest port first."""
        return tuple(sorted({item for route in self.routes for item in route.listeners}))

    @property
    def hosts(self) -> tuple[str, ...]:
        """The declared host names, in order of appearance."""
        return tuple(dict.fromkeys(route.host for route in self.routes if route.host))

    @property
    def groups(self) -> tuple[TargetGroup, ...]:
        """Every target group once."""
        found = (r.action for r in self.routes if isinstance(r.action, TargetGroup))
        return tuple({group.name: group for group in found}.values())

    def routes_to(self, group: TargetGroup) -> tuple[Route, ...]:
        """Returns the routes that lead to a target group."""
        actions = ((r, r.action) for r in self.routes)
        return tuple(r for r, a in actions if isinstance(a, TargetGroup) and a.name == group.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The live objects that say what a load balancer is to do."""

    ingresses: tuple[Object, ...] = ()
    services: tuple[Object, ...] = ()
    slices: tuple[Object, ...] = ()
    classes: tuple[Object, ...] = ()
    """IngressClasses."""
    nodes: Mapping[str, str] = field(default_factory=dict)
    """Node -> its address on the load balancer's network."""
