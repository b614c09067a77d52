"""Finds, without configuration, where a repository keeps its environments.

Conventions known: Applications and ApplicationSets anywhere in the tree; overlays as
`overlays/<env>`, `environments/<env>`, `envs/<env>`, `clusters/<env>`, `<part>/overlays/<env>`.
What `harness.toml` says wins over all of them.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from harness.config import Settings
from harness.model.errors import RepositoryError, UsageError
from harness.repo.kustomizations import kustomization_file
from harness.repo.yaml_files import SKIPPED_FOLDERS, parse_objects, yaml_files

Object = dict[str, Any]
OVERLAY_PARENTS = ("overlays", "environments", "envs", "clusters")
ENGINE_KINDS = ("AppProject", "Application", "ApplicationSet")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFile:
    """A file that holds Argo CD objects."""

    path: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where one environment lives, relative to the root; a folder may be empty (not there)."""

    name: str
    overlays: tuple[str, ...]
    bootstrap: str
    bootstrap_files: tuple[str, ...]


def folders_below(root: Path) -> list[str]:
    """Returns every folder of the tree as a POSIX path relative to `root`, sorted."""
    found = []
    for folder, names, _ in os.walk(root):
        names[:] = sorted(n for n in names if n not in SKIPPED_FOLDERS and not n.startswith("."))
        relative = Path(folder).relative_to(root).as_posix()
        if relative != ".":
            found.append(relative)
    return sorted(found)


def engine_files(root: Path) -> tuple[EngineFile, ...]:
    """Returns the files that hold Argo CD objects; files that are no YAML are left to others."""
    found = []
    for path in yaml_files(root):
        text = path.read_text(encoding="utf-8", errors="replace")
        if "argoproj.io/" not in text:
            continue
        try:
            objects = parse_objects(text, path.relative_to(root).as_posix())
        except RepositoryError:
            continue
        kinds = tuple(str(o.get("kind")) for o in objects if o.get("kind") in ENGINE_KINDS)
        if kinds:
            found.append(EngineFile(path=path.relative_to(root).as_posix(), kinds=kinds))
    return tuple(found)


def overlay_folders(root: Path, folders: Sequence[str]) -> dict[str, list[str]]:
    """Returns the overlay folders of each environment name, by convention."""
    found: dict[str, list[str]] = {}
    for folder in folders:
        parts = PurePosixPath(folder).parts
        if len(parts) < 2 or parts[-2] not in OVERLAY_PARENTS:
            continue
        roots = [folder] if kustomization_file(root / folder) else _children(root, folder, folders)
        if roots:
            found.setdefault(parts[-1], []).extend(roots)
    return found


def _children(root: Path, folder: str, folders: Sequence[str]) -> list[str]:
    return [
        child
        for child in folders
        if str(PurePosixPath(child).parent) == folder and kustomization_file(root / child)
    ]


def find_environment(root: Path, name: str, settings: Settings) -> Environment:
    """Returns the environment of that name.

    Raises:
        UsageError: The repository has no such environment; names the nearest and all known.
        RepositoryError: The tree holds nothing that looks like a GitOps repository.
    """
    folders = folders_below(root)
    by_convention = overlay_folders(root, folders)
    files = engine_files(root)
    known = sorted({*settings.environments, *by_convention, *_environments_of(files)})
    if not by_convention and not files and not settings.environments:
        raise RepositoryError(
            attempted="Looking for overlays, Applications and ApplicationSets in",
            subject=str(root),
            seen="none was found",
            expected="a kustomization.yaml below overlays/<env>, or an Argo CD ApplicationSet",
            next_step="give the folder of the GitOps repository with --repo",
        )
    if name not in known and not (files and not by_convention):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UsageError(
            attempted="Finding the environment",
            subject=repr(name),
            seen=f"{hint}this repository has: {', '.join(known)}",
            expected="one of these names",
            next_step=f"--env {near[0] if near else known[0]}" if known else "",
        )
    return _environment(root, name, settings, by_convention, files, folders)


def _environment(
    root: Path,
    name: str,
    settings: Settings,
    by_convention: dict[str, list[str]],
    files: Sequence[EngineFile],
    folders: Sequence[str],
) -> Environment:
    configured = settings.environments.get(name)
    overlays = by_convention.get(name, [])
    if configured and configured.overlays:
        where = configured.overlays.strip("/")
        inside = _children(root, where, folders)
        overlays = [where] if kustomization_file(root / where) or not inside else inside
    bootstrap = configured.bootstrap.strip("/") if configured else ""
    chosen = () if bootstrap else _files_for(name, files)
    folder, loose = _common_kustomization(root, chosen)
    return Environment(
        name=name,
        overlays=tuple(overlays),
        bootstrap=bootstrap or folder,
        bootstrap_files=loose,
    )


def _files_for(name: str, files: Sequence[EngineFile]) -> tuple[str, ...]:
    named = [f.path for f in files if name in _words(f.path)]
    if named:
        return tuple(named)
    others = _environments_of(files)
    return tuple(f.path for f in files if not (_words(f.path) & others))


def _words(path: str) -> set[str]:
    parts = PurePosixPath(path).with_suffix("").parts
    return {word for part in parts for word in (part, *part.split("-"))}


_USUAL_NAMES = {"dev", "development", "test", "qa", "stage", "staging", "prod", "production"}


def _environments_of(files: Iterable[EngineFile]) -> set[str]:
    return {word for f in files for word in _words(f.path)} & _USUAL_NAMES


def _common_kustomization(root: Path, files: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    parents = {str(PurePosixPath(f).parent) for f in files}
    if len(parents) == 1:
        folder = parents.pop()
        if kustomization_file(root / folder):
            return folder, ()
    return "", tuple(files)
