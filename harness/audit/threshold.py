"""From which severity on a finding makes the audit fail: the exit code, and red cases in JUnit.

Accepted findings never count. Which severity a finding has is decided by its check.
"""

from __future__ import annotations

from enum import StrEnum

from harness.audit.finding import AuditFinding, AuditResult, Severity


class FailOn(StrEnum):
    """The least severity that fails, or that nothing does."""

    DEFECT = "defect"
    MISMATCH = "cluster-mismatch"
    PRECONDITION = "external-precondition"
    NOTE = "note"
    NEVER = "never"


def failing(found: AuditFinding, fail_on: FailOn) -> bool:
    """Tells whether a finding counts, and is at least as severe as the threshold."""
    if found.accepted or fail_on is FailOn.NEVER:
        return False
    order = tuple(Severity)
    return order.index(found.severity) <= order.index(Severity(fail_on.value))


def fails(result: AuditResult, fail_on: FailOn) -> bool:
    """Tells whether any finding of an audit makes it fail."""
    return any(failing(found, fail_on) for found in result.findings)
