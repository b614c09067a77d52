"""What an AppProject permits: repositories, destinations, kinds. Pure.

The rules are those of Argo CD 3 (argo-cd `pkg/apis/application/v1alpha1/app_project_types.go`):
globs, `!` denies and wins, an absent list of namespaced kinds permits all of them, an absent list
of cluster-scoped kinds none. What cannot be compared here counts as permitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.audit.clusters import IN_CLUSTER_NAME, Cluster
from harness.audit.globs import UnknownPatternError, matches, matches_kind
from harness.audit.reading import entries, is_placeholder, text, texts
from harness.audit.repository_urls import normalized

Spec = Mapping[str, Any]


def permits_source(spec: Spec, url: str) -> bool:
    """Tells whether a project permits a repository."""
    own, found = normalized(url), False
    for pattern in texts(spec.get("sourceRepos")):
        sign = "!" if _is_denial(pattern) else ""
        if _allows(f"{sign}{normalized(pattern.removeprefix('!'))}", own, "/"):
            found = True
        elif sign:
            return False
    return found


def permits_destination(spec: Spec, cluster: Cluster, namespace: str) -> bool:
    """Tells whether a project permits a namespace of a cluster."""
    found = False
    for entry in entries(spec.get("destinations")):
        name, server = text(entry.get("name")), text(entry.get("server"))
        space = text(entry.get("namespace"))
        by_name, by_server = _allows_name(name, cluster), _allows_known(server, cluster.server)
        inside = _allows(space, namespace)
        denials = (
            _is_denial(name) and not by_name,
            _is_denial(server) and not by_server and inside,
            _is_denial(space) and not inside and by_server,
        )
        if (by_name or by_server) and inside:
            found = True
        elif any(denials):
            return False
    return found


def permits_kind(spec: Spec, group: str, kind: str, name: str, *, namespaced: bool) -> bool:
    """Tells whether a project permits an object of a kind; names count for cluster-scoped kinds."""
    word = "namespace" if namespaced else "cluster"
    allowed = spec.get(f"{word}ResourceWhitelist")
    denied = spec.get(f"{word}ResourceBlacklist")
    own = "" if namespaced else name
    if _holds(denied, group, kind, own):
        return False
    if namespaced and not isinstance(allowed, list):
        return True
    return _holds(allowed, group, kind, own)


def _is_denial(pattern: str) -> bool:
    return pattern.startswith("!")


def _allows(pattern: str, value: str, separator: str = "") -> bool:
    if is_placeholder(pattern) or is_placeholder(value):
        return True
    bare = pattern.removeprefix("!")
    try:
        found = bare == "*" or matches(bare, value, separator)
    except UnknownPatternError:
        return True
    return found is not _is_denial(pattern)


def _allows_known(pattern: str, value: str | None) -> bool:
    """Compares with something that may not be known: then any pattern may be meant."""
    return bool(pattern) if value is None else bool(value) and _allows(pattern, value)


def _allows_name(pattern: str, cluster: Cluster) -> bool:
    # A cluster Secret made by hand may give the own cluster any other name.
    if cluster.is_own and pattern and pattern != IN_CLUSTER_NAME and not _is_denial(pattern):
        return True
    return _allows_known(pattern, cluster.name)


def _holds(listed: Any, group: str, kind: str, name: str) -> bool:
    return any(
        matches_kind(text(entry.get("group")), group)
        and matches_kind(text(entry.get("kind")), kind)
        and (not text(entry.get("name")) or not name or matches_kind(text(entry["name"]), name))
        for entry in entries(listed)
    )
