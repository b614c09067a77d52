"""Lines of a YAML text: where a field of a document stands, where a scalar stands. Pure.

For places that a check knows itself: kustomizations, and objects of an engine. The line of a field
of a rendered object, behind patches and generators, is looked up elsewhere. A text that is no YAML
has no fields, and its lines are searched as text. No line is better than a wrong one: 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

import yaml

from harness.manifests.yaml_values import compose_yaml

LONGEST_TEXT = 2_000_000
"""Characters; a longer file is not searched."""
_SEARCHED = 50_000
"""Nodes looked at for a scalar, so that aliases of aliases cannot keep us busy."""


def line_of(text: str, *steps: str | int, kind: str = "", name: str = "") -> int:
    """Returns the line of the deepest field on the way along `steps`, from 1; 0 where unknown.

    Args:
        text: A file.
        steps: Keys of mappings; positions or names of items of lists.
        kind: Of the document that is meant; empty for the first one.
        name: Of the document that is meant.
    """
    for document in _documents(text):
        for node in _objects(document):
            if not kind or (_scalar(node, "kind"), _scalar(node, "metadata", "name")) == (
                kind,
                name,
            ):
                return _descend(node, steps)
    return 0


def line_with(text: str, value: str) -> int:
    """Returns the line of the first scalar that equals `value`, else of the first mention."""
    nodes = (node for document in _documents(text) for node in _walk(document))
    for node in islice(nodes, _SEARCHED):
        if isinstance(node, yaml.ScalarNode) and node.value == value:
            return int(node.start_mark.line) + 1
    lines = enumerate(text.splitlines(), start=1)
    return next((at for at, line in lines if value and value in line.partition(" #")[0]), 0)


@lru_cache(maxsize=32)
def _documents(text: str) -> tuple[yaml.Node, ...]:
    if len(text) > LONGEST_TEXT:
        return ()
    try:
        return tuple(compose_yaml(text))
    except (yaml.YAMLError, ValueError, RecursionError):
        return ()


def _objects(document: yaml.Node) -> Iterator[yaml.Node]:
    """Yields a document, and the items of a `List`."""
    yield document
    items = _value(document, "items")
    if isinstance(items, yaml.SequenceNode):
        yield from items.value


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    found = _child(node, key)
    return found[0] if found else None


def _scalar(node: yaml.Node, *keys: str) -> str:
    found: yaml.Node | None = node
    for key in keys:
        found = _value(found, key)
    return str(found.value) if isinstance(found, yaml.ScalarNode) else ""


def _descend(node: yaml.Node, steps: tuple[str | int, ...]) -> int:
    line = int(node.start_mark.line)
    for step in steps:
        found = _child(node, step)
        if found is None:
            break
        node, line = found
    return line + 1


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, int] | None:
    """Returns what a step leads to, with the line of its key or of the item, from 0."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == step:
                return value, int(key.start_mark.line)
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            if step in (position, _name(item)):
                return item, int(item.start_mark.line)
    return None


def _name(item: yaml.Node) -> str | None:
    return (_scalar(item, "name") or None) if isinstance(item, yaml.MappingNode) else None


def _walk(node: yaml.Node) -> Iterator[yaml.Node]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting.extend(part for pair in reversed(node.value) for part in reversed(pair))
        elif isinstance(node, yaml.SequenceNode):
            waiting.extend(reversed(node.value))
