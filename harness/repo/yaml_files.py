"""YAML in, objects out, fast and with the file named when it is broken.

How text becomes values, and where reading stops, is `yaml_values`; what the objects mean is other
modules' business.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.manifests.yaml_values import read_yaml
from harness.model.errors import RepositoryError
from harness.repo.document_objects import flattened

__all__ = ["SKIPPED_FOLDERS", "SUFFIXES", "parse_objects", "yaml_files"]

Object = dict[str, Any]
SUFFIXES = (".yaml", ".yml")
SKIPPED_FOLDERS = {".git", ".github", "node_modules", ".venv", "__pycache__", "vendor"}


def parse_objects(text: str, source: str) -> list[Object]:
    """Returns the mappings of a YAML stream, `List`s flattened.

    A key that occurs twice counts with its last value, as for kubectl.

    Raises:
        RepositoryError: The text is not YAML; names `source` and the line.
    """
    reading = read_yaml(text)
    broken = next((problem for problem in reading.problems if problem.ends), None)
    if broken is not None:
        raise RepositoryError(
            attempted="Reading the YAML of",
            subject=source,
            seen=f"line {broken.line}: {broken.message}",
            expected="valid YAML",
            next_step="correct the line named above",
        )
    return [found for document in reading.documents for found in flattened(document)]


def yaml_files(root: Path) -> Iterator[Path]:
    """Yields every YAML file below `root` in a stable order, tool folders left out."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
        for name in sorted(names):
            if name.endswith(SUFFIXES):
                yield Path(folder) / name
