"""What every rule of health reads: conditions, generations, replicas, and times. Pure.

A judgement is a word and a sentence. Words never depend on the time; sentences may, because a
deadline that has passed is worth saying and is no failure by itself (kubernetes#106054).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.model.moments import epoch
from harness.model.run import Health

Judgement = tuple[Health, str]
Object = Mapping[str, Any]
UNSEEN = "the controller has not seen this generation yet"


def spec_of(obj: Object) -> Object:
    """Returns the specification, empty where there is none."""
    found: Object = obj.get("spec") or {}
    return found


def status_of(obj: Object) -> Object:
    """Returns the status, empty where nobody has written one."""
    found: Object = obj.get("status") or {}
    return found


def count(status: Object, name: str) -> int:
    """Returns a counter of a status; the API leaves out what is 0."""
    return int(status.get(name) or 0)


def condition(obj: Object, kind: str) -> Object:
    """Returns the condition of a type, empty where it is not set."""
    conditions = status_of(obj).get("conditions") or []
    return next((c for c in conditions if c.get("type") == kind), {})


def holds(obj: Object, kind: str) -> bool:
    """Tells whether the condition of a type is True."""
    return condition(obj, kind).get("status") == "True"


def words(found: Object, otherwise: str = "") -> str:
    """Returns what a condition says: its message, else its reason."""
    return str(found.get("message") or found.get("reason") or otherwise)


def is_behind(obj: Object) -> bool:
    """Tells whether the status is of an older generation than the specification."""
    generation = (obj.get("metadata") or {}).get("generation")
    return count(status_of(obj), "observedGeneration") < int(generation or 0)


def wanted_replicas(obj: Object) -> int:
    """Returns how many replicas are asked for; one where nobody says."""
    replicas = spec_of(obj).get("replicas")
    return 1 if replicas is None else int(replicas)


def has_passed(start: Any, seconds: Any, now: float) -> bool:
    """Tells whether so many seconds have passed since a time of the API; False for none."""
    begun = epoch(start)
    return bool(begun) and seconds is not None and now > begun + float(seconds)
