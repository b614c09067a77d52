"""What stands beside a failing item: the finding, the object's state, its log, the evidence.

Pure but for reading log files of the evidence folder, bounded in length. Says of a workload that
only suffers which root cause it suffers from.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.model.finding import Diagnosis, Finding
from harness.model.refs import ObjectRef
from harness.model.run import Health, ObjectStatus, RunRecord
from harness.report.findings import finding_lines, title_of
from harness.report.verdict import headline

LOG_LINES = 20
LOG_FILES = 4
LINE_LENGTH = 400


def status_of(run: RunRecord, ref: ObjectRef) -> ObjectStatus | None:
    """Returns how a workload was judged at the end of the run."""
    return next((s for s in run.objects if s.ref == ref), None)


def own_findings(diagnosis: Diagnosis | None, ref: ObjectRef) -> tuple[Finding, ...]:
    """Returns the root causes on a workload itself, else those it suffers from."""
    findings = diagnosis.findings if diagnosis else ()
    own = tuple(f for f in findings if f.object == ref)
    return own or tuple(f for f in findings if ref in f.victims)


def failure_text(run: RunRecord, ref: ObjectRef) -> str:
    """Returns the paragraph for a workload that is not ready; empty for one that is."""
    status = status_of(run, ref)
    if status is not None and status.health is Health.READY:
        return ""
    findings = own_findings(run.diagnosis, ref)
    if findings:
        return "\n".join(_finding_text(f, ref) for f in findings)
    if status is not None:
        said = f": {status.message}" if status.message else ""
        return f"{ref} is {status.health}{said}"
    reason = run.error.paragraph() if run.error else headline(run)
    return f"{ref} was not reached: {reason}"


def _finding_text(finding: Finding, ref: ObjectRef) -> str:
    lines = finding_lines(finding)
    if finding.object != ref:
        lines.insert(0, f"{ref} is not ready because of {finding.object}:")
    return "\n".join(lines)


def properties(run: RunRecord, ref: ObjectRef) -> Iterator[tuple[str, str]]:
    """Yields what JUnit XML should say of a failing workload besides the text."""
    status = status_of(run, ref)
    if status is not None:
        yield "gitops-health", str(status.health)
    for finding in own_findings(run.diagnosis, ref):
        yield "gitops-cause", f"{finding.cause} {title_of(finding)}".strip()
        if finding.file:
            yield "gitops-file", f"{finding.file}:{finding.line}"
    if run.evidence:
        yield "gitops-evidence", run.evidence


def evidence_text(run: RunRecord) -> str:
    """Returns the verdict of the run and where its evidence lies."""
    lines = [headline(run)]
    if run.error:
        lines.append(run.error.paragraph())
    if run.evidence:
        lines.append(f"Evidence: {run.evidence}")
    return "\n".join(lines)


def log_text(evidence: str, ref: ObjectRef) -> str:
    """Returns the last lines of a workload's containers from an evidence folder."""
    if not evidence:
        return ""
    folder = Path(evidence) / ref.namespace / "logs"
    files = sorted(folder.glob(f"{ref.name}[-.]*.log"))[:LOG_FILES]
    return "\n".join(_tail(path) for path in files)


def _tail(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
    except OSError as error:
        lines = [f"cannot be read: {error.strerror}"]
    return "\n".join([f"{path.name}:", *(f"  {line[:LINE_LENGTH]}" for line in lines)])
