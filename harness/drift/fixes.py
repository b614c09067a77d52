"""What to do about a difference: one way to undo it, one to keep it. Pure."""

from __future__ import annotations

from dataclasses import replace

from harness.drift.desired import Desired
from harness.drift.ownership import APPLIERS
from harness.model.drift import DriftFinding, DriftKind
from harness.model.refs import ObjectRef


def with_fix(finding: DriftFinding, desired: Desired, folder: str) -> DriftFinding:
    """Returns the finding with what to do; one that has it stays as it is.

    Args:
        finding: What was found, with its place.
        desired: The engine's Application; empty where it has none.
        folder: Of the repository, that declares the object or should.
    """
    if finding.fix:
        return finding
    match finding.kind:
        case DriftKind.MISSING:
            fix = _apply(desired, folder)
        case DriftKind.EXTRA:
            fix = f"{_delete(finding.object)}, or declare it in {folder or 'the repository'}"
        case DriftKind.DIFFERENT:
            fix = _difference(finding, desired, folder)
        case _:
            fix = f"argocd app get {desired.name} --refresh"
    return replace(finding, fix=fix)


def _difference(finding: DriftFinding, desired: Desired, folder: str) -> str:
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    place = place or folder or "the repository"
    if not finding.declared and finding.manager not in APPLIERS:
        ref = finding.object
        edit = f"kubectl edit {ref.kind.lower()} {ref.name}{_inside(ref)}"
        return f"to undo it: {edit}; to keep it: declare it at {place}"
    return f"to undo it: {_apply(desired, folder)}; to keep it: write it at {place}"


def _apply(desired: Desired, folder: str) -> str:
    if desired.is_known:
        return f"argocd app sync {desired.name}"
    return f"kubectl apply --server-side -k {folder}" if folder else "kubectl apply -f it again"


def _delete(ref: ObjectRef) -> str:
    return f"kubectl delete {ref.kind.lower()} {ref.name}{_inside(ref)}"


def _inside(ref: ObjectRef) -> str:
    return f" --namespace {ref.namespace}" if ref.namespace else ""
