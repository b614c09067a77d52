"""Where an audited folder lies in its checkout, for those who know files by the checkout's root.

Code scanning and annotations name files from the root of the Git repository; findings name them
from the folder that was audited, which may be a part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from harness.audit.finding import AuditResult


def folder_in_checkout(folder: Path, environ: Mapping[str, str]) -> str:
    """Returns the POSIX path of a folder in its checkout; `.` for the checkout itself.

    The checkout is `GITHUB_WORKSPACE` where the folder lies in it, else the nearest folder above
    with a `.git`; without one the folder counts as its own.
    """
    inside = folder.resolve()
    workspace = environ.get("GITHUB_WORKSPACE", "")
    roots = [Path(workspace).resolve()] if workspace else []
    roots += [above for above in (inside, *inside.parents) if (above / ".git").exists()]
    root = next((root for root in roots if inside.is_relative_to(root)), inside)
    return inside.relative_to(root).as_posix()


def seen_from_checkout(result: AuditResult, folder: str) -> AuditResult:
    """Returns the audit with every path told from the root of the checkout.

    Args:
        result: What was found.
        folder: Where the audited folder lies, as `folder_in_checkout` tells.
    """

    def moved(path: str) -> str:
        return PurePosixPath(folder, path).as_posix() if path else ""

    findings = (
        replace(found, file=moved(found.file), overlays=tuple(map(moved, found.overlays)))
        for found in result.findings
    )
    return replace(result, findings=tuple(findings))
