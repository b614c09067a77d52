"""Follows an environment variable to the ConfigMap or Secret of the repository that gives it.

`env[DB_HOST]` of a container is often nowhere in the Deployment: `envFrom` brings it in, or
`valueFrom` refers to a key. Then that key is the line to change. Sources are tried as the kubelet
does: the container's own `env` before `envFrom`, the last source of `envFrom` before the first.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.repo.origin_field import Path, descend
from harness.repo.origin_object import Traced
from harness.repo.origin_tree import Node, Removed, entry, items_of, text_of

_KINDS = {
    "configMapKeyRef": "ConfigMap",
    "configMapRef": "ConfigMap",
    "secretKeyRef": "Secret",
    "secretRef": "Secret",
}
Source = tuple[str, str, str]
"""Kind, name and key."""


def variable(traced: Traced, objects: tuple[Traced, ...], path: Path) -> Node | None:
    """Returns the node that gives a variable; None where the container itself does, or nobody."""
    way, name = _split(path)
    container, rest = descend(traced.tree, way)
    if not name or rest:
        return None
    own, rest = descend(container, ("env", name))
    if isinstance(own, Removed):
        return None
    sources = _all_sources(container, name) if rest else _reference(entry(own, "valueFrom"))
    found = (node for source in sources if (node := _data(source, objects)))
    return next(found, None)


def _split(path: Path) -> tuple[Path, str]:
    """Returns the way to the container and the variable's name; empty for another field."""
    short = path[:-1] if path[-1:] == ("value",) else path
    is_variable = len(short) > 2 and short[-2] == "env"
    return (short[:-2], short[-1]) if is_variable else ((), "")


def _reference(node: Node | None) -> Iterator[Source]:
    for key in ("configMapKeyRef", "secretKeyRef"):
        reference = entry(node, key)
        if reference is not None:
            yield _KINDS[key], text_of(reference, "name"), text_of(reference, "key")


def _all_sources(container: Node, name: str) -> Iterator[Source]:
    for item in reversed(items_of(container, "envFrom")):
        prefix = text_of(item, "prefix")
        for key in ("configMapRef", "secretRef"):
            if entry(item, key) is not None and name.startswith(prefix):
                yield _KINDS[key], text_of(item, key, "name"), name.removeprefix(prefix)


def _data(source: Source, objects: tuple[Traced, ...]) -> Node | None:
    kind, name, key = source
    for traced in objects:
        if traced.is_called(kind, name):
            for data in ("data", "stringData"):
                found, rest = descend(traced.tree, (data, key))
                if not rest:
                    return found
    return None
