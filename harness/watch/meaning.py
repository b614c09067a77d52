"""Whether two versions of an object differ in anything that a diagnosis could use. Pure.

Heartbeats, leases and Argo CD's own refresh marks change all the time and say nothing: the kubelet
renews `lastHeartbeatTime` of a Node's conditions every few minutes, leaders renew Leases, the
application controller writes `status.reconciledAt` at every look. `is_turn` tells which versions
mark a turn in an object's life, so that a full recording drops others first.
"""

from __future__ import annotations

from typing import Any

from harness.watch.redacted import LAST_APPLIED

Object = dict[str, Any]
_METADATA = frozenset({"resourceVersion", "managedFields"})
_ANNOTATIONS = frozenset(
    {
        LAST_APPLIED,
        "argocd.argoproj.io/application-set-refresh",
        "argocd.argoproj.io/refresh",
        "control-plane.alpha.kubernetes.io/leader",
    }
)
_STATUS = {"Application": frozenset({"reconciledAt", "observedAt"})}
_SPEC = {"Lease": frozenset({"acquireTime", "leaseTransitions", "renewTime"})}
_CONDITION = frozenset({"lastHeartbeatTime", "lastProbeTime"})
_CONTAINERS = ("initContainerStatuses", "containerStatuses")


def meaningful(before: Object, after: Object) -> bool:
    """Tells whether `after` differs from `before` in more than heartbeats and versions."""
    return _essence(before) != _essence(after)


def is_turn(before: Object | None, after: Object) -> bool:
    """Tells whether a version differs in its phase, its conditions or its containers' states."""
    return before is None or _turns(before) != _turns(after)


def _essence(obj: Object) -> Object:
    kind = str(obj.get("kind") or "")
    kept = {**obj, "metadata": _metadata(obj.get("metadata") or {})}
    if kind in _SPEC:
        kept["spec"] = _without(obj.get("spec") or {}, _SPEC[kind])
    status = obj.get("status")
    if isinstance(status, dict):
        kept["status"] = _status(_without(status, _STATUS.get(kind, frozenset())))
    return kept


def _metadata(meta: Object) -> Object:
    kept = _without(meta, _METADATA)
    annotations = _without(kept.pop("annotations", None) or {}, _ANNOTATIONS)
    return {**kept, "annotations": annotations} if annotations else kept


def _status(status: Object) -> Object:
    conditions = status.get("conditions")
    if not isinstance(conditions, list):
        return status
    kept = [_without(c, _CONDITION) if isinstance(c, dict) else c for c in conditions]
    return {**status, "conditions": kept}


def _without(mapping: Object, names: frozenset[str]) -> Object:
    return {k: v for k, v in mapping.items() if k not in names}


def _turns(obj: Object) -> tuple[object, ...]:
    status = _status(_mapping(obj.get("status")))
    operation = _mapping(status.get("operationState"))
    return (
        _mapping(obj.get("metadata")).get("deletionTimestamp"),
        status.get("phase"),
        status.get("conditions"),
        status.get("health"),
        _mapping(status.get("sync")).get("status"),
        (operation.get("phase"), operation.get("message")),
        [_container(c) for group in _CONTAINERS for c in status.get(group) or []],
    )


def _mapping(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def _container(status: Object) -> tuple[object, ...]:
    names = ("name", "state", "lastState", "ready", "started", "restartCount")
    return tuple(status.get(name) for name in names)
