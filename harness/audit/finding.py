"""What an audit says: a fault as a check yields it, and the finding that people and tools read.

A fault belongs to one scope and one object; faults with the same root become one finding
(`harness.audit.grouping`). Severities are the contract of the JSON schema and of the exit code.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.audit import AuditFinding, Severity
from harness.model.refs import ObjectRef

__all__ = ["AuditFinding", "AuditResult", "Fault", "NotJudged", "Severity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One observation of one check."""

    rule: str
    """Stable name in the catalogue, e.g. `secret-missing`."""
    object: ObjectRef
    """The root: the object to mend, or the one that is missing."""
    message: str
    """What was seen: a clause that names object, field and value; free of secrets."""
    expected: str = ""
    """What would be right."""
    fix: str
    """One edit or command."""
    severity: Severity | None = None
    """None for the rule's own."""
    cause: str = ""
    """The id in the catalogue of failure causes that a cluster would show, e.g. `S01`."""
    user: ObjectRef | None = None
    """The declared object that holds the offending field; None where that is `object`."""
    field: str = ""
    """Dotted path in `user` or `object`, e.g. `spec.template.spec.containers[order].image`."""
    value: str = ""
    """The offending scalar, where it helps to find the line."""
    source: str = ""
    """Folder of the deployable root that renders it; empty for a fault of the tree."""
    file: str = ""
    """Where the check itself knows the place; else it is looked up."""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NotJudged:
    """Something that could not be resolved here, and why."""

    subject: str
    reason: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditResult:
    """Everything an audit found."""

    findings: tuple[AuditFinding, ...]
    not_judged: tuple[NotJudged, ...] = ()
    rendered: int = 0
    """Deployable roots that were rendered."""
    objects: int = 0
    seconds: float = 0.0
    roots: tuple[str, ...] = ()
    """Folders of the roots that were rendered, as `overlays` of a finding names them."""

    def counted(self) -> tuple[AuditFinding, ...]:
        """Returns the findings that no baseline accepts."""
        return tuple(f for f in self.findings if not f.accepted)
