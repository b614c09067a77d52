"""YAML as a tree in which every key and every list item knows its file and line.

Decides how a document's text becomes nodes; what the nodes mean is left to its neighbours
(`origin_field` walks them, `origin_patch` merges them). PyYAML's composed nodes carry the lines;
a block of text inside a document keeps the line it starts on, because kustomizations hold whole
patches in such blocks. Broken YAML yields the documents before the break, never an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from harness.manifests.yaml_values import compose_yaml

_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file of the repository."""

    file: str
    """POSIX path relative to the root."""
    line: int
    """Counts from 1."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar."""

    place: Place
    text: str
    is_null: bool = False
    body: Place | None = None
    """The first line of the text itself, where it is a block or a file of its own."""
    parts: tuple[Leaf, ...] = ()
    """What the text was put together from, e.g. the name and the tag of an image."""


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping; `place` of an entry is the line of its key."""

    place: Place
    entries: Mapping[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Place
    items: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Removed:
    """A field or an item that a patch takes away; `place` is that patch."""

    place: Place
    former: Node | None = None


Node = Leaf | Fields | Items | Removed


def entry(node: Node | None, key: str) -> Node | None:
    """Returns the entry of a mapping, or None where there is none or it was removed."""
    found = node.entries.get(key) if isinstance(node, Fields) else None
    return None if isinstance(found, Removed) else found


def text_of(node: Node | None, *keys: str) -> str:
    """Returns the scalar below `keys`, or an empty text."""
    for key in keys:
        node = entry(node, key)
    return node.text if isinstance(node, Leaf) and not node.is_null else ""


def items_of(node: Node | None, key: str = "") -> tuple[Node, ...]:
    """Returns the items of a list, or of the list below `key`; removed ones are left out."""
    found = entry(node, key) if key else node
    items = found.items if isinstance(found, Items) else ()
    return tuple(item for item in items if not isinstance(item, Removed))


def documents(text: str, file: str) -> tuple[Node, ...]:
    """Returns the documents of a file, as many as can be read."""
    return tuple(_documents(text, _Converter(file)))


def embedded(leaf: Leaf) -> tuple[Node, ...]:
    """Returns the documents inside a scalar, e.g. an inline patch.

    Lines are exact for a literal block; text in quotes has one place, that of its key.
    """
    at = leaf.body or leaf.place
    return tuple(_documents(leaf.text, _Converter(at.file, at.line, one_line=leaf.body is None)))


def _documents(text: str, converter: _Converter) -> Iterator[Node]:
    try:
        for raw in compose_yaml(text):
            yield converter.document(raw)
    except (yaml.YAMLError, ValueError, RecursionError):
        return


class _Converter:
    """Turns composed nodes of one text into nodes with places."""

    def __init__(self, file: str, first_line: int = 1, *, one_line: bool = False) -> None:
        self._file = file
        self._first_line = first_line
        self._one_line = one_line
        self._places: dict[int, Place] = {}
        self._open: set[int] = set()
        self._known: dict[int, Node] = {}

    def document(self, raw: Any) -> Node:
        """Returns the node of a whole document; identities of nodes last as long as it does."""
        self._known.clear()
        return self._node(raw, raw.start_mark.line)

    def _node(self, raw: Any, line: int) -> Node:
        known = self._known.get(id(raw))
        if known is not None:
            return replace(known, place=self._place(line))
        if id(raw) in self._open:  # an alias inside its own anchor
            return Leaf(self._place(line), "")
        self._open.add(id(raw))
        made = self._made(raw, line)
        self._open.discard(id(raw))
        self._known[id(raw)] = made
        return made

    def _made(self, raw: Any, line: int) -> Node:
        match raw:
            case yaml.MappingNode():
                return Fields(self._place(line), self._entries(raw))
            case yaml.SequenceNode():
                items = (self._node(item, item.start_mark.line) for item in raw.value)
                return Items(self._place(line), tuple(items))
            case _:
                return self._leaf(raw, line)

    def _entries(self, raw: Any) -> dict[str, Node]:
        merged: dict[str, Node] = {}
        own: dict[str, Node] = {}
        for key, value in raw.value:
            node = self._node(value, key.start_mark.line)
            if key.value == "<<":
                for source in node.items if isinstance(node, Items) else (node,):
                    merged = {**_entries_of(source), **merged}
            else:
                own[str(key.value)] = node
        return {**merged, **own}

    def _leaf(self, raw: Any, line: int) -> Leaf:
        body = self._place(raw.start_mark.line + 1) if raw.style == "|" else None
        return Leaf(self._place(line), raw.value, raw.tag == _NULL, body)

    def _place(self, line: int) -> Place:
        at = self._first_line if self._one_line else self._first_line + line
        return self._places.setdefault(at, Place(self._file, at))


def _entries_of(node: Node) -> Mapping[str, Node]:
    return node.entries if isinstance(node, Fields) else {}
