"""Packs a build context as docker does: `.dockerignore` honoured, the Dockerfile swapped."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

from docker.utils.build import create_archive, exclude_paths


def context_archive(folder: Path, dockerfile: str, text: str) -> tuple[IO[bytes], str]:
    """Returns the context as a tar stream and the name under which `text` is its Dockerfile."""
    ignore = folder / f"{dockerfile}.dockerignore"
    if not ignore.is_file():
        ignore = folder / ".dockerignore"
    patterns = _patterns(ignore)
    files = sorted(exclude_paths(str(folder), patterns, dockerfile=dockerfile))
    name = ".gitops-harness.Dockerfile"
    archive: Any = create_archive(
        root=str(folder), files=files, extra_files=[(name, text)], gzip=False
    )
    return archive, name


def _patterns(ignore: Path) -> list[str]:
    if not ignore.is_file():
        return []
    lines = ignore.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
