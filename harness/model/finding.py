"""What a diagnosis says: findings with a cause, an object to blame, what was seen, what is right.

The words are the report's and the schema's (`harness/diagnosis/schema.json`). Phases stand in the
order in which a deployment goes through them: a fault in an earlier phase hides later ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.model.refs import ObjectRef


class Phase(StrEnum):
    """Where on its way from the repository to readiness something fails."""

    REPO = "repo"
    ARGOCD = "argocd"
    CLUSTER = "cluster"
    SCHEDULE = "schedule"
    STORAGE = "storage"
    IMAGE = "image"
    SECRET = "secret"  # noqa: S105 # the word, not one
    START = "start"
    PROBE = "probe"
    NETWORK = "network"


class Outcome(StrEnum):
    """The word a diagnosis ends with."""

    HEALTHY = "healthy"
    PROGRESSING = "progressing"
    FAILED = "failed"
    """At least one root cause is certain enough to end the run."""
    STALLED = "stalled"
    """Something is not ready and no cause is certain; see the suspects."""
    RUNNER = "runner"
    """The machine is to blame: disk, memory, Docker, the node."""


class Confidence(StrEnum):
    """How sure a finding is."""

    CERTAIN = "certain"
    HIGH = "high"
    STALLED = "stalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One root cause and everything that suffers from it."""

    cause: str
    """Stable id of the catalogue, e.g. `S01`."""
    phase: Phase
    object: ObjectRef
    field: str = ""
    """Dotted path inside the object, e.g. `spec.template.spec.containers[order].image`."""
    seen: str
    expected: str
    fix: str
    file: str = ""
    """POSIX path relative to the repository; empty where it is not known."""
    line: int = 0
    victims: tuple[ObjectRef, ...] = ()
    first_seen: float = 0.0
    """Epoch seconds of the first observation of the cause."""
    decided_at: float = 0.0
    """Epoch seconds of the moment from which the cause counted."""
    confidence: Confidence = Confidence.HIGH
    not_testable: tuple[str, ...] = ()
    """What this fault hides, e.g. the probe of a container whose image is missing."""
    counts_from: float = 0.0
    """For a suspect: epoch seconds from which it counts if nothing changes; 0 for never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Everything known about a deployment at one moment."""

    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    """Roots that count, in order of phase, then of number of victims."""
    suspects: tuple[Finding, ...] = ()
    """Causes that do not count yet, the most probable first."""
    ruled_out: tuple[str, ...] = ()
    """What was looked at and is fine, in words."""
    waiting: tuple[ObjectRef, ...] = ()
    """Objects that are not ready and that no finding explains."""
    not_judged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
