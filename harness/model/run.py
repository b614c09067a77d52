"""What a run was, as data: stages, workloads, images, substitutions, leftovers.

The pipeline fills it, the report room turns it into text, JUnit XML and HTML. Times are seconds
since the run began unless the name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from harness.model.audit import AuditFinding
from harness.model.drift import Gap
from harness.model.errors import HarnessError
from harness.model.excerpt import Excerpt
from harness.model.finding import Diagnosis
from harness.model.pods import PodHistory
from harness.model.policies import PolicyMatrix
from harness.model.refs import ObjectRef


class StageState(StrEnum):
    """Where a stage of the run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Health(StrEnum):
    """The judgement of one object; "not judged" is never shown as fine."""

    READY = "ready"
    PROGRESSING = "progressing"
    STUCK = "stuck"
    MISSING = "missing"
    TERMINATING = "terminating"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStatus:
    """One object and how it was judged, in words a person can act on."""

    ref: ObjectRef
    health: Health
    message: str = ""
    ready_after_seconds: float | None = None
    """Since the stage "ready" began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationStatus:
    """One Argo CD Application as last seen."""

    name: str
    path: str
    revision: str
    sync: str
    health: str
    operation: str
    resources: int
    message: str = ""
    passed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDelivery:
    """One image the overlays name: where it came from and which digest is served and runs."""

    declared: str
    origin: str
    """`built here`, `pulled`, or `substituted`."""
    source: str
    """Build context, upstream reference, or what the substitute was built from."""
    digest: str
    seconds: float = 0.0
    running_digest: str = ""


@dataclass(slots=True, kw_only=True)
class StageRecord:
    """One stage: when it ran, how it ended. Mutable only inside the pipeline."""

    name: str
    title: str
    state: StageState = StageState.WAITING
    started: float = 0.0
    seconds: float = 0.0
    detail: str = ""
    error: HarnessError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRecord:
    """One thing that was proven from outside, or was not."""

    name: str
    passed: bool
    seconds: float
    output: str


@dataclass(slots=True, kw_only=True)
class RunRecord:
    """Everything the report says about one run."""

    run_id: str
    environment: str
    repository: str
    command: str
    started_at: str
    """UTC, ISO 8601."""
    stages: list[StageRecord] = field(default_factory=list)
    applications: list[ApplicationStatus] = field(default_factory=list)
    objects: list[ObjectStatus] = field(default_factory=list)
    images: list[ImageDelivery] = field(default_factory=list)
    proofs: list[ProofRecord] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    """Versions, bundle origin and key, revision, host settings, node memory."""
    notes: list[str] = field(default_factory=list)
    evidence: str = ""
    leftovers: list[str] = field(default_factory=list)
    seconds: float = 0.0
    audit: list[AuditFinding] = field(default_factory=list)
    """What the rendered repository alone shows; what the harness provides is left out."""
    gap: Gap | None = None
    """What differed between the declaration and the cluster at the end; None when not compared."""
    policies: PolicyMatrix | None = None
    """Who reached whom, against the declared policies; None when not probed."""
    pods: list[PodHistory] = field(default_factory=list)
    """What became of every pod that was seen; empty where no cluster was watched."""
    excerpts: list[Excerpt] = field(default_factory=list)
    """The lines around those that findings name."""
    diagnosis: Diagnosis | None = None
    """The last diagnosis, where a cluster was watched."""
    interrupted: str = ""
    """What ended the run from outside (`Ctrl-C`, `SIGTERM`); empty when nothing did."""

    @property
    def error(self) -> HarnessError | None:
        """The first error of the run; later ones are consequences."""
        failed = [s for s in self.stages if s.error is not None]
        failed.sort(key=lambda s: s.started + s.seconds)
        return failed[0].error if failed else None

    @property
    def passed(self) -> bool:
        """True when at least one stage ran and every stage passed."""
        return bool(self.stages) and all(s.state is StageState.PASSED for s in self.stages)
