"""When Argo CD applies an object: the phase and wave of its annotations. Pure.

PreSync hooks come first, then the objects and Sync hooks, then PostSync; within a phase by wave.
Each step waits until what it applied is healthy (argo-cd `gitops-engine/pkg/sync`). Helm's hooks
and weights count where Argo CD's own are absent. A hook of another type is not part of a sync.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any

from harness.audit.reading import mapping, metadata, written

HOOK, HELM_HOOK = "argocd.argoproj.io/hook", "helm.sh/hook"
DELETE_POLICY = "argocd.argoproj.io/hook-delete-policy"
WAVE, HELM_WEIGHT = "argocd.argoproj.io/sync-wave", "helm.sh/hook-weight"
_NUMBER = re.compile(r"[+-]?\d{1,9}")


class Phase(IntEnum):
    """A part of a sync, in order."""

    PRE_SYNC = 0
    SYNC = 1
    POST_SYNC = 2

    def __str__(self) -> str:
        return {0: "PreSync", 1: "Sync", 2: "PostSync"}[int(self)]


Moment = tuple[Phase, int]
"""Phase and wave."""
_PHASES = {str(phase): phase for phase in Phase}
_OF_HELM = {
    "pre-install": Phase.PRE_SYNC,
    "pre-upgrade": Phase.PRE_SYNC,
    "post-install": Phase.POST_SYNC,
    "post-upgrade": Phase.POST_SYNC,
}


def marks(obj: Any) -> Mapping[str, str]:
    """Returns the annotations of an object, each as text."""
    found = mapping(metadata(obj).get("annotations"))
    return {str(key): written(value) for key, value in found.items()}


def words(obj: Any, mark: str) -> tuple[str, ...]:
    """Returns the words of an annotation that is a list with commas."""
    return tuple(word.strip() for word in marks(obj).get(mark, "").split(",") if word.strip())


def is_hook(obj: Any) -> bool:
    """Tells whether Argo CD runs an object as a hook."""
    if HOOK in marks(obj):
        return set(words(obj, HOOK)) != {"Skip"}
    return marks(obj).get(HELM_HOOK, "crd-install") != "crd-install"


def phases(obj: Any) -> tuple[Phase, ...]:
    """Returns the phases in which an object is applied; none for what a sync leaves out."""
    if "Skip" in words(obj, HOOK):
        return ()
    if not is_hook(obj):
        return (Phase.SYNC,)
    own = tuple(_PHASES[word] for word in words(obj, HOOK) if word in _PHASES)
    return own or tuple(_OF_HELM[word] for word in words(obj, HELM_HOOK) if word in _OF_HELM)


def wave(obj: Any) -> int:
    """Returns the wave of an object; 0 where it says none, or nothing that is a number."""
    found = (marks(obj).get(mark, "") for mark in (WAVE, HELM_WEIGHT))
    return next((int(value) for value in found if _NUMBER.fullmatch(value)), 0)


def moments(obj: Any) -> Iterator[Moment]:
    """Yields when an object is applied."""
    for phase in phases(obj):
        yield phase, wave(obj)


def first(obj: Any) -> Moment | None:
    """Returns when an object is applied first; None for what a sync leaves out."""
    return min(moments(obj), default=None)


def in_words(moment: Moment) -> str:
    """Returns a moment for a person, e.g. `wave 1` or `PreSync, wave 0`."""
    phase, number = moment
    return f"wave {number}" if phase is Phase.SYNC else f"{phase}, wave {number}"
