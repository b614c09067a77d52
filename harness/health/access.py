"""Judges what leads to pods, or keeps their number: Service, Ingress, autoscaler, budget.

That a Service has nobody behind it is no property of the Service: the diagnosis says so (N07).
Addresses come from a load balancer controller, which a cluster on a laptop may not have.
"""

from __future__ import annotations

from harness.health.reading import (
    UNSEEN,
    Judgement,
    Object,
    condition,
    count,
    is_behind,
    spec_of,
    status_of,
    words,
)
from harness.model.run import Health
from harness.model.wording import counted

NO_ADDRESS = "no address yet: a load balancer controller would give it one"


def _address(obj: Object) -> str:
    given = (status_of(obj).get("loadBalancer") or {}).get("ingress") or []
    return next((str(a.get("ip") or a.get("hostname")) for a in given), "")


def judge_service(obj: Object, _: float) -> Judgement:
    """Ready when it is there; of type LoadBalancer when it has an address."""
    spec = spec_of(obj)
    if spec.get("type") != "LoadBalancer" or spec.get("externalIPs"):
        return Health.READY, "present"
    address = _address(obj)
    return (Health.READY, address) if address else (Health.PROGRESSING, NO_ADDRESS)


def judge_ingress(obj: Object, _: float) -> Judgement:
    """Ready when it has an address."""
    address = _address(obj)
    return (Health.READY, address) if address else (Health.PROGRESSING, NO_ADDRESS)


def judge_autoscaler(obj: Object, _: float) -> Judgement:
    """Ready when it can scale; without metrics it cannot."""
    scale, active = condition(obj, "AbleToScale"), condition(obj, "ScalingActive")
    if not scale:
        return Health.PROGRESSING, "not looked at yet"
    if scale.get("status") == "False":
        return Health.PROGRESSING, words(scale)
    if active.get("status") == "False" and active.get("reason") != "ScalingDisabled":
        return Health.PROGRESSING, words(active)
    replicas = count(status_of(obj), "currentReplicas")
    wanted = count(status_of(obj), "desiredReplicas")
    return Health.READY, f"{counted(replicas, 'replica')}, {wanted} wanted"


def judge_budget(obj: Object, _: float) -> Judgement:
    """Ready when as many pods are healthy as it protects."""
    if is_behind(obj):
        return Health.PROGRESSING, UNSEEN
    allowed = condition(obj, "DisruptionAllowed")
    if allowed.get("reason") == "SyncFailed":
        return Health.PROGRESSING, words(allowed)
    healthy, desired = (count(status_of(obj), f"{w}Healthy") for w in ("current", "desired"))
    text = f"{counted(healthy, 'pod')} healthy, {desired} protected"
    return (Health.READY if healthy >= desired else Health.PROGRESSING), text
