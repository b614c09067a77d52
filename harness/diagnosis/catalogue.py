"""The catalogue of causes: stable id, phase, title, class, why it happens, how it is mended.

Data in `harness/diagnosis/causes/*.toml`, one file per family; rules refer to ids only. The id is
part of the JSON schema's contract: it never changes its meaning and is never used again.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from harness.model.finding import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One entry of the catalogue."""

    id: str
    phase: Phase
    title: str
    kind: str
    """Its class in words: `T0`, `T0c`, `T1(3,60)`, `T2(180)`, `N`; where it varies, the usual."""
    why: str
    """How it comes about, for a person who never saw it."""
    mend: str
    """The general remedy; a finding's own fix is more exact."""
    source: str = ""
    """Where the fact comes from."""
    static: bool = False
    """True when the rendered repository alone decides it; a cluster shows nothing of its own."""


@cache
def catalogue() -> dict[str, Cause]:
    """Returns every cause by id, in the order of the files.

    Raises:
        ValueError: A file is wrong or an id occurs twice: a defect of ours.
    """
    found: dict[str, Cause] = {}
    folder = files("harness.diagnosis") / "causes"
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        if not path.name.endswith(".toml"):
            continue
        for key, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if key in found:
                message = f"cause {key} occurs twice"
                raise ValueError(message)
            found[key] = Cause(id=key, phase=Phase(entry.pop("phase")), **entry)
    return found


def cause(identifier: str) -> Cause:
    """Returns one cause.

    Raises:
        KeyError: No such id.
    """
    return catalogue()[identifier]
