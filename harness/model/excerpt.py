"""A few lines of a repository around the one that a finding names, as they were at the run.

Kept with the run, so that a report made again elsewhere still shows them. What must not be read
in it was masked when it was taken (`harness.report.excerpts`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """Lines of one file."""

    file: str
    """POSIX path relative to the repository."""
    line: int
    """The line that is meant, counted from 1."""
    first: int
    """Number of the first of `lines`."""
    lines: tuple[str, ...]
