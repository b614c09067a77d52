"""`replacements` of a kustomization: a value copied from one object into others.

What must change is where the value comes from: the source's field, or the `sourceValue`. Where the
source cannot be found the line is that of the target's `fieldPath`. Delimiters and structured data
inside a text are not taken apart. Paths are kustomize's: `spec.containers.[name=web].image`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from harness.repo.origin_field import Path, descend, steps
from harness.repo.origin_object import Traced, is_selected
from harness.repo.origin_tree import Leaf, Node, entry, items_of, text_of

_BY_FIELD = re.compile(r"\[[\w.]+=")


def replace_values(setting: Node, objects: tuple[Traced, ...]) -> tuple[Traced, ...]:
    """Returns the objects with the values of `replacements` in the fields that they go to."""
    for item in items_of(setting):
        value = _source(item, objects)
        for target in items_of(item, "targets"):
            objects = tuple(
                _with_value(o, target, value) if _is_target(o, target) else o for o in objects
            )
    return objects


def _source(item: Node, objects: tuple[Traced, ...]) -> Node | None:
    source = entry(item, "source")
    if source is None:
        return entry(item, "sourceValue")
    for traced in objects:
        if is_selected(traced, source):
            found, rest = descend(traced.tree, _path(text_of(source, "fieldPath")))
            return None if rest else found
    return None


def _is_target(traced: Traced, target: Node) -> bool:
    rejected = any(is_selected(traced, reject) for reject in items_of(target, "reject"))
    return is_selected(traced, entry(target, "select")) and not rejected


def _with_value(traced: Traced, target: Node, value: Node | None) -> Traced:
    is_created = text_of(entry(target, "options"), "create").lower() == "true"
    for path in items_of(target, "fieldPaths"):
        if isinstance(path, Leaf):
            node = value or path
            change = partial(_replaced, value=node, make=is_created)
            create = node.place if is_created else None
            traced = traced.changed(_path(path.text), change, create)
    return traced


def _replaced(former: Node | None, value: Node, *, make: bool) -> Node | None:
    if isinstance(former, Leaf) and isinstance(value, Leaf):
        return replace(value, parts=(*value.parts, *former.parts, replace(former, parts=())))
    return value if make or former is not None else None


def _path(text: str) -> Path:
    return steps(_BY_FIELD.sub("[", text or "metadata.name"))
