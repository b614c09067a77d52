"""YAML in, objects out, fast and with the file named when it is broken.

libyaml is used where PyYAML was built with it. What the objects mean is other modules' business.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from harness.model.errors import RepositoryError

Object = dict[str, Any]
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SUFFIXES = (".yaml", ".yml")
SKIPPED_FOLDERS = {".git", ".github", "node_modules", ".venv", "__pycache__", "vendor"}


class _Loader(Loader):  # type: ignore[misc] # libyaml's loader is untyped
    """A safe loader that takes `=` and other YAML 1.1 oddities as plain text."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: node.value)


def parse_objects(text: str, source: str) -> list[Object]:
    """Returns the mappings of a YAML stream, `List`s flattened.

    Raises:
        RepositoryError: The text is not YAML; names `source` and the line.
    """
    try:
        documents = list(yaml.load_all(text, Loader=_Loader))
    except (yaml.YAMLError, ValueError) as error:
        raise RepositoryError(
            attempted="Reading the YAML of",
            subject=source,
            seen=_where(error),
            expected="valid YAML",
            next_step="correct the line named above",
        ) from error
    return [found for document in documents for found in _flatten(document)]


def _flatten(document: Any) -> Iterator[Object]:
    if not isinstance(document, dict):
        return
    if str(document.get("kind", "")).endswith("List") and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _flatten(item)
        return
    yield document


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"{place}{' '.join(str(problem).split())}"


def yaml_files(root: Path) -> Iterator[Path]:
    """Yields every YAML file below `root` in a stable order, tool folders left out."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
        for name in sorted(names):
            if name.endswith(SUFFIXES):
                yield Path(folder) / name
