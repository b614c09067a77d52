"""Judges Argo CD's own objects, in our words: Healthy alone proves nothing.

An Application is ready when it is Synced, Healthy, its last operation succeeded and it holds
something. Which commit it must be at and how many objects it must hold is the run's question
(`harness.health.applications`). Argo CD's `Degraded` and `Missing` may pass, so nothing is stuck.
"""

from __future__ import annotations

from harness.health.applications import error_conditions, out_of_sync
from harness.health.reading import Judgement, Object, condition, holds, status_of, words
from harness.model.run import Health
from harness.model.wording import counted


def judge_application(obj: Object, _: float) -> Judgement:
    """Ready when Synced, Healthy, its operation succeeded, and it holds something."""
    objection = _objection(obj)
    return (Health.PROGRESSING, objection) if objection else (Health.READY, "Synced and Healthy")


def _objection(obj: Object) -> str:
    status, errors = status_of(obj), error_conditions(obj)
    if errors:
        return errors[0]
    operation = status.get("operationState") or {}
    phase = operation.get("phase")
    if phase not in {None, "Succeeded"}:
        return f"operation {phase}: {operation.get('message', 'no message')}"
    sync = str((status.get("sync") or {}).get("status") or "not compared yet")
    if sync != "Synced":
        return ": ".join([sync, *([", ".join(out_of_sync(obj)[:3])] if out_of_sync(obj) else [])])
    health = str((status.get("health") or {}).get("status") or "health not known yet")
    if health != "Healthy":
        return health
    held = [r for r in status.get("resources") or [] if not r.get("hook")]
    return "" if held else "Synced, but nothing was applied"


def judge_application_set(obj: Object, _: float) -> Judgement:
    """Ready when the controller says that all its Applications are up to date."""
    if holds(obj, "ErrorOccurred"):
        return Health.PROGRESSING, words(condition(obj, "ErrorOccurred"))
    if holds(obj, "ResourcesUpToDate"):
        made = len(status_of(obj).get("resources") or [])
        return Health.READY, f"{counted(made, 'Application')} up to date"
    return Health.PROGRESSING, "its Applications are not made yet"
