"""What came of reproducing a run, as data and in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.reproduction.manifest import Manifest, TreeMode
from harness.reproduction.outcome import Comparison, Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """An archived run, and the same run here."""

    archive: Path
    manifest: Manifest
    then: Ending
    before: tuple[str, ...] = ()
    """What is known to differ before the start."""
    comparison: Comparison | None = None
    """None where nothing was run."""
    after: tuple[str, ...] = ()
    """What else differs, seen after the run."""
    report: Path | None = None
    tree: Path | None = None
    """Where the tree was left for looking at, with a kept cluster."""


def introduction(found: Reproduction) -> Iterator[str]:
    """Yields what is said before the start."""
    manifest = found.manifest
    yield f"{found.archive}: run {manifest.run_id} of {manifest.created}"
    yield f"  environment {manifest.options.environment}; {_tree(manifest)}"
    yield f"  it ended: {found.then}"
    for text in (*manifest.trimmed, *manifest.notes):
        yield f"  {text}"
    if found.before:
        yield from _list("Differs from then, before the start:", found.before)
    else:
        yield "Nothing is known to differ before the start."


def conclusion(found: Reproduction) -> Iterator[str]:
    """Yields what is said after the run; nothing where none took place."""
    compared = found.comparison
    if compared is None:
        return
    if compared.same:
        yield f"Same verdict: {compared.now}"
    else:
        yield f"Another verdict: {compared.now}"
        yield from _list(f"Then: {compared.then}", compared.differences)
    if found.after:
        yield from _list("Differs besides:", found.after)
    if found.tree is not None:
        yield f"The tree is in {found.tree}; harness down removes the cluster, the tree stays."


def _tree(manifest: Manifest) -> str:
    tree = manifest.tree
    masked = f", stand-ins for secrets in {len(tree.masked)} of them" if tree.masked else ""
    if tree.mode is TreeMode.INCLUDE:
        return f"tree {tree.revision[:8]} of {tree.files} files{masked}"
    if tree.mode is TreeMode.COMMIT:
        return f"tree: commit {tree.commit[:12]} and {tree.changed} files that differ{masked}"
    return f"no tree ({tree.why})"


def _list(title: str, texts: Sequence[str]) -> Iterator[str]:
    yield title
    for text in texts:
        yield f"  {text}"
