"""Where in the GitOps repository a field of a rendered object comes from: the line to change.

The last writer counts: the patch, `images:` entry or generator of the outermost kustomization that
set the field, else the file of the resource. A field that is nowhere has the line of its deepest
ancestor. The tree of kustomizations is followed with PyYAML's nodes, without running kustomize
(`origin_layers`); broken YAML is skipped, nothing is raised. No line is better than a wrong one.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from harness.model.refs import ObjectRef
from harness.repo.discovery import ENGINE_KINDS
from harness.repo.origin_engine import Bootstrap
from harness.repo.origin_field import descend, pinpoint, steps, walk
from harness.repo.origin_layers import Files, Layers
from harness.repo.origin_object import Traced
from harness.repo.origin_tree import Leaf, Node, Place, Removed, entry
from harness.repo.origin_variable import variable

__all__ = ["Origins", "Place"]

_SAME_DATA = {"data": ("stringData", "binaryData")}


class Origins:
    """Answers for one repository; every folder is read once, when it is first asked about."""

    def __init__(self, root: Path, folders: Sequence[str]) -> None:
        """Takes the paths of the Applications, POSIX and relative to `root`."""
        self._root = root
        self._folders = tuple(folders)
        self._files = Files(root)
        self._layers = Layers(self._files)
        self._bootstrap = Bootstrap(root, self._files, self._layers, self._folders)

    def locate(
        self, ref: ObjectRef, field: str = "", folder: str = "", value: str = ""
    ) -> Place | None:
        """Returns the line that sets a field of a rendered object; None for an unknown object.

        A variable that a container takes from a ConfigMap has the line of the ConfigMap's key.

        Args:
            ref: The object as it was rendered.
            field: Dotted path, e.g. `spec.template.spec.containers[order].env[DB_HOST]`; empty
                for the object itself.
            folder: The Application that renders it; empty to search all.
            value: The offending scalar, where it helps to choose among several lines.
        """
        found = self._find(ref, folder)
        if found is not None:
            return self._place(*found, field, value)
        return self._bootstrap.locate(ref, field, value) if ref.kind in ENGINE_KINDS else None

    def locate_missing(self, ref: ObjectRef, folder: str = "") -> Place | None:
        """Returns where an absent object would be added: `resources:` of an overlay.

        Without `folder` that is the overlay that renders, in the same namespace, an object of
        that kind with the most similar name, else anything, else the first. None for a folder of
        plain YAML.
        """
        folders = (folder,) if folder else self._folders
        chosen = max(folders, key=lambda f: self._kinship(ref, f), default="")
        file = self._files.kustomization(chosen) if folders else ""
        root = next(iter(self._files.documents(file)), None)
        if root is None:
            return Place(file, 1) if file else None
        return (entry(root, "resources") or root).place

    def locate_entry(self, file: Path, name: str) -> Place | None:
        """Returns the line of a kustomization that holds an entry such as `../../bse`.

        An entry that is not there leaves the first line; None where there is no such file.

        Args:
            file: A kustomization or its folder, absolute or relative to the root.
            name: A scalar or a key of the file, or the path it leads to.
        """
        path = self._relative(file)
        path = path if self._files.is_file(path) else self._files.kustomization(path)
        return self._entry(path, name) if path else None

    def _entry(self, path: str, name: str) -> Place:
        nodes = [pair for document in self._files.documents(path) for pair in walk(document)]
        leaves = [node for _, node in nodes if isinstance(node, Leaf)]
        goal = self._goal(path, name)
        guesses: tuple[Iterator[Node], ...] = (
            (leaf for leaf in leaves if leaf.text == name),
            (leaf for leaf in leaves if goal and self._goal(path, leaf.text) == goal),
            (node for key, node in nodes if key == name),
        )
        found = next((node for guess in guesses for node in guess), None)
        return found.place if found else Place(path, self._line(path, name))

    def _goal(self, path: str, name: str) -> str:
        given = self._relative(Path(name)) if posixpath.isabs(name) else name
        folder = "" if posixpath.isabs(name) else posixpath.dirname(path)
        return self._files.beside(folder, given)

    def _line(self, path: str, name: str) -> int:
        lines = enumerate(self._files.text(path).splitlines(), start=1)
        return next((at for at, line in lines if name and name in line.partition("#")[0]), 1)

    def _relative(self, file: Path) -> str:
        roots = (self._root.absolute(), self._root.resolve())
        root = next((r for r in roots if file.is_relative_to(r)), None)
        return (file.relative_to(root) if root else file).as_posix()

    def _find(self, ref: ObjectRef, folder: str) -> tuple[Traced, tuple[Traced, ...]] | None:
        best: tuple[Traced, tuple[Traced, ...]] | None = None
        for path in (folder,) if folder else self._folders:
            objects = self._layers.objects(path)
            for traced in objects:
                is_it = traced.is_rendered_as(ref)
                if is_it and (best is None or _doubt(traced, ref) < _doubt(best[0], ref)):
                    best = traced, objects
        return best

    def _place(self, traced: Traced, objects: tuple[Traced, ...], field: str, value: str) -> Place:
        path = steps(field)
        given = variable(traced, objects, path)
        if given is not None:
            return pinpoint(given, value)
        found, rest = descend(traced.tree, path)
        for other in _SAME_DATA.get(path[0], ()) if path and rest else ():
            again, left = descend(traced.tree, (other, *path[1:]))
            if not left:
                return pinpoint(again, value)
        return found.place if rest else pinpoint(found, value)

    def _kinship(self, ref: ObjectRef, folder: str) -> tuple[bool, float]:
        objects = self._layers.objects(folder)
        near = [o for o in objects if not ref.namespace or ref.namespace in o.namespaces[-1:]]
        alike = (_likeness(o.names[-1], ref.name) for o in near if o.kind == ref.kind)
        return bool(near), max(alike, default=0.0)


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


def _doubt(traced: Traced, ref: ObjectRef) -> tuple[bool, bool, bool]:
    """Returns what makes an object a worse answer: removed, without namespace, by its hash only."""
    is_removed = isinstance(traced.tree, Removed)
    return is_removed, not traced.namespaces, traced.names[-1] != ref.name
