"""Which kustomization includes which, and which stand at the top: nobody includes them. Pure.

Only what a kustomization names counts (`resources`, `components`, `bases`, `crds`; kustomize
`api/types/kustomization.go`). A Component is never deployable by itself, and a base that nobody
includes is not either: it waits for its overlay.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from harness.audit.source import Tree

Object = dict[str, Any]
INCLUDING = ("resources", "bases", "components", "crds")
NOT_DEPLOYABLE = frozenset(
    {"base", "bases", "component", "components", "template", "templates", "example"}
    | {"examples", "sample", "samples", "test", "tests", "testdata", "docs", "vendor", "common"}
    | {"fixtures", "archive", "archived", "deprecated", "disabled", "shared", "lib", "hack"}
)


def beside(folder: str, name: str) -> str:
    """Returns a path that a file of `folder` names, relative to the repository; `.` for its root.

    A path that leads out of the repository starts with `..`.
    """
    return posixpath.normpath(posixpath.join(folder, name))


def included(folder: str, kustomization: Mapping[str, Any]) -> Iterator[str]:
    """Yields the folders and files that a kustomization includes, remote ones left out."""
    for word in INCLUDING:
        entries = kustomization.get(word)
        for name in entries if isinstance(entries, list) else []:
            if isinstance(name, str) and not is_remote(name):
                yield beside(folder, name)


def is_remote(name: str) -> bool:
    """Tells whether an entry names something outside of the repository."""
    return "://" in name or name.startswith(("git@", "github.com/", "git::")) or "?ref=" in name


def reached(tree: Tree, folder: str) -> frozenset[str]:
    """Returns every folder and file that a root includes, itself among them; loops end."""
    found: set[str] = set()
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        waiting.extend(included(path, tree.kustomizations.get(path, {})))
    return frozenset(found)


def top_level(tree: Tree) -> tuple[str, ...]:
    """Returns the folders of the kustomizations that nobody includes and that may be deployed."""
    inside = {
        path
        for folder, content in tree.kustomizations.items()
        for path in included(folder, content)
    }
    return tuple(
        folder
        for folder, content in sorted(tree.kustomizations.items())
        if folder not in inside and content.get("kind") != "Component" and is_deployable(folder)
    )


def waiting(tree: Tree) -> frozenset[str]:
    """Returns the files of bases whose only overlays are not deployed from here.

    What they hold is not meant as it stands: the overlays, which somebody else takes, patch it.
    """
    inside = {path for at, held in tree.kustomizations.items() for path in included(at, held)}
    deployed, found, taken = set(top_level(tree)), set[str](), set[str]()
    for folder, content in tree.kustomizations.items():
        if folder not in inside:
            taken |= set(included(folder, content))
            taken |= reached(tree, folder) if folder in deployed else set()
            found |= reached(tree, folder)
    return frozenset(found - taken)


def is_deployable(folder: str) -> bool:
    """Tells whether no part of a path says that it waits for others or is put away."""
    return not NOT_DEPLOYABLE & {part.strip("_.") for part in folder.lower().split("/")}
