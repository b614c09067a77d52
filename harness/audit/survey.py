"""The whole repository as an audit sees it: tree, scopes, what failed, what is not judged."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.audit.finding import NotJudged
from harness.audit.scope import Scope
from harness.audit.source import EngineProblem, RenderFailure, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlFault:
    """A file that is no YAML, or YAML that must not be read further."""

    file: str
    line: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Everything the checks look at."""

    tree: Tree
    scopes: tuple[Scope, ...] = ()
    failures: tuple[RenderFailure, ...] = ()
    yaml_faults: tuple[YamlFault, ...] = ()
    not_judged: tuple[NotJudged, ...] = field(default=())
    visited: frozenset[str] = frozenset()
    """Folders and files that some deployable root reads, POSIX."""
    problems: tuple[EngineProblem, ...] = ()
    """ApplicationSets and the like that cannot be expanded as they were meant."""
