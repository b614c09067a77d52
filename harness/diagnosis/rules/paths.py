"""Field paths inside objects as findings write them. Pure.

Dotted; list items by name in brackets; a key that itself holds a dot or a slash stands in brackets
too: `resources.requests[nvidia.com/gpu]`.
"""

from __future__ import annotations


def under(path: str, key: str) -> str:
    """Returns the path of a key below a path."""
    plain = not set(key) & set("./[]")
    return f"{path}.{key}" if plain else f"{path}[{key}]"
