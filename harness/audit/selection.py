"""What a label selector selects among the declared pods, or why that cannot be said. Pure.

A selector that meets nothing is a fact only where nobody else brings pods. Some labels are set on
running pods (ordinals by a controller, `role: primary` by the program itself): they are no reason
to speak. The workload that was probably meant is told by its labels and by its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from harness.audit.reading import at, is_placeholder, mapping
from harness.audit.world import PodTemplate, World, is_of_cluster
from harness.connectivity.inventory import CHANGING_LABELS
from harness.connectivity.selectors import Requirement, requirements, unmet

SIMILAR = 0.75
"""Ratio of difflib from which two words may be misspelt forms of each other."""
_AT_RUN_TIME = re.compile(
    r"role|leader|primary|master|active|standby|sealed|initialized|shard|partition", re.IGNORECASE
)
"""Words in the keys of labels that programs set on their own pods."""

_STANDARD = "app.kubernetes.io"


class Outcome(StrEnum):
    """What a selector does here."""

    SELECTS = "selects"
    UNKNOWN = "unknown"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What was found out about a selector."""

    outcome: Outcome
    reason: str = ""
    """Why it cannot be said; empty where there is nothing to say."""
    near: PodTemplate | None = None
    """The workload that was probably meant."""
    lacking: tuple[Requirement, ...] = ()
    """What the pods of that workload lack."""


SELECTS = Selection(outcome=Outcome.SELECTS)


def selection(
    world: World, namespace: str, selector: Mapping[str, Any] | None, name: str
) -> Selection:
    """Returns what a selector does in a namespace; `name` is that of the object that holds it."""
    wanted = requirements(selector)
    if not wanted or world.matching(namespace, selector):
        return SELECTS
    if is_of_cluster(namespace) or any(map(_is_open, wanted)):
        return Selection(outcome=Outcome.UNKNOWN)
    reason = world.pods.reason(namespace)
    local = world.pods_in(namespace)
    if reason or not local:
        return Selection(outcome=Outcome.UNKNOWN, reason=reason or _nobody(namespace))
    near = _nearest(local, selector, name)
    lacking = unmet(selector, near.labels)
    if all(_is_set_later(each, near) for each in lacking):
        return Selection(outcome=Outcome.UNKNOWN)
    is_meant = _is_meant(near, wanted, lacking)
    return Selection(
        outcome=Outcome.NOTHING,
        near=near if is_meant else None,
        lacking=lacking if is_meant else (),
    )


def _nobody(namespace: str) -> str:
    return f"no workload of namespace {namespace or '(unknown)'} is rendered here"


def _is_open(requirement: Requirement) -> bool:
    """Whether a condition holds a placeholder, or a label that a controller sets."""
    texts = (requirement.key, *requirement.values)
    return requirement.key in CHANGING_LABELS or any(map(is_placeholder, texts))


def _is_set_later(requirement: Requirement, near: PodTemplate) -> bool:
    """Whether a program may label its own pods so: a role, or a key of its own domain."""
    if requirement.key in near.labels:
        return False
    domain, slash, _ = requirement.key.rpartition("/")
    is_own = bool(slash) and domain != _STANDARD
    return is_own or bool(_AT_RUN_TIME.search(requirement.key))


def _nearest(
    local: Sequence[PodTemplate], selector: Mapping[str, Any] | None, name: str
) -> PodTemplate:
    """Returns the workload that lacks least, the one most alike in what it lacks, then in name."""

    def distance(each: PodTemplate) -> tuple[int, float, float, str]:
        lacking = unmet(selector, each.labels)
        own = (*each.labels.values(), each.ref.name)
        alike = [_likeness(value, word) for r in lacking for value in r.values for word in own]
        by_name = _likeness(each.ref.name, name)
        return len(lacking), -max(alike, default=0.0), -by_name, str(each.ref)

    return min(local, key=distance)


def _is_meant(
    near: PodTemplate, wanted: Sequence[Requirement], lacking: Sequence[Requirement]
) -> bool:
    """Whether the selector was written for that workload: a value is misspelt, or a key."""
    for requirement in lacking:
        value = requirement.values[0] if requirement.values else ""
        own = near.labels.get(requirement.key)
        if value and own is not None and is_like(value, own):
            return True
        if value and own is None and value in {*near.labels.values(), near.ref.name}:
            return True
    met = [r for r in wanted if r not in lacking]
    is_absent = all(r.key not in near.labels for r in lacking)
    return is_absent and any(is_like(v, near.ref.name) for r in met for v in r.values)


def is_like(one: str, other: str) -> bool:
    """Tells whether one of two names may have been written for the other."""
    short, long = sorted((one, other), key=len)
    is_part = len(short) >= 3 and re.search(rf"(?:^|[-_./]){re.escape(short)}(?:[-_./]|$)", long)
    return bool(is_part) or _likeness(one, other) >= SIMILAR


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower(), other.lower()).ratio()


def selector_of(service: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a Service's selector in the form of other selectors."""
    return {"matchLabels": mapping(at(service, "spec", "selector"))}


def has_instead(found: Selection) -> str:
    """Returns what the pods of the nearest workload have in place of what is selected."""
    own = found.near.labels if found.near else {}
    instead = [f"{r.key}={own[r.key]}" for r in found.lacking if r.key in own]
    missing = [f"no label {r.key}" for r in found.lacking if r.key not in own]
    return ", ".join((*instead, *missing))


def edit(found: Selection) -> str:
    """Returns the labels to write into a selector so that it selects the nearest workload."""
    own = found.near.labels if found.near else {}
    right = [f"{r.key}: {own[r.key]}" for r in found.lacking if r.key in own]
    return ", ".join(right) or ", ".join(f"{key}: {value}" for key, value in list(own.items())[:2])
