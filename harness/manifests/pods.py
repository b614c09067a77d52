"""The pod specification inside any workload, and its containers. Pure.

Works on rendered manifests and on live objects alike; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Object = dict[str, Any]
TEMPLATED = frozenset({"CronJob", "Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet"})


def pod_spec(obj: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns the pod specification inside a workload of any kind, or None."""
    spec = obj.get("spec") or {}
    kind = obj.get("kind")
    if kind == "Pod":
        return dict(spec)
    if kind == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    if kind in TEMPLATED:
        return dict((spec.get("template") or {}).get("spec") or {})
    return None


def pod_labels(obj: Mapping[str, Any]) -> dict[str, str]:
    """Returns the labels that the pods of a workload carry."""
    if obj.get("kind") == "Pod":
        return dict((obj.get("metadata") or {}).get("labels") or {})
    spec = obj.get("spec") or {}
    if obj.get("kind") == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    return dict(((spec.get("template") or {}).get("metadata") or {}).get("labels") or {})


def containers(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns every container of a pod specification, init containers first."""
    return [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]


def workloads(objects: Iterable[Object]) -> Iterator[tuple[Object, dict[str, Any]]]:
    """Yields each workload with its pod specification."""
    for obj in objects:
        spec = pod_spec(obj)
        if spec is not None:
            yield obj, spec


def field_prefix(kind: str) -> str:
    """Returns the dotted path of the pod specification inside a workload of that kind."""
    match kind:
        case "Pod":
            return "spec"
        case "CronJob":
            return "spec.jobTemplate.spec.template.spec"
        case _:
            return "spec.template.spec"
