"""Follows the kustomizations below a folder and yields its objects with the places of their fields.

Does what `kustomize build` does, in its order (api v0.21, `KustTarget.accumulateTarget`):
resources, generators, components, then the transformers from patches to replacements. Remote
entries, Helm charts and plugins are left out. Nothing is raised: what cannot be read is skipped.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from harness.repo.kustomizations import KUSTOMIZATION_NAMES
from harness.repo.origin_generate import generate
from harness.repo.origin_object import Traced, is_selected, objects_in
from harness.repo.origin_patch import apply_merge, apply_operation
from harness.repo.origin_replacement import replace_values
from harness.repo.origin_transform import (
    Objects,
    add_annotations,
    add_common_labels,
    add_labels,
    add_prefix,
    add_suffix,
    set_images,
    set_namespace,
    set_replicas,
)
from harness.repo.origin_tree import (
    Fields,
    Items,
    Leaf,
    Node,
    Removed,
    documents,
    embedded,
    entry,
    items_of,
    text_of,
)
from harness.repo.yaml_files import SUFFIXES

_PARENTS = ("resources", "bases")
_FIRST = (("namespace", set_namespace), ("namePrefix", add_prefix), ("nameSuffix", add_suffix))
_THEN = (
    ("labels", add_labels),
    ("commonLabels", add_common_labels),
    ("commonAnnotations", add_annotations),
)
_LAST = (("replicas", set_replicas), ("images", set_images))
_BIGGEST_FILE = 2_000_000
"""Bytes; what is bigger is no manifest."""


class Files:
    """The files of a repository by their POSIX path relative to its root, read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._documents: dict[str, tuple[Node, ...]] = {}

    def beside(self, folder: str, name: str) -> str:
        """Returns the path of an entry of a kustomization in `folder`; empty if it is outside."""
        if not name or "\n" in name or posixpath.isabs(name):
            return ""
        path = posixpath.normpath(posixpath.join(folder, name))
        return "" if path == ".." or path.startswith("../") else path

    def is_file(self, path: str) -> bool:
        """Tells whether there is such a file."""
        try:
            return bool(path) and (self._root / path).is_file()
        except OSError:  # e.g. an inline patch is no file name
            return False

    def text(self, path: str) -> str:
        """Returns the text of a file; empty where it cannot be read."""
        try:
            if (self._root / path).stat().st_size > _BIGGEST_FILE:
                return ""
            return (self._root / path).read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError):
            return ""

    def documents(self, path: str) -> tuple[Node, ...]:
        """Returns the documents of a YAML file."""
        if path not in self._documents:
            self._documents[path] = documents(self.text(path), path)
        return self._documents[path]

    def kustomization(self, folder: str) -> str:
        """Returns the path of a folder's kustomization, or an empty text."""
        paths = (posixpath.normpath(posixpath.join(folder, n)) for n in KUSTOMIZATION_NAMES)
        return next((path for path in paths if self.is_file(path)), "")

    def manifests(self, folder: str) -> list[str]:
        """Returns the YAML files of a folder, sorted."""
        try:
            names = sorted(path.name for path in (self._root / folder).iterdir())
        except OSError:
            return []
        return [posixpath.join(folder, n) for n in names if n.endswith(SUFFIXES)]


class Layers:
    """The objects of each folder, built once."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._built: dict[str, Objects] = {}

    def objects(self, folder: str) -> Objects:
        """Returns what a folder renders to; an empty tuple where it does not exist."""
        path = self._files.beside("", folder or ".")
        return self._objects(path, ()) if path else ()

    def parents(self, folder: str) -> list[str]:
        """Returns the folders and files that a folder's kustomization builds on."""
        root = self._kustomization(folder)
        names = [i for key in (*_PARENTS, "components") for i in items_of(root, key)]
        paths = (self._files.beside(folder, n.text) for n in names if isinstance(n, Leaf))
        return [path for path in paths if path]

    def _kustomization(self, folder: str) -> Node | None:
        return next(iter(self._files.documents(self._files.kustomization(folder))), None)

    def _objects(self, folder: str, open_folders: tuple[str, ...]) -> Objects:
        if folder not in self._built:
            self._built[folder] = self._build(folder, (), open_folders)
        return self._built[folder]

    def _build(self, folder: str, given: Objects, open_folders: tuple[str, ...]) -> Objects:
        if folder in open_folders:
            return given
        root = self._kustomization(folder)
        if root is None:
            return given if self._files.kustomization(folder) else self._plain(folder)
        inner = (*open_folders, folder)
        objects = (*given, *self._resources(folder, root, inner))
        objects = generate(root, objects, lambda name: self._read(folder, name))
        for component in items_of(root, "components"):
            path = self._files.beside(folder, _text(component))
            if path and self._files.kustomization(path):
                objects = self._build(path, objects, inner)
        return self._transformed(folder, root, objects)

    def _plain(self, folder: str) -> Objects:
        paths = self._files.manifests(folder)
        return tuple(o for path in paths for o in objects_in(self._files.documents(path)))

    def _resources(self, folder: str, root: Node, open_folders: tuple[str, ...]) -> Objects:
        found: list[Traced] = []
        for item in (item for key in _PARENTS for item in items_of(root, key)):
            path = self._files.beside(folder, _text(item))
            if self._files.is_file(path):
                found += objects_in(self._files.documents(path))
            elif path and self._files.kustomization(path):
                found += self._objects(path, open_folders)
        return tuple(found)

    def _read(self, folder: str, name: str) -> tuple[str, str]:
        path = self._files.beside(folder, name)
        return (path, self._files.text(path)) if self._files.is_file(path) else ("", "")

    def _transformed(self, folder: str, root: Node, objects: Objects) -> Objects:
        for item in items_of(root, "patchesStrategicMerge"):
            objects = _patched(objects, self._patches(folder, item), None)
        objects = self._all_patched(folder, root, "patches", objects)
        objects = _changed(root, (*_FIRST, *_THEN), objects)
        objects = self._all_patched(folder, root, "patchesJson6902", objects)
        objects = _changed(root, _LAST, objects)
        for item in self._replacements(folder, root):
            objects = replace_values(item, objects)
        return objects

    def _all_patched(self, folder: str, root: Node, key: str, objects: Objects) -> Objects:
        for item in items_of(root, key):
            source = next((n for k in ("patch", "path") if (n := entry(item, k))), item)
            objects = _patched(objects, self._patches(folder, source), entry(item, "target"))
        return objects

    def _patches(self, folder: str, source: Node) -> tuple[Node, ...]:
        if not isinstance(source, Leaf):
            return ()
        path = self._files.beside(folder, source.text)
        is_file = self._files.is_file(path)
        found = self._files.documents(path) if is_file else embedded(source)
        return tuple(patch for patch in found if isinstance(patch, Fields | Items))

    def _replacements(self, folder: str, root: Node) -> list[Node]:
        found: list[Node] = []
        for item in items_of(root, "replacements"):
            path = self._files.beside(folder, text_of(item, "path"))
            for document in self._files.documents(path) if path else (item,):
                is_list = isinstance(document, Items)
                found.append(document if is_list else Items(document.place, (document,)))
        return found


def _text(node: Node) -> str:
    return node.text if isinstance(node, Leaf) else ""


def _changed(
    root: Node, table: tuple[tuple[str, Callable[[Node, Objects], Objects]], ...], objects: Objects
) -> Objects:
    for key, change in table:
        setting = entry(root, key)
        if setting is not None:
            objects = change(setting, objects)
    return objects


def _patched(objects: Objects, patches: tuple[Node, ...], target: Node | None) -> Objects:
    for patch in patches:
        objects = tuple(
            _with_patch(o, patch) if _is_meant(o, patch, target) else o for o in objects
        )
    return objects


def _is_meant(traced: Traced, patch: Node, target: Node | None) -> bool:
    if isinstance(traced.tree, Removed):
        return False
    if target is not None:
        return is_selected(traced, target)
    metadata = entry(patch, "metadata")
    name, namespace = text_of(metadata, "name"), text_of(metadata, "namespace")
    return traced.is_called(text_of(patch, "kind"), name, namespace)


def _with_patch(traced: Traced, patch: Node) -> Traced:
    if not isinstance(patch, Items):
        tree = apply_merge(traced.tree, patch, schema=traced.has_schema)
        return replace(traced, tree=tree)
    tree = traced.tree
    for operation in patch.items:
        tree = apply_operation(tree, operation)
    return replace(traced, tree=tree)
