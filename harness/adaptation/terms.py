"""The words of an adaptation: what is done, what is only said, and the plan they make up. Pure.

A `Plan` is everything a run needs to know before the cluster exists; an `Adaptation` is one line of
the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Object = dict[str, Any]
METRICS_SERVER = "metrics-server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """One thing that the cluster is given, and why."""

    subject: str
    """E.g. `StorageClass gp3`."""
    action: str
    """What is done, in the past tense: `made, backed by rancher.io/local-path`."""
    reason: str
    """Completes "because": `4 claims name it`."""

    def __str__(self) -> str:
        return f"{self.subject}: {self.action}, because {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Processors and memory that a pod asks for, or that a node offers."""

    processors: Decimal = Decimal(0)
    memory_bytes: Decimal = Decimal(0)

    def __add__(self, other: Resources) -> Resources:
        return Resources(
            processors=self.processors + other.processors,
            memory_bytes=self.memory_bytes + other.memory_bytes,
        )

    def __sub__(self, other: Resources) -> Resources:
        return self + other.times(-1)

    def times(self, count: int) -> Resources:
        """Returns the same for several pods."""
        return Resources(processors=self.processors * count, memory_bytes=self.memory_bytes * count)

    def holds(self, wanted: Resources) -> bool:
        """Tells whether there is room for what is wanted."""
        enough_processors = self.processors >= wanted.processors
        return enough_processors and self.memory_bytes >= wanted.memory_bytes

    def __str__(self) -> str:
        processors = f"{self.processors.quantize(Decimal('0.01')).normalize():f}"
        return f"{processors} CPU and {self.memory_bytes / 2**30:.1f} GiB"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedNode:
    """One node of the cluster; the first one is the control plane."""

    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels it gets besides those that every node has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything the cluster is given besides what kind gives it."""

    nodes: tuple[PlannedNode, ...] = (PlannedNode(),)
    """Empty where the user's kind configuration decides about nodes."""
    objects: tuple[Object, ...] = ()
    """Cluster-scoped objects to create before anything is synced."""
    metrics: bool = False
    """Whether the metrics server is installed."""
    adaptations: tuple[Adaptation, ...] = ()
    remarks: tuple[str, ...] = ()
    """What is lacking and not made, and what a stand-in does not do."""

    @property
    def workers(self) -> int:
        """How many nodes there are besides the control plane."""
        return max(0, len(self.nodes) - 1)

    @property
    def is_labelled(self) -> bool:
        """Whether a node gets a label."""
        return any(node.labels for node in self.nodes)
