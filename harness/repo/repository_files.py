"""The files of a repository as Argo CD's Git generators see them: names, and text on demand.

A folder exists where a file lies in it, as in Git. Reading refuses what leads out of the tree and
what is too large for a list of parameters.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Protocol

from harness.repo.file_text import read_text

_NEVER_TRACKED = {".git", "node_modules", ".venv", "__pycache__"}


class RepositoryFiles(Protocol):
    """What the expansion asks of a repository; every path is POSIX and relative to its root."""

    @property
    def folders(self) -> Sequence[str]:
        """Every folder that holds a file at any depth, hidden ones too."""

    @property
    def files(self) -> Sequence[str]:
        """Every file, hidden ones too."""

    def is_folder(self, path: str) -> bool:
        """Tells whether Argo CD finds a folder at this path, also by way of a symbolic link."""

    def text(self, path: str) -> str:
        """Returns a file's text; raises `OSError` or `ValueError` where it cannot be read."""


class RepositoryTree:
    """The files of a folder on disk."""

    def __init__(self, root: Path, files: Iterable[str] | None = None) -> None:
        """Takes the root, and the files that count; without them all that are on disk."""
        self._root = root
        self._given = None if files is None else tuple(sorted(files))

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Every file, sorted."""
        return self._given if self._given is not None else tuple(sorted(_on_disk(self._root)))

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """Every folder, each before those inside it."""
        return folders_of(self.files)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.folders)

    def is_folder(self, path: str) -> bool:
        """Tells whether there is a folder at this path, also by way of a symbolic link."""
        return path in self._known or path == "." or self._is_linked(path)

    def _is_linked(self, path: str) -> bool:
        """Tells whether the disk has a folder there that is not empty, and lies in the tree."""
        try:
            place = (self._root / path).resolve(strict=True)
            inside = place.is_relative_to(self._root.resolve())
            return inside and place.is_dir() and any(place.iterdir())
        except (OSError, RuntimeError, ValueError):
            return False

    def text(self, path: str) -> str:
        """Returns a file's text.

        Raises:
            OSError: It is not there.
            ValueError: It leads out of the tree, is no text or too large.
        """
        place = (self._root / path).resolve()
        if not place.is_relative_to(self._root.resolve()):
            message = "it leads out of the repository"
            raise ValueError(message)
        found = read_text(place)
        if found.problem:
            raise ValueError(found.problem)
        return found.text


def folders_of(files: Iterable[str]) -> tuple[str, ...]:
    """Returns the folders that files lie in, each before those inside it."""
    found = {str(parent) for name in files for parent in PurePosixPath(name).parents}
    return tuple(sorted(found - {"."}, key=lambda folder: folder.split("/")))


def _on_disk(root: Path) -> Iterable[str]:
    for folder, folders, names in os.walk(root):
        linked = [name for name in folders if (Path(folder) / name).is_symlink()]
        folders[:] = [n for n in folders if n not in _NEVER_TRACKED and n not in linked]
        for name in (*names, *linked):
            yield (Path(folder) / name).relative_to(root).as_posix()
