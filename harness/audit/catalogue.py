"""The catalogue of audit rules: stable name, severity, why it matters, how it is mended.

Data in `harness/audit/rules/*.toml`, one file per family, one table per rule. The name is part of
the JSON schema's contract: it never changes its meaning and is never used again.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from harness.audit.finding import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of the catalogue."""

    name: str
    severity: Severity
    """The usual one; a check may lower it where it knows less."""
    title: str
    why: str
    """What happens on a cluster, for a person who never saw it."""
    mend: str
    silent: str = ""
    """When it keeps quiet although it looks alike."""
    causes: tuple[str, ...] = ()
    """Ids of the failure causes that a cluster would show."""
    source: str = ""
    merges: bool = False
    """True when objects with the same fix are one finding: a habit of the repository."""


@cache
def rules() -> dict[str, Rule]:
    """Returns every rule by name, in the order of the files.

    Raises:
        ValueError: A file is wrong or a name occurs twice: a defect of ours.
    """
    found: dict[str, Rule] = {}
    folder = files("harness.audit") / "rules"
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        if not path.name.endswith(".toml"):
            continue
        for key, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if key in found:
                message = f"rule {key} occurs twice"
                raise ValueError(message)
            causes = tuple(entry.pop("causes", ()))
            found[key] = Rule(
                name=key, severity=Severity(entry.pop("severity")), causes=causes, **entry
            )
    return found
