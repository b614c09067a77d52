"""Files that show or keep something and are not deployed: examples, tests, templates, what is off.

A convention of folder names, not a rule of any tool; what a root reads is deployed wherever it is.
"""

from __future__ import annotations

from itertools import pairwise

SHOWN = frozenset(
    {"doc", "docs", "example", "examples", "sample", "samples", "test", "tests", "testdata"}
    | {"fixtures", "template", "templates", "charts", "hack", "scripts", "node_modules"}
)
"""Folders whose files illustrate, test, or are filled in by a tool."""
OFF = frozenset(
    {"archive", "archived", "backup", "deprecated", "disabled", "inactive", "old", "unused"}
)
"""Folders whose files somebody has taken out of use."""
ENVIRONMENTS = frozenset(
    {"cluster", "clusters", "env", "environment", "environments", "envs", "overlay", "overlays"}
)
"""Folders whose folders are environments, whatever they are called."""


def is_shown(path: str) -> bool:
    """Tells whether a file only illustrates or is filled in by a tool."""
    return bool(SHOWN & _folders(path))


def is_off(path: str) -> bool:
    """Tells whether a file illustrates, or was taken out of use."""
    return bool((SHOWN | OFF) & _folders(path))


def _folders(path: str) -> set[str]:
    """Returns the folders above a file; `overlays/test` and the like are environments."""
    parts = ["", *path.lower().split("/")[:-1]]
    return {name for above, name in pairwise(parts) if above not in ENVIRONMENTS}
