"""What an audit says to people and to the report of a run: findings with a rule and a severity.

The severities are the contract of the JSON schema (`harness/audit/schema.json`) and of the exit
code.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.model.refs import ObjectRef


class Severity(StrEnum):
    """How much a finding matters, the worst first."""

    DEFECT = "defect"
    """The repository contradicts itself; no cluster can make it right."""
    MISMATCH = "cluster-mismatch"
    """Right elsewhere, wrong on the target."""
    PRECONDITION = "external-precondition"
    """The cluster is expected to hold something that the repository does not declare."""
    NOTE = "note"
    """Works, and deserves a look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """One root and everything that shows it, with the line to change."""

    rule: str
    severity: Severity
    object: ObjectRef
    message: str
    expected: str = ""
    fix: str
    cause: str = ""
    field: str = ""
    overlays: tuple[str, ...] = ()
    """The deployable roots that show it, the first one first."""
    users: tuple[ObjectRef, ...] = ()
    """The objects that suffer."""
    file: str = ""
    """POSIX path relative to the repository; empty where it is not known."""
    line: int = 0
    accepted: str = ""
    """The reason of the baseline that accepts it; empty for a finding that counts."""
