"""Finds kustomize: the newest bundle's, which is the one Argo CD uses, else that on the PATH.

Reads `bundle.json` only for the tool's path, without the models that check a whole bundle: they
cost more time than a rendering. A bundle that is damaged is passed over.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

Which = Callable[[str], str | None]


def find_kustomize(cache: Path, *, which: Which = shutil.which) -> Path | None:
    """Returns the program, or None where there is none.

    Args:
        cache: The cache folder that holds `bundles/KEY/bundle.json`.
        which: Looks a program up on the PATH.
    """
    for path in sorted((cache / "bundles").glob("*/bundle.json"), key=_age):
        found = _of_bundle(path, cache)
        if found is not None:
            return found
    named = which("kustomize")
    return Path(named) if named else None


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0


def _of_bundle(path: Path, cache: Path) -> Path | None:
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        tool = cache / str(data["tools"]["kustomize"]["path"])
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return tool if tool.is_file() and os.access(tool, os.X_OK) else None
