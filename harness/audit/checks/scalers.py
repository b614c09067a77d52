"""What sets the number of replicas of a workload: HorizontalPodAutoscaler, ScaledObject. Pure.

`spec.scaleTargetRef` names the target in the scaler's own namespace. KEDA's ScaledObject takes a
Deployment of apps/v1 where it names no kind, and scales to zero unless it says otherwise
(KEDA, "ScaledObject specification"); an HPA's least number is 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.audit.reading import at, entries, group_of, mapping, text_at, whole
from harness.audit.scope import Declared
from harness.audit.world import PodTemplate, World
from harness.model.refs import ObjectRef

HPA = "HorizontalPodAutoscaler"
SCALED_OBJECT = "ScaledObject"
DEFAULT_UTILIZATION = {"name": "cpu", "target": {"type": "Utilization"}}
"""What an HPA without metrics looks at (autoscaling/v2 defaults)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaler:
    """One autoscaler and its target as written."""

    declared: Declared
    target: ObjectRef
    """Kind and name as written, in the scaler's namespace."""
    version: str
    """The apiVersion of the target; empty where it is not written."""
    least: int | None
    most: int | None

    @property
    def spec(self) -> Mapping[str, Any]:
        """The scaler's specification."""
        return mapping(self.declared.object.get("spec"))

    @property
    def group(self) -> str:
        """The API group of the target."""
        return self.version.rpartition("/")[0]


def scalers(here: World) -> tuple[Scaler, ...]:
    """Returns the autoscalers of a world."""
    found: tuple[Scaler, ...] = here.memo("scalers", lambda: tuple(_scalers(here)))
    return found


def _scalers(here: World) -> Iterator[Scaler]:
    for each in here.declared:
        group = group_of(each.object)
        if each.ref.kind == HPA and group == "autoscaling":
            yield _scaler(each, "minReplicas", "maxReplicas", least=1)
        elif each.ref.kind == SCALED_OBJECT and group == "keda.sh":
            yield _scaler(each, "minReplicaCount", "maxReplicaCount", least=0)


def _scaler(each: Declared, minimum: str, maximum: str, *, least: int) -> Scaler:
    spec = mapping(each.object.get("spec"))
    is_keda = each.ref.kind == SCALED_OBJECT
    kind = text_at(spec, "scaleTargetRef", "kind") or ("Deployment" if is_keda else "")
    version = text_at(spec, "scaleTargetRef", "apiVersion") or ("apps/v1" if is_keda else "")
    given = spec.get(minimum)
    return Scaler(
        declared=each,
        target=ObjectRef(kind, each.ref.namespace, text_at(spec, "scaleTargetRef", "name")),
        version=version,
        least=least if given is None else whole(given),
        most=whole(spec.get(maximum)),
    )


def scaler_of(here: World, template: PodTemplate) -> Scaler | None:
    """Returns the autoscaler of a workload."""
    return next((s for s in scalers(here) if is_target(s, template)), None)


def is_target(scaler: Scaler, template: PodTemplate) -> bool:
    """Tells whether a workload is the target of an autoscaler."""
    target, ref = scaler.target, template.ref
    is_same = (target.kind, target.name) == (ref.kind, ref.name)
    return is_same and (
        not target.namespace or not ref.namespace or target.namespace == ref.namespace
    )


def utilizations(scaler: Scaler) -> Iterator[tuple[str, str, str]]:
    """Yields resource, container (empty for all) and field of each metric relative to requests."""
    spec = scaler.spec
    if scaler.declared.ref.kind != HPA:
        yield from _of_triggers(spec)
        return
    if scaler.declared.object.get("apiVersion") == "autoscaling/v1":
        yield "cpu", "", "spec.targetCPUUtilizationPercentage"
        return
    metrics = spec.get("metrics")
    if not metrics:
        yield "cpu", "", "spec"
    for position, metric in enumerate(entries(metrics)):
        for name, kind in (("resource", "Resource"), ("containerResource", "ContainerResource")):
            source = mapping(metric.get(name))
            is_relative = text_at(source, "target", "type") == "Utilization" or (
                whole(source.get("targetAverageUtilization")) is not None
            )
            if metric.get("type") == kind and is_relative:
                place = f"spec.metrics[{position}].{name}"
                yield text_at(source, "name"), text_at(source, "container"), place


def _of_triggers(spec: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for position, trigger in enumerate(entries(spec.get("triggers"))):
        kind = text_at(trigger, "type")
        relative = text_at(trigger, "metricType") or text_at(trigger, "metadata", "type")
        if kind in {"cpu", "memory"} and relative in {"", "Utilization"}:
            container = text_at(at(trigger, "metadata"), "containerName")
            yield kind, container, f"spec.triggers[{position}]"
