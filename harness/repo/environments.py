"""To which environment a folder belongs, by convention of its path. Pure.

`overlays/<env>`, `environments/<env>`, `envs/<env>`, `clusters/<env>` name it; elsewhere the usual
words do (`apps/shop/prod`, `shop-staging`). A folder without such a word belongs to all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

PARENTS = frozenset(
    {"overlays", "overlay", "environments", "environment", "envs", "env", "clusters"}
)
_SAME = {
    "dev": ("dev", "develop", "development"),
    "test": ("test", "testing", "tst"),
    "qa": ("qa",),
    "uat": ("uat",),
    "integration": ("int", "integration"),
    "staging": ("staging", "stage", "stg"),
    "preprod": ("preprod", "preproduction"),
    "prod": ("prod", "production", "prd"),
    "sandbox": ("sandbox",),
    "local": ("local",),
}
USUAL = {word: name for name, words in _SAME.items() for word in words}


def environment_of(path: str) -> str:
    """Returns the environment of a folder; empty where its path says none."""
    parts = path.lower().split("/")
    for parent, child in pairwise(parts):
        if parent in PARENTS:
            return _usual(child) or child
    return next((name for part in reversed(parts) if (name := _usual(part))), "")


def _usual(part: str) -> str:
    """Returns the usual environment word that a folder's name is or holds."""
    found = [USUAL[word] for word in re.split(r"[-_.]", part) if word in USUAL]
    return found[-1] if found else ""


def groups(paths: Iterable[str]) -> tuple[str, ...]:
    """Returns the environments of some folders, sorted; `("",)` where none says any."""
    return tuple(sorted({environment_of(p) for p in paths} - {""})) or ("",)
