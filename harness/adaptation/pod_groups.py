"""The pods of an environment in groups of equals: how many, and what each asks of a node. Pure.

A workload's pods are one group. Where a HorizontalPodAutoscaler scales it, its least number counts.
What a pod requests follows the scheduler (Kubernetes docs, "Resource sharing within containers"):
the containers together with restartable init containers, or the largest init container, whichever
is more; a limit without request is a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harness.adaptation.terms import Object, Resources
from harness.audit.amounts import amount
from harness.manifests.pods import pod_labels, workloads
from harness.model.refs import ObjectRef

PER_NODE = "DaemonSet"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodGroup:
    """The pods of one workload."""

    ref: ObjectRef
    spec: Mapping[str, Any]
    labels: Mapping[str, str]
    count: int
    """Pods; for a DaemonSet, pods on each node."""
    requests: Resources
    """Of one pod."""

    @property
    def is_per_node(self) -> bool:
        """Whether every node runs one."""
        return self.ref.kind == PER_NODE

    @property
    def total(self) -> Resources:
        """Of all pods."""
        return self.requests.times(self.count)


def pod_groups(objects: Iterable[Object]) -> tuple[PodGroup, ...]:
    """Returns the pods of rendered objects, namespaces filled in."""
    listed = tuple(objects)
    least = {target: minimum for target, minimum in map(_scaled, listed) if target is not None}
    return tuple(
        PodGroup(
            ref=ObjectRef.of(obj),
            spec=spec,
            labels=pod_labels(obj),
            count=_count(obj, least.get(ObjectRef.of(obj))),
            requests=requests_of(spec),
        )
        for obj, spec in workloads(listed)
    )


def _scaled(obj: Object) -> tuple[ObjectRef | None, int]:
    """Returns what an autoscaler scales and its least number of pods."""
    if obj.get("kind") != "HorizontalPodAutoscaler":
        return None, 0
    spec = obj.get("spec") or {}
    target = spec.get("scaleTargetRef") or {}
    namespace = ObjectRef.of(obj).namespace
    ref = ObjectRef(str(target.get("kind")), namespace, str(target.get("name")))
    return ref, _number(spec.get("minReplicas"), 1)


def _count(obj: Object, least: int | None) -> int:
    spec = obj.get("spec") or {}
    match obj.get("kind"):
        case "Deployment" | "StatefulSet" | "ReplicaSet":
            return max(_number(spec.get("replicas"), 1), least or 0)
        case "Job":
            return _number(spec.get("parallelism"), 1)
        case _:
            return 1


def _number(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def requests_of(spec: Mapping[str, Any]) -> Resources:
    """Returns what one pod asks of its node."""
    steady, largest = Resources(), Resources()
    for container in spec.get("initContainers") or []:
        if container.get("restartPolicy") == "Always":
            steady += _requested(container)
            largest = _larger(largest, steady)
        else:
            largest = _larger(largest, steady + _requested(container))
    for container in spec.get("containers") or []:
        steady += _requested(container)
    return _larger(steady, largest) + _read(spec.get("overhead"), {})


def _requested(container: Mapping[str, Any]) -> Resources:
    resources = container.get("resources") or {}
    return _read(resources.get("requests"), resources.get("limits") or {})


def _read(requests: Any, limits: Mapping[str, Any]) -> Resources:
    found = {**limits, **(requests or {})}
    return Resources(
        processors=amount(found.get("cpu")) or Decimal(0),
        memory_bytes=amount(found.get("memory")) or Decimal(0),
    )


def _larger(one: Resources, other: Resources) -> Resources:
    return Resources(
        processors=max(one.processors, other.processors),
        memory_bytes=max(one.memory_bytes, other.memory_bytes),
    )
