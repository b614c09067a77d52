"""What a YAML document holds: manifests, those of a `List` one by one. Pure.

Names the objects by which Argo CD and Flux know what to deploy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Object = dict[str, Any]
_KINDS = {
    "argoproj.io": frozenset({"Application", "ApplicationSet", "AppProject"}),
    "kustomize.toolkit.fluxcd.io": frozenset({"Kustomization"}),
    "helm.toolkit.fluxcd.io": frozenset({"HelmRelease"}),
    "source.toolkit.fluxcd.io": frozenset(
        {"GitRepository", "OCIRepository", "HelmRepository", "Bucket", "HelmChart"}
    ),
}


def flattened(document: Any) -> Iterator[Object]:
    """Yields the mappings of a document; a list's items, however lists are nested."""
    waiting = [document]
    while waiting:
        found = waiting.pop()
        if not isinstance(found, dict):
            continue
        items = found.get("items")
        if isinstance(items, list) and str(found.get("kind", "")).endswith("List"):
            waiting.extend(reversed(items))
        else:
            yield found


def is_engine_object(obj: Object) -> bool:
    """Tells whether an object says what Argo CD or Flux deploys, and from where."""
    group, kind = str(obj.get("apiVersion")).partition("/")[0], str(obj.get("kind"))
    return kind in _KINDS.get(group, frozenset())
