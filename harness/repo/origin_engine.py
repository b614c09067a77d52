"""Finds Argo CD's own objects, which no Application renders: the bootstrap's.

They are looked for in every folder that builds on a file with such an object, the outermost
kustomization first, then in the files alone. An Application that an ApplicationSet makes is found
in that set's template, because this is what must change; see Argo CD's ApplicationSet docs.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.model.refs import ObjectRef
from harness.repo.discovery import ENGINE_KINDS, folders_below
from harness.repo.origin_field import descend, pinpoint, steps
from harness.repo.origin_layers import Files, Layers
from harness.repo.origin_object import Traced, objects_in
from harness.repo.origin_tree import Leaf, Node, Place, entry, text_of
from harness.repo.yaml_files import yaml_files

_EXPRESSION = re.compile(r"\{\{.*?\}\}")


class Bootstrap:
    """Argo CD's objects of a repository, searched once and only when asked for."""

    def __init__(self, root: Path, files: Files, layers: Layers, folders: Sequence[str]) -> None:
        self._root = root
        self._files = files
        self._layers = layers
        self._folders = folders
        self._found: tuple[Traced, ...] | None = None

    def locate(self, ref: ObjectRef, field: str, value: str) -> Place | None:
        """Returns the line of a field of an object, or of the template that makes it."""
        for traced in self._objects():
            if traced.is_rendered_as(ref):
                return _place(traced.tree, field, value)
        maker = self._maker(ref) if ref.kind == "Application" else None
        return _in_template(maker, field, value) if maker else None

    def _maker(self, ref: ObjectRef) -> Traced | None:
        sets = [o for o in self._objects() if o.kind == "ApplicationSet" and _makes(o, ref)]
        return max(sets, key=lambda o: len(_EXPRESSION.sub("", _template_name(o))), default=None)

    def _objects(self) -> tuple[Traced, ...]:
        if self._found is None:
            self._found = tuple(self._search())
        return self._found

    def _search(self) -> Iterator[Traced]:
        holders = [path for path in self._paths() if self._has_engine_object(path)]
        for folder in sorted(self._outermost(holders), key=self._distance):
            yield from self._layers.objects(folder)
        for path in sorted(holders, key=self._distance):
            yield from objects_in(self._files.documents(path))

    def _paths(self) -> Iterator[str]:
        return (path.relative_to(self._root).as_posix() for path in yaml_files(self._root))

    def _has_engine_object(self, path: str) -> bool:
        if "argoproj.io/" not in self._files.text(path):
            return False
        return any(o.kind in ENGINE_KINDS for o in objects_in(self._files.documents(path)))

    def _outermost(self, holders: Sequence[str]) -> list[str]:
        """Returns the folders that build on such a file and that nothing else builds on."""
        folders = [".", *folders_below(self._root)]
        parents = {f: set(self._layers.parents(f)) for f in folders if self._files.kustomization(f)}
        found = set(holders)
        while grown := {f for f, below in parents.items() if f not in found and below & found}:
            found |= grown
        used = {path for folder in found for path in parents.get(folder, ())}
        return sorted(found - used - set(holders))

    def _distance(self, path: str) -> int:
        """Counts the parts of a path that no Application's path has, e.g. another environment."""
        known = {part for folder in self._folders for part in folder.split("/")}
        return sum(part not in known for part in posixpath.splitext(path)[0].split("/"))


def _template_name(traced: Traced) -> str:
    return text_of(traced.tree, "spec", "template", "metadata", "name")


def _makes(traced: Traced, ref: ObjectRef) -> bool:
    pattern = ".+".join(re.escape(part) for part in _EXPRESSION.split(_template_name(traced)))
    return bool(re.fullmatch(pattern, ref.name)) and traced.is_rendered_as(
        replace(ref, kind=traced.kind, name=traced.names[-1])
    )


def _in_template(maker: Traced, field: str, value: str) -> Place | None:
    spec = entry(maker.tree, "spec")
    template, generators = entry(spec, "template"), entry(spec, "generators")
    if template is None:
        return None
    found, _ = descend(template, steps(field))
    if isinstance(found, Leaf) and "{{" in found.text and generators and value:
        given = pinpoint(generators, value)
        return found.place if given == generators.place else given
    return _place(template, field, value)


def _place(tree: Node, field: str, value: str) -> Place:
    found, rest = descend(tree, steps(field))
    return found.place if rest else pinpoint(found, value)
