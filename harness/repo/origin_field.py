"""Dotted field paths over trees: what a path names, how far it leads, how a tree is changed there.

`spec.template.spec.containers[order].env[DB_HOST]`: brackets hold the key of a mapping or say which
item of a list is meant: by its name (or another field that tells items apart), else by its index.
Trees are never changed in place; a change returns a new tree that shares what stayed the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from harness.model.refs import ImageReference
from harness.repo.origin_tree import Fields, Items, Leaf, Node, Place, Removed, text_of

Path = tuple[str, ...]
Change = Callable[[Node | None], Node | None]
"""Returns the node to stand here instead; None where there is nothing and nothing is wanted."""
Pick = Callable[[Sequence[Node], str], int | None]
"""Returns the position of the item that a step means."""

EVERY = "*"
"""As a step: every item of the list."""
_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")
_NAMES = (("name",), ("metadata", "name"))
_OTHER_NAMES = (
    *(("mountPath",), ("containerPort",), ("port",), ("key",), ("host",), ("ip",)),
    *(("topologyKey",), ("path",), ("type",), ("devicePath",)),
)
_SEARCHED = 20_000
"""Nodes looked at for a value, so that aliases of aliases cannot keep us busy."""


def steps(field: str) -> Path:
    """Returns the steps of a dotted path."""
    found = (bracketed or plain for bracketed, plain in _STEP.findall(field))
    return tuple(step.strip("'\"") for step in found if step)


def descend(node: Node, path: Path) -> tuple[Node, Path]:
    """Returns the deepest node on the way along `path` and the steps that are left over."""
    while path:
        child, used = _child(node, path)
        if child is None:
            break
        node, path = child, path[used:]
        if isinstance(node, Removed):
            return node, ()
    return node, path


def _child(node: Node, path: Path) -> tuple[Node | None, int]:
    match node:
        case Fields(entries=entries):
            # A key may hold dots: `data.application.properties`.
            used = next((n for n in range(1, len(path) + 1) if ".".join(path[:n]) in entries), 0)
            return (entries[".".join(path[:used])], used) if used else (None, 0)
        case Items(items=items):
            at = by_name(items, path[0])
            return (items[at], 1) if at is not None else (None, 0)
        case _:
            return None, 0


def by_name(items: Sequence[Node], step: str) -> int | None:
    """Returns the position of the item called `step`, else of the item with that index."""
    for keys in _NAMES:
        for at, item in enumerate(items):
            if _is_called(item, step, keys):
                return at
    index = by_index(items, step)
    if index is not None:
        return index
    found = (at for at, item in enumerate(items) for k in _OTHER_NAMES if _is_called(item, step, k))
    return next(found, None)


def _is_called(item: Node | None, step: str, keys: Path) -> bool:
    node = item.former if isinstance(item, Removed) else item
    return node.text == step if isinstance(node, Leaf) else text_of(node, *keys) == step


def by_index(items: Sequence[Node], step: str) -> int | None:
    """Returns the position of the item with that index; removed items do not count."""
    present = [at for at, item in enumerate(items) if not isinstance(item, Removed)]
    return present[int(step)] if step.isdecimal() and int(step) < len(present) else None


def rewrite(
    node: Node | None,
    path: Path,
    change: Change,
    *,
    create: Place | None = None,
    pick: Pick = by_name,
) -> Node | None:
    """Returns the tree with `change` applied at `path`; unchanged where the path leads nowhere.

    Missing mappings on the way are made with the place `create`; without it none are made.
    """
    if not path:
        return change(node)
    head, rest = path[0], path[1:]
    match node:
        case Fields():
            child = rewrite(node.entries.get(head), rest, change, create=create, pick=pick)
            return node if child is None else with_entry(node, head, child)
        case Items():
            wanted = range(len(node.items)) if head == EVERY else [pick(node.items, head)]
            changed = [
                rewrite(item, rest, change, create=create, pick=pick) if at in wanted else item
                for at, item in enumerate(node.items)
            ]
            return replace(node, items=tuple(item for item in changed if item is not None))
        case Leaf():
            return node
        case _:
            made = Fields(create) if create and EVERY not in path else None
            return rewrite(made, path, change, create=create, pick=pick) if made else node


def with_entry(node: Fields, key: str, child: Node) -> Fields:
    """Returns the mapping with that entry."""
    return Fields(node.place, {**node.entries, key: child})


def pinpoint(node: Node, value: str) -> Place:
    """Returns the line of `value` at or below a node, or the node's own."""
    if not value or isinstance(node, Removed):
        return node.place
    if isinstance(node, Leaf):
        return _within(node, value)
    return next((n for key, n in walk(node) if _is(n, value, key)), node).place


def _within(leaf: Leaf, value: str) -> Place:
    if leaf.text == value:
        return leaf.place
    part = next((part.place for part in leaf.parts if part.text == value), None)
    if part or leaf.body is None:
        return part or leaf.place
    lines = enumerate(leaf.text.splitlines())
    inside = (Place(leaf.body.file, leaf.body.line + at) for at, line in lines if value in line)
    return next(inside, leaf.place)


def walk(node: Node) -> Iterator[tuple[str, Node]]:
    """Yields every node with the key it stands under, parents first; stops at a large number."""
    return islice(_walk(node, ""), _SEARCHED)


def _walk(node: Node, key: str) -> Iterator[tuple[str, Node]]:
    yield key, node
    match node:
        case Fields(entries=entries):
            for name, child in entries.items():
                yield from _walk(child, name)
        case Items(items=items):
            for child in items:
                yield from _walk(child, key)


def _is(node: Node, value: str, key: str) -> bool:
    if not isinstance(node, Leaf) or node.text == value or key != "image":
        return isinstance(node, Leaf) and node.text == value
    try:
        return ImageReference.parse(node.text) == ImageReference.parse(value)
    except ValueError:
        return False
