"""Judges what the cluster consists of: nodes, namespaces, kinds that are served."""

from __future__ import annotations

from harness.health.reading import Judgement, Object, condition, holds, spec_of, status_of, words
from harness.model.run import Health

PRESSURES = ("DiskPressure", "MemoryPressure", "PIDPressure", "NetworkUnavailable")


def judge_node(obj: Object, _: float) -> Judgement:
    """Ready when its kubelet says so and nothing is short."""
    ready = condition(obj, "Ready")
    if ready.get("status") != "True":
        return Health.PROGRESSING, words(ready, "its kubelet has not spoken yet")
    short = [p for p in PRESSURES if holds(obj, p)]
    if short:
        return Health.PROGRESSING, f"{short[0]}: {words(condition(obj, short[0]))}"
    return Health.READY, "ready, cordoned" if spec_of(obj).get("unschedulable") else "ready"


def judge_namespace(obj: Object, _: float) -> Judgement:
    """Ready unless it is being deleted, which may take as long as its objects do."""
    if status_of(obj).get("phase") != "Terminating":
        return Health.READY, "active"
    conditions = status_of(obj).get("conditions") or []
    held = next((words(c) for c in conditions if c.get("status") == "True"), "")
    return Health.TERMINATING, "being deleted" + (f": {held}" if held else "")


def judge_custom_kind(obj: Object, _: float) -> Judgement:
    """Ready when its objects are served; stuck when another definition has its names."""
    accepted = condition(obj, "NamesAccepted")
    if accepted.get("status") == "False":
        return Health.STUCK, words(accepted)
    if holds(obj, "Established"):
        return Health.READY, "established"
    return Health.PROGRESSING, "not established yet"


def judge_api_service(obj: Object, _: float) -> Judgement:
    """Ready when the API it stands for answers."""
    if holds(obj, "Available"):
        return Health.READY, "available"
    return Health.PROGRESSING, words(condition(obj, "Available"), "not looked at yet")
