"""Turns what kustomize says about a folder into an error that names the cause, file and line.

The texts are read by the diagnosis' own rules, so that a fault has the same id whether it is found
here, before any cluster exists, or by Argo CD.
"""

from __future__ import annotations

from pathlib import Path

from harness.diagnosis.catalogue import cause
from harness.diagnosis.rules.repo_texts import RepoFault, classify
from harness.model.errors import RepositoryError
from harness.model.finding import Confidence, Finding
from harness.model.refs import ObjectRef
from harness.repo.origin import Origins


def fault_error(stderr: str, folder: str, root: Path) -> RepositoryError | None:
    """Returns the error for a rendering that failed; None where no rule knows the text.

    Args:
        stderr: All that kustomize wrote.
        folder: The folder that was built, POSIX, relative to `root`.
        root: The repository.
    """
    fault = classify(stderr, folder=folder, root=str(root), paths=_paths(root, folder))
    if fault is None:
        return None
    file, line = _place(fault, folder, root)
    where = f"{file}:{line}" if line else file
    error = RepositoryError(
        attempted="Rendering the overlay",
        subject=folder,
        seen=f"{fault.cause}: {fault.seen}",
        expected=fault.expected,
        next_step=f"{fault.fix} ({where})" if where else fault.fix,
    )
    error.finding = _finding(fault, folder, file, line)
    return error


def _paths(root: Path, folder: str) -> list[str]:
    """Returns the files and folders near the one that was built, for the nearest name."""
    above = (root / folder).parent.parent
    base = above if above.is_relative_to(root) else root
    return [p.relative_to(root).as_posix() for p in base.rglob("*") if ".git" not in p.parts][:5000]


def _place(fault: RepoFault, folder: str, root: Path) -> tuple[str, int]:
    if fault.line and fault.file:
        return fault.file, fault.line
    found = Origins(root, [folder]).locate_entry(Path(fault.file or folder), fault.entry)
    return (found.file, found.line) if found else (fault.file or folder, 0)


def _finding(fault: RepoFault, folder: str, file: str, line: int) -> Finding:
    return Finding(
        cause=fault.cause,
        phase=cause(fault.cause).phase,
        object=ObjectRef("Kustomization", "", folder),
        field=fault.entry,
        seen=fault.seen,
        expected=fault.expected,
        fix=fault.fix,
        file=file,
        line=line,
        confidence=Confidence.CERTAIN,
    )
