"""Takes an error apart for a verdict, with the file and line that it names."""

from __future__ import annotations

import re
from pathlib import Path

from harness.io.kube import KubeError
from harness.loop.verdicts import Trouble
from harness.model.errors import EngineError, HarnessError, RepositoryError

_LINE = re.compile(r"\bline (\d+)\b")


def trouble_of(error: HarnessError, root: Path) -> Trouble:
    """Returns an error as a verdict keeps it."""
    file, line = place_of(error, root)
    return Trouble(
        kind=type(error).__name__,
        paragraph=error.paragraph(),
        exit_code=int(error.exit_code),
        file=file,
        line=line,
    )


def place_of(error: HarnessError, root: Path) -> tuple[str, int]:
    """Returns file (relative to `root`) and line that an error names, as far as it does."""
    if isinstance(error, RepositoryError) and error.finding is not None and error.finding.file:
        return error.finding.file, error.finding.line
    path = Path(error.subject)
    if path.is_absolute() and path.is_relative_to(root):
        path = path.relative_to(root)
    if path.is_absolute() or not error.subject or not (root / path).is_file():
        return "", 0
    found = _LINE.search(error.seen)
    return path.as_posix(), int(found[1]) if found else 0


def as_harness_error(error: Exception) -> HarnessError:
    """Returns an error of ours for any that a round may meet."""
    if isinstance(error, HarnessError):
        return error
    if isinstance(error, KubeError):
        return EngineError(
            attempted="Talking to",
            subject="the API server of the cluster",
            seen=str(error),
            expected="an answer",
            next_step="press r to try again",
        )
    if isinstance(error, OSError):
        return RepositoryError(
            attempted="Reading",
            subject=str(error.filename or "the tree"),
            seen=error.strerror or str(error),
            expected="a file that can be read",
            next_step="save again, or press r",
        )
    return HarnessError(
        attempted="Judging",
        subject="a round",
        seen=f"{type(error).__name__}: {error}",
        expected="no such error: this is a defect of the harness",
        next_step="press e for the evidence, and report it",
    )
