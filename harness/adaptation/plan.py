"""Plans the adaptations of a run: nodes, classes and metrics, from what the overlays declare. Pure.

The user's kind configuration wins where it says something about nodes: then no node and no label is
added, and what is missing is left to be said by the audit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from harness.adaptation.classes import Offer, missing_classes
from harness.adaptation.nodes import NodePlan, plan_nodes
from harness.adaptation.pod_groups import PodGroup, pod_groups
from harness.adaptation.terms import Adaptation, Object, Plan, Resources
from harness.adaptation.topology import demanded_labels, spreads
from harness.audit.checks.placement import HOSTNAME
from harness.model.host import HostFacts
from harness.model.refs import ObjectRef
from harness.model.wording import counted

METRIC_KINDS = frozenset({"Resource", "ContainerResource"})


def plan(
    objects: Sequence[Object], *, host: HostFacts, user: Mapping[str, Any], offer: Offer
) -> Plan:
    """Returns what the cluster must be given for these objects.

    Args:
        objects: Everything the environment renders, namespaces filled in.
        host: The machine, which every node reports as its own.
        user: The user's kind configuration.
        offer: Which classes may be made.

    Raises:
        ClusterError: The pods cannot fit this machine, however many nodes it plays.
    """
    groups = pod_groups(objects)
    scalers = tuple(_scalers_by_metrics(objects))
    classes = missing_classes(objects, groups, offer)
    found = _nodes(groups, host, user, metrics=bool(scalers))
    return Plan(
        nodes=found.nodes,
        objects=classes.objects,
        metrics=bool(scalers),
        adaptations=(*found.adaptations, *classes.adaptations, *_metrics(scalers)),
        remarks=(*found.remarks, *_unserved(objects)),
    )


def decides_nodes(user: Mapping[str, Any]) -> bool:
    """Tells whether a kind configuration says more about nodes than that there is one."""
    nodes = user.get("nodes") or []
    said = {"labels", "kubeadmConfigPatches", "image"}
    return len(nodes) > 1 or any(said & set(node) for node in nodes)


def _nodes(
    groups: Sequence[PodGroup], host: HostFacts, user: Mapping[str, Any], *, metrics: bool
) -> NodePlan:
    if not decides_nodes(user):
        machine = Resources(
            processors=Decimal(host.processors), memory_bytes=Decimal(host.memory_bytes)
        )
        return plan_nodes(groups, machine=machine, metrics=metrics)
    return NodePlan(nodes=(), remarks=tuple(_unlabelled(groups, user)))


def _unlabelled(groups: Sequence[PodGroup], user: Mapping[str, Any]) -> Iterator[str]:
    """Yields a remark for each label that pods demand and no node of the user's has."""
    given = {key for node in user.get("nodes") or [] for key in node.get("labels") or {}}
    users: dict[str, list[ObjectRef]] = {}
    for group in groups:
        keys = [*demanded_labels(group), *(s.key for s in spreads(group) if s.key != HOSTNAME)]
        for key in dict.fromkeys(keys):
            users.setdefault(key, []).append(group.ref)
    for key, refs in users.items():
        if key not in given:
            yield (
                f"no node of the kind configuration has the label {key}, which "
                f"{', '.join(map(str, refs[:3]))} demands; the configuration decides, so none is "
                "added"
            )


def _scalers_by_metrics(objects: Sequence[Object]) -> Iterator[ObjectRef]:
    for obj in objects:
        # Without metrics, and in autoscaling/v1, processors are what counts.
        if obj.get("kind") == "HorizontalPodAutoscaler" and not is_unserved(obj):
            yield ObjectRef.of(obj)


def _metrics(scalers: Sequence[ObjectRef]) -> tuple[Adaptation, ...]:
    if not scalers:
        return ()
    number = counted(len(scalers), "HorizontalPodAutoscaler")
    return (
        Adaptation(
            subject="Metrics server",
            action="installed, not verifying the kubelets' certificates",
            reason=f"{number} {'scales' if len(scalers) == 1 else 'scale'} by processors or memory",
        ),
    )


def _unserved(objects: Sequence[Object]) -> Iterator[str]:
    for obj in objects:
        for kind in sorted(_metric_kinds(obj) - METRIC_KINDS):
            yield f"{ObjectRef.of(obj)} scales by metrics of type {kind}, which nothing here serves"


def is_unserved(obj: Object) -> bool:
    """Tells whether an object is an autoscaler by metrics that only its own cluster has."""
    kinds = _metric_kinds(obj)
    return bool(kinds) and not kinds & METRIC_KINDS


def _metric_kinds(obj: Object) -> set[str]:
    if obj.get("kind") != "HorizontalPodAutoscaler":
        return set()
    return {str(each.get("type")) for each in (obj.get("spec") or {}).get("metrics") or []}
