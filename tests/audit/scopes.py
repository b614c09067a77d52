"""Builds scopes from YAML for the tests of the checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import yaml

from harness.audit.cluster_profile import UNKNOWN, ClusterProfile
from harness.audit.finding import Fault, NotJudged
from harness.audit.scope import Scope
from harness.audit.source import Source, Tree, Unjudged

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def objects(text: str, namespace: str = "") -> tuple[dict[str, Any], ...]:
    """The documents of a YAML text, in a namespace where they name none."""
    found = [d for d in yaml.load_all(text, Loader=LOADER) if d]
    for document in found:
        if namespace:
            document.setdefault("metadata", {}).setdefault("namespace", namespace)
    return tuple(found)


def source(text: str, path: str = "overlays/dev", namespace: str = "shop", **more: Any) -> Source:
    """One deployable root that renders the objects of a text."""
    return Source(path=path, objects=objects(text, namespace), namespace=namespace, **more)


def scope(
    *sources: Source,
    profile: ClusterProfile = UNKNOWN,
    unjudged: tuple[Unjudged, ...] = (),
    tree: Tree | None = None,
    engine: tuple[dict[str, Any], ...] = (),
) -> Scope:
    """The sources as one scope."""
    return Scope(
        name="dev",
        sources=sources,
        profile=profile,
        unjudged=unjudged,
        tree=tree or Tree(),
        engine=engine,
    )


def faults(
    check: Callable[[Scope], Iterable[Fault | NotJudged]], text: str, **more: Any
) -> list[Fault]:
    """What one check finds in the objects of a text."""
    return [f for f in check(scope(source(text), **more)) if isinstance(f, Fault)]


def rules_found(found: Iterable[Fault | NotJudged]) -> list[str]:
    """The rule names of faults, sorted."""
    return sorted(f.rule for f in found if isinstance(f, Fault))
