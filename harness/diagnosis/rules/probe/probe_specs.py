"""What a container's probes ask, and how long they may fail before that means anything. Pure.

The budget of a probe is initialDelay + failureThreshold * period + timeout, the startup probe's
first (kubedog, `pkg/tracker/pod/probes.go`, has the same idea); defaults are those of the API.
A probe that fails within its budget is a container that starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.diagnosis.pod_facts import ContainerFact
from harness.manifests.pods import field_prefix

Object = Mapping[str, Any]


class ProbeKind(StrEnum):
    """The three probes, in the words that the kubelet's events begin with."""

    STARTUP = "Startup"
    READINESS = "Readiness"
    LIVENESS = "Liveness"

    @property
    def field(self) -> str:
        """Its field in a container."""
        return f"{self.lower()}Probe"


class Handler(StrEnum):
    """How a probe asks, in the words of its fields."""

    HTTP = "httpGet"
    TCP = "tcpSocket"
    GRPC = "grpc"
    EXEC = "exec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One probe of one container."""

    kind: ProbeKind
    container: ContainerFact
    spec: Object

    @property
    def handler(self) -> Handler | None:
        """How it asks; None when the specification names no way that is known here."""
        return next((h for h in Handler if self.spec.get(h) is not None), None)

    @property
    def action(self) -> Object:
        """The specification of what is asked."""
        found: Object = (self.spec.get(self.handler) if self.handler else None) or {}
        return found

    @property
    def path(self) -> str:
        """The path of an HTTP probe."""
        return str(self.action.get("path") or "/")

    @property
    def port_text(self) -> str:
        """The port as written, a number or a name; empty for a command."""
        return str(self.action.get("port") or "")

    @property
    def port(self) -> int | None:
        """The port's number; None when it is a name that the container does not have."""
        if self.port_text.isdigit():
            return int(self.port_text)
        return named_ports(self.container.spec).get(self.port_text)

    @property
    def command(self) -> tuple[str, ...]:
        """The command of an exec probe."""
        return tuple(str(word) for word in self.action.get("command") or ())

    @property
    def period_seconds(self) -> float:
        """How often it asks."""
        return float(self.spec.get("periodSeconds") or 10)

    @property
    def budget_seconds(self) -> float:
        """How long this probe alone may fail."""
        return budget_seconds(self.spec)

    def field(self, *parts: str) -> str:
        """Returns the dotted path of a part of the probe inside the workload."""
        prefix = field_prefix(self.container.workload.kind)
        return ".".join([prefix, self.container.field, self.kind.field, *parts])

    def action_field(self, part: str) -> str:
        """Returns the dotted path of a part of the action, e.g. of the path that is asked."""
        return self.field(str(self.handler), part) if self.handler else self.field()

    def __str__(self) -> str:
        target = f":{self.port_text}{self.path if self.handler is Handler.HTTP else ''}"
        asked = " ".join(self.command)[:80] if self.handler is Handler.EXEC else target
        return f"{self.kind.lower()} probe {asked} of container {self.container.name}"


def budget_seconds(spec: Object) -> float:
    """Returns how long a probe may fail before that means anything."""
    delay = float(spec.get("initialDelaySeconds") or 0)
    period = float(spec.get("periodSeconds") or 10)
    threshold = float(spec.get("failureThreshold") or 3)
    return delay + threshold * period + float(spec.get("timeoutSeconds") or 1)


def probe(container: ContainerFact, kind: ProbeKind) -> Probe | None:
    """Returns a container's probe of one kind, or None."""
    spec = container.spec.get(kind.field)
    return Probe(kind=kind, container=container, spec=spec) if spec else None


def probes(container: ContainerFact) -> Iterator[Probe]:
    """Yields the probes of a container."""
    for kind in ProbeKind:
        found = probe(container, kind)
        if found is not None:
            yield found


def start_budget_seconds(container: ContainerFact) -> float:
    """Returns how long a container may run unready: its startup probe's budget comes first."""
    kinds = (ProbeKind.STARTUP, ProbeKind.READINESS)
    return sum(p.budget_seconds for p in (probe(container, k) for k in kinds) if p)


def named_ports(spec: Object) -> dict[str, int]:
    """Returns the named ports of a container; a probe sees those of its own container alone."""
    ports = spec.get("ports") or []
    return {str(p["name"]): int(p.get("containerPort") or 0) for p in ports if p.get("name")}


def declared_ports(spec: Object) -> tuple[int, ...]:
    """Returns the ports that a container declares."""
    return tuple(int(p.get("containerPort") or 0) for p in spec.get("ports") or [])


def is_probed(container: ContainerFact) -> bool:
    """Tells whether the kubelet probes it: main containers and sidecars among the init ones."""
    return not container.init or container.spec.get("restartPolicy") == "Always"
