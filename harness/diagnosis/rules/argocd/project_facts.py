"""What an AppProject permits: sources, destinations and kinds, and what would be nearest. Pure.

Used to say what is allowed instead, and to notice that a refusal is older than the project's
present version. The rules follow argo-cd `pkg/apis/application/v1alpha1/app_project_types.go`:
globs, `!` denies, an absent list of namespaced kinds permits all, an absent list of cluster-scoped
kinds none.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any

from harness.diagnosis.facts import Facts
from harness.model.refs import ObjectRef

Object = Mapping[str, Any]


def project_spec(facts: Facts, ref: ObjectRef) -> Object:
    """Returns the specification of a project, live or else declared; empty when it is unknown."""
    live = facts.find(ref)
    declared = facts.declared.get(ref)
    obj = live or (declared.object if declared else None) or {}
    found: Object = obj.get("spec") or {}
    return found


def project_names(facts: Facts, namespace: str) -> list[str]:
    """Returns the names of the projects that exist or are declared."""
    live = {str(o["metadata"]["name"]) for o in facts.all("AppProject", namespace)}
    return sorted(live | {r.name for r in facts.declared if r.kind == "AppProject"})


def permits_source(spec: Object, url: str) -> bool:
    """Tells whether the project permits a repository, by its words as they are written."""
    return _permitted(url, [str(r) for r in spec.get("sourceRepos") or []])


def permits_destination(spec: Object, server: str, namespace: str) -> bool:
    """Tells whether the project permits a namespace of a cluster, named by URL or by name."""
    entries = spec.get("destinations") or []
    places = [e for e in entries if server in {e.get("server"), e.get("name")} or _any(e)]
    return _permitted(namespace, [str(e.get("namespace") or "") for e in places])


def permits_kind(spec: Object, group: str, kind: str, *, namespaced: bool) -> bool:
    """Tells whether the project permits a kind."""
    scope = "namespace" if namespaced else "cluster"
    allowed = spec.get(f"{scope}ResourceWhitelist")
    denied = spec.get(f"{scope}ResourceBlacklist") or []
    if _holds(denied, group, kind):
        return False
    return namespaced if allowed is None else _holds(allowed, group, kind)


def kinds_field(*, namespaced: bool) -> str:
    """Returns the field of a project that permits kinds."""
    return f"spec.{'namespace' if namespaced else 'cluster'}ResourceWhitelist"


def _any(entry: Object) -> bool:
    return any(set(str(entry.get(key) or "")) & set("*?") for key in ("server", "name"))


def _permitted(value: str, patterns: Iterable[str]) -> bool:
    listed = list(patterns)
    if any(p.startswith("!") and fnmatch.fnmatchcase(value, p[1:]) for p in listed):
        return False
    return any(fnmatch.fnmatchcase(value, p) for p in listed if not p.startswith("!"))


def _holds(entries: Iterable[Object], group: str, kind: str) -> bool:
    return any(
        fnmatch.fnmatchcase(group, str(e.get("group") or ""))
        and fnmatch.fnmatchcase(kind, str(e.get("kind") or ""))
        for e in entries
    )
