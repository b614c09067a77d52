"""Judges claims and volumes by their phase. A claim that binds at first use waits for its pod."""

from __future__ import annotations

from harness.health.reading import Judgement, Object, status_of, words
from harness.model.run import Health

_VOLUMES = {
    "Available": (Health.READY, "available"),
    "Bound": (Health.READY, "bound"),
    "Released": (Health.PROGRESSING, "released: its claim is gone, and nobody may bind it again"),
}


def judge_claim(obj: Object, _: float) -> Judgement:
    """Ready when bound; stuck when its volume is lost."""
    phase = str(status_of(obj).get("phase") or "Pending")
    if phase == "Bound":
        return Health.READY, "bound"
    if phase == "Lost":
        return Health.STUCK, "its volume is lost"
    return Health.PROGRESSING, "not bound yet"


def judge_volume(obj: Object, _: float) -> Judgement:
    """Ready when available or bound; stuck when its reclamation has failed."""
    status = status_of(obj)
    phase = str(status.get("phase") or "Pending")
    if phase == "Failed":
        return Health.STUCK, words(status, "failed")
    return _VOLUMES.get(phase, (Health.PROGRESSING, "not available yet"))
