"""Tolerant accessors: what a manifest holds where a mapping, a list or a name is expected.

Strangers' manifests have null, a list where a mapping should be, numbers as names, templates that
nobody filled in. These functions never raise and answer with an empty value; they judge nothing.
Placeholder forms: Helm and Go templates, Flux `postBuild` and shell `${X}`, Kubernetes `$(X)`
(expansion of `env`), Argo CD Vault Plugin `<path:..>`, and the `<NAME>` and `__NAME__` of humans.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

PLACEHOLDER = re.compile(
    r"\{\{|\}\}|\$\{|\$\(|\{%|<[^<>]+>|(?<![A-Za-z0-9])__[A-Za-z0-9_]+__(?![A-Za-z0-9])|"
    r"%[A-Z][A-Z0-9_]+%|@@|^\$[A-Za-z_]|\[\["
)


def mapping(value: Any) -> Mapping[str, Any]:
    """Returns a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def entries(value: Any) -> tuple[Mapping[str, Any], ...]:
    """Returns the mappings among the items of a list; empty for anything else."""
    return tuple(v for v in value if isinstance(v, dict)) if isinstance(value, list) else ()


def items(value: Any) -> tuple[Any, ...]:
    """Returns the items of a list, and nothing for anything else."""
    return tuple(value) if isinstance(value, list) else ()


def text(value: Any) -> str:
    """Returns a scalar as text without blanks around it; empty for null, booleans, collections."""
    if isinstance(value, str):
        return value.strip()
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else ""


def texts(value: Any) -> tuple[str, ...]:
    """Returns the scalars among the items of a list as text, the empty ones left out."""
    return tuple(found for found in map(text, items(value)) if found)


def whole(value: Any) -> int | None:
    """Returns an integer, also when it is written as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value) else None


def at(value: Any, *path: str) -> Any:
    """Returns what a nest of mappings holds at a path of keys, or None."""
    for key in path:
        value = mapping(value).get(key)
    return value


def text_at(value: Any, *path: str) -> str:
    """Returns the scalar at a path of keys as text; empty where there is none."""
    return text(at(value, *path))


def metadata(obj: Any) -> Mapping[str, Any]:
    """Returns the metadata of an object."""
    return mapping(mapping(obj).get("metadata"))


def annotations_of(obj: Any) -> Mapping[str, str]:
    """Returns the annotations of an object, each as text."""
    found = mapping(metadata(obj).get("annotations"))
    return {str(key): written(value) for key, value in found.items()}


def labels_of(obj: Any) -> Mapping[str, str]:
    """Returns the labels of an object, each as text."""
    found = mapping(metadata(obj).get("labels"))
    return {str(key): written(value) for key, value in found.items()}


def written(value: Any) -> str:
    """Returns a scalar as Kubernetes would read it: `true` and `false` for booleans."""
    return str(value).lower() if isinstance(value, bool) else text(value)


def group_of(obj: Any) -> str:
    """Returns the API group of an object; empty for the core group."""
    return text(mapping(obj).get("apiVersion")).rpartition("/")[0]


def is_placeholder(value: Any) -> bool:
    """Tells whether a text holds a template or placeholder that somebody else fills in."""
    return bool(PLACEHOLDER.search(text(value)))


def named(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields the mappings of a list with their `name`, or their position where they have none."""
    for position, entry in enumerate(items(value)):
        if isinstance(entry, dict):
            yield text(entry.get("name")) or str(position), entry


def is_known(name: str) -> bool:
    """Tells whether a name can be looked up: not empty and no placeholder."""
    return bool(name) and not is_placeholder(name)
