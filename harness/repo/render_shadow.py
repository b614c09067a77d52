"""A throw-away copy of one folder with another kustomization; the repository is never written.

The copy stands where the folder stood, among links to its neighbours, so that every relative path
leads where it led. Files that the build reads in the folder are copied, for kustomize's load
restriction follows links and would refuse them.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from harness.repo.kustomizations import KUSTOMIZATION_NAMES


@contextmanager
def shadow(
    boundary: Path,
    folder: str,
    kustomization: dict[str, Any],
    files: Iterable[str],
    *,
    work: Path | None,
) -> Iterator[tuple[Path, Path]]:
    """Yields the root of the copy and the copied folder; removes both afterwards.

    Args:
        boundary: The root of the repository.
        folder: POSIX, relative to it; `.` for itself.
        kustomization: What the folder holds instead of its own.
        files: What the build reads, POSIX, relative to `boundary`.
        work: Where the copy is made; None for the system's temporary folder.
    """
    if work is not None:
        work.mkdir(mode=0o700, parents=True, exist_ok=True)
    top = Path(tempfile.mkdtemp(prefix="render-", dir=work)).resolve()
    try:
        made = _among_links(boundary, top, folder)
        _copy(boundary, top, folder, files)
        name = _name(boundary / folder)
        (made / name).unlink(missing_ok=True)
        (made / name).write_text(json.dumps(kustomization), encoding="utf-8")
        yield top, made
    finally:
        shutil.rmtree(top, ignore_errors=True)


def _name(folder: Path) -> str:
    found = (name for name in KUSTOMIZATION_NAMES if (folder / name).is_file())
    return next(found, KUSTOMIZATION_NAMES[0])


def _among_links(boundary: Path, top: Path, folder: str) -> Path:
    """Makes the folders down to `folder`, each with links to what else is in it."""
    at, made = boundary, top
    for part in PurePosixPath(folder).parts:
        for entry in os.scandir(at):
            if entry.name not in {part, ".git"}:
                (made / entry.name).symlink_to(entry.path)
        at, made = at / part, made / part
        made.mkdir()
    return made


def _copy(boundary: Path, top: Path, folder: str, files: Iterable[str]) -> None:
    inside = "" if folder == "." else f"{folder}/"
    for file in files:
        if file.startswith(inside) and (boundary / file).is_file():
            (top / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(boundary / file, top / file)
