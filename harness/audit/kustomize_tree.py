"""The kustomizations of a tree: what each one includes and names, and which roots read it. Pure.

Only what stands in the files is known: an entry that leads out of the repository or to a remote
base leads nowhere here. A folder that a root includes which does not render, or which is not
judged, is doubtful: what that root makes of it nobody knows. Source of the fields: kustomize
`api/types/kustomization.go`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from harness.audit.reading import items, mapping, text, texts
from harness.audit.source import Object, Source, SourceKind, Tree
from harness.audit.survey import Survey

KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
INCLUDING = ("resources", "bases", "components")
_SCALARS = 200_000
"""Scalars looked at in one tree of values, so that aliases of aliases cannot keep us busy."""


def kustomization_file(tree: Tree, folder: str) -> str:
    """Returns the path of a folder's kustomization; empty where it has none."""
    paths = (beside(folder, name) for name in KUSTOMIZATION_NAMES)
    return next((p for p in paths if p in tree.texts or p in tree.files), "")


def beside(folder: str, entry: str) -> str:
    """Returns an entry of a folder's kustomization relative to the repository."""
    return posixpath.normpath(posixpath.join(folder, entry))


def is_remote(entry: str) -> bool:
    """Tells whether an entry names something outside of the repository."""
    return "://" in entry or "?ref=" in entry or entry.startswith(("git@", "github.com/", "git::"))


def is_within(path: str, folder: str) -> bool:
    """Tells whether a path is the folder or below it; `.` holds everything."""
    return folder in {"", "."} or path == folder or path.startswith(f"{folder}/")


def included(tree: Tree, folder: str) -> Iterator[str]:
    """Yields the folders and files that a folder's kustomization includes."""
    content = tree.kustomizations.get(folder, {})
    for word in INCLUDING:
        for entry in texts(content.get(word)):
            yield beside(folder, entry)


def reached(tree: Tree, folder: str, also: tuple[str, ...] = ()) -> frozenset[str]:
    """Returns every kustomized folder that a root includes, itself among them."""
    found: set[str] = set()
    waiting = [folder, *also]
    while waiting:
        path = waiting.pop()
        if path in found or path not in tree.kustomizations:
            continue
        found.add(path)
        waiting.extend(included(tree, path))
    return frozenset(found)


def named_paths(tree: Tree, folder: str) -> Iterator[str]:
    """Yields every path that a folder's kustomization may mean: each scalar as an entry."""
    for scalar in islice(scalars(tree.kustomizations.get(folder, {})), _SCALARS):
        if len(scalar) < 300 and "\n" not in scalar:
            yield beside(folder, scalar.rpartition("=")[2])


def scalars(value: Any) -> Iterator[str]:
    """Yields every text in a tree of values."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str):
            yield value


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """Which rendered roots include each kustomized folder."""

    by_folder: Mapping[str, tuple[Source, ...]]
    folders: Mapping[str, frozenset[str]]
    """What each root includes, by the root's path."""
    doubtful: frozenset[str]
    """Folders that a root includes which is not judged or does not render."""

    @classmethod
    def of(cls, survey: Survey) -> Roots:
        """Returns the roots of a survey; one that is in several scopes counts once."""
        tree = survey.tree
        found: dict[str, list[Source]] = {}
        folders: dict[str, frozenset[str]] = {}
        for source in distinct_sources(survey):
            if source.kind is SourceKind.KUSTOMIZE:
                inside = reached(tree, source.path, _components(source))
                folders[source.path] = folders.get(source.path, frozenset()) | inside
                for folder in inside:
                    found.setdefault(folder, []).append(source)
        return cls(
            by_folder={folder: tuple(sources) for folder, sources in found.items()},
            folders=folders,
            doubtful=frozenset(f for path in _unknown(survey) for f in reached(tree, path)),
        )


def distinct_sources(survey: Survey) -> Iterator[Source]:
    """Yields every rendered root of all scopes once."""
    seen: set[tuple[object, ...]] = set()
    for scope in survey.scopes:
        for source in scope.sources:
            key = (source.path, source.deployer, source.origin, source.group)
            if key not in seen:
                seen.add(key)
                yield source


def options_of(source: Source, tool: str) -> Object:
    """Returns what an Application tells a tool (`kustomize`, `directory`) about a source."""
    spec = mapping(source.spec)
    candidates = [mapping(spec.get("source")), *map(mapping, items(spec.get("sources")))]
    for candidate in candidates:
        if beside(".", text(candidate.get("path")).strip("/") or ".") == source.path:
            return dict(mapping(candidate.get(tool)))
    return {}


def _components(source: Source) -> tuple[str, ...]:
    """Returns the components that the engine adds to a root (Argo CD 2.10, Flux 1.0)."""
    listed = [
        *texts(options_of(source, "kustomize").get("components")),
        *texts(mapping(source.spec).get("components")),
    ]
    return tuple(beside(source.path, entry) for entry in listed)


def _unknown(survey: Survey) -> Iterator[str]:
    """Yields the folders of roots that are not rendered."""
    yield from (failure.path for failure in survey.failures)
    for scope in survey.scopes:
        yield from (u.subject for u in scope.unjudged)
