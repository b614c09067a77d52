"""Whether a pod may go to a node: labels, taints, cordons, named obstacle by obstacle. Pure.

Follows the scheduler's NodeAffinity, TaintToleration and NodeUnschedulable plugins. An obstacle is
passing when it may go away by itself: taints of the node life cycle and of start-up agents, and a
cordon. Whether nodes may be added is judged by what cloud providers write on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from harness.diagnosis.events import epoch

Object = Mapping[str, Any]
_REPELLING = frozenset({"NoSchedule", "NoExecute"})
_CONTROL_PLANE = frozenset(
    {"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"}
)
_PASSING_PREFIXES = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
_PASSING_WORDS = ("not-ready", "uninitialized", "unreachable", "startup")
_LATE_LABELS = ("feature.node.kubernetes.io/", "nvidia.com/")
"""Labels that an agent on the node writes once it has looked at the hardware."""
_LOCAL_PROVIDERS = ("", "kind", "k3s", "k3d", "minikube")
_CLOUD_LABELS = (
    "eks.amazonaws.com/", "alpha.eksctl.io/", "karpenter.", "cloud.google.com/",
    "kubernetes.azure.com/", "doks.digitalocean.com/", "cluster.x-k8s.io/",
)  # fmt: skip


class ObstacleKind(IntEnum):
    """What keeps a pod from a node; a lower number is the more telling one."""

    TAINT = 0
    AFFINITY = 1
    SELECTOR = 2
    CORDON = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """One reason why a pod may not go to a node."""

    kind: ObstacleKind
    node: str
    key: str
    """Label key or taint key."""
    text: str
    """As kubectl writes it: `disktype=ssd`, `dedicated=db:NoSchedule`."""
    values: tuple[str, ...] = ()
    """The label values that would do."""
    passing: bool = False


def node_name(node: Object) -> str:
    """Returns the name of a node."""
    return str((node.get("metadata") or {}).get("name") or "")


def node_labels(node: Object) -> dict[str, str]:
    """Returns the labels of a node."""
    return dict((node.get("metadata") or {}).get("labels") or {})


def node_condition(node: Object, kind: str) -> Object:
    """Returns a condition of a node; empty when it is not set."""
    found = (node.get("status") or {}).get("conditions") or []
    return next((c for c in found if c.get("type") == kind), {})


def is_usable(node: Object) -> bool:
    """Tells whether a node is ready and takes pods that tolerate nothing."""
    ready = node_condition(node, "Ready").get("status") == "True"
    return ready and not obstacles({}, node, alone=False)


def is_fixed_size(nodes: Sequence[Object], workload_names: Iterable[str] = ()) -> bool:
    """Tells whether nobody will add a node: all are known to be local, and no autoscaler runs."""
    scaler = any("autoscaler" in n or "karpenter" in n for n in workload_names)
    return bool(nodes) and not scaler and not any(_is_of_cloud(n) for n in nodes)


def _is_of_cloud(node: Object) -> bool:
    provider = str((node.get("spec") or {}).get("providerID") or "").partition(":")[0]
    labels = node_labels(node)
    kind = labels.get("node.kubernetes.io/instance-type", "k3s")
    return (
        provider not in _LOCAL_PROVIDERS
        or not kind.startswith(("k3s", "k3d"))
        or any(key.startswith(_CLOUD_LABELS) for key in labels)
    )


def joined(nodes: Iterable[Object]) -> float:
    """Returns when the newest node joined, epoch seconds."""
    return max(
        (epoch((n.get("metadata") or {}).get("creationTimestamp")) for n in nodes), default=0
    )


def candidates(spec: Object, nodes: Sequence[Object]) -> list[Object]:
    """Returns the nodes a pod is meant for: a DaemonSet's pods name theirs by `matchFields`."""
    terms = _terms(spec)
    if not terms:
        return list(nodes)
    return [n for n in nodes if any(_fields_match(term, n) for term in terms)]


def obstacles(spec: Object, node: Object, *, alone: bool) -> tuple[Obstacle, ...]:
    """Returns what keeps a pod from a node; `alone` says that the cluster has no other node."""
    return (*_taints(spec, node, alone=alone), *_affinity(spec, node), *_selector(spec, node),
            *_cordon(spec, node))  # fmt: skip


def _selector(spec: Object, node: Object) -> list[Obstacle]:
    labels = node_labels(node)
    return [
        Obstacle(
            kind=ObstacleKind.SELECTOR,
            node=node_name(node),
            key=key,
            text=f"{key}={value}",
            values=(str(value),),
            passing=key.startswith(_LATE_LABELS),
        )
        for key, value in (spec.get("nodeSelector") or {}).items()
        if labels.get(key) != str(value)
    ]


def _terms(spec: Object) -> list[Object]:
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    return list(required.get("nodeSelectorTerms") or [])


def _affinity(spec: Object, node: Object) -> list[Obstacle]:
    terms = [t for t in _terms(spec) if _fields_match(t, node)]
    labels = node_labels(node)
    unmet = [
        [e for e in term.get("matchExpressions") or [] if not expression_holds(e, labels)]
        for term in terms
    ]
    if not unmet or not all(unmet):
        return []
    first = min(unmet, key=len)[0]
    values = tuple(str(v) for v in first.get("values") or ())
    return [
        Obstacle(
            kind=ObstacleKind.AFFINITY,
            node=node_name(node),
            key=str(first.get("key")),
            text=f"{first.get('key')} {first.get('operator')} ({', '.join(values)})",
            values=values,
            passing=str(first.get("key")).startswith(_LATE_LABELS),
        )
    ]


def _fields_match(term: Object, node: Object) -> bool:
    fields = {"metadata.name": node_name(node)}
    return all(expression_holds(e, fields) for e in term.get("matchFields") or [])


def term_matches(term: Object, node: Object) -> bool:
    """Tells whether a node selector term selects a node."""
    labels = node_labels(node)
    met = all(expression_holds(e, labels) for e in term.get("matchExpressions") or [])
    return met and _fields_match(term, node)


def expression_holds(expression: Object, labels: Mapping[str, str]) -> bool:
    """Tells whether labels fulfil a node selector requirement, `Gt` and `Lt` included."""
    key, values = str(expression.get("key")), [str(v) for v in expression.get("values") or []]
    own = labels.get(key)
    match expression.get("operator"):
        case "In":
            return own in values
        case "NotIn":
            return own not in values
        case "Exists":
            return own is not None
        case "DoesNotExist":
            return own is None
        case "Gt" | "Lt" as operator:
            return _compares(own, values, greater=operator == "Gt")
        case _:
            return True


def _compares(own: str | None, values: Sequence[str], *, greater: bool) -> bool:
    if own is None or not values or not own.lstrip("-").isdigit():
        return False
    limit = int(values[0])
    return int(own) > limit if greater else int(own) < limit


def _taints(spec: Object, node: Object, *, alone: bool) -> list[Obstacle]:
    return [
        Obstacle(
            kind=ObstacleKind.TAINT,
            node=node_name(node),
            key=str(taint.get("key")),
            text=_taint_text(taint),
            passing=_is_passing(str(taint.get("key")), alone=alone),
        )
        for taint in (node.get("spec") or {}).get("taints") or []
        if taint.get("effect") in _REPELLING and not _is_tolerated(taint, spec)
    ]


def _taint_text(taint: Object) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint.get('key')}{value}:{taint.get('effect')}"


def _is_passing(key: str, *, alone: bool) -> bool:
    """A new kind cluster's only node carries the control plane's taint until it is complete."""
    early = alone and key in _CONTROL_PLANE
    return early or key.startswith(_PASSING_PREFIXES) or any(w in key for w in _PASSING_WORDS)


def _is_tolerated(taint: Object, spec: Object) -> bool:
    return any(_tolerates(t, taint) for t in spec.get("tolerations") or [])


def _tolerates(toleration: Object, taint: Object) -> bool:
    key, effect = toleration.get("key") or "", toleration.get("effect") or ""
    if effect and effect != taint.get("effect"):
        return False
    if toleration.get("operator") == "Exists":
        return key in {"", taint.get("key")}
    return bool(
        key == taint.get("key") and (toleration.get("value") or "") == (taint.get("value") or "")
    )


def _cordon(spec: Object, node: Object) -> list[Obstacle]:
    key = "node.kubernetes.io/unschedulable"
    taint = {"key": key, "effect": "NoSchedule"}
    if not (node.get("spec") or {}).get("unschedulable") or _is_tolerated(taint, spec):
        return []
    return [
        Obstacle(
            kind=ObstacleKind.CORDON, node=node_name(node), key=key, text="cordoned", passing=True
        )
    ]
