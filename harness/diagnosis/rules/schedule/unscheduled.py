"""Pods that the scheduler could not place: whose, since when, and its own words for it.

Read from the pod's PodScheduled condition, which stays when events are lost. Which words mean that
a claim is the trouble is decided here too: such a pod is a victim of its volume (section 1.7 of the
failure catalogue), never a cause of the schedule phase.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.diagnosis.events import epoch
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import PodFact
from harness.diagnosis.rules.schedule.placement import is_fixed_size
from harness.diagnosis.rules.suffering import concerns, live_workloads
from harness.diagnosis.signal import NEVER, Need, t2
from harness.model.refs import ObjectRef

Object = Mapping[str, Any]
GROWING_SECONDS = 300.0
"""A cloud's autoscaler needs minutes to add a node."""
_CLAIM = re.compile(
    r"persistentvolumeclaim|volume node affinity|PersistentVolume's node affinity"
    r"|persistent volumes? to bind|first consumer|binding volumes|VolumeBinding"
    r"|bound to non-existent persistentvolume|ephemeral volume controller"
    r"|did not have enough free storage|exceed max volume count",
    re.IGNORECASE,
)
_SCALING = ("TriggeredScaleUp", "Nominated", "NominatedNode")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unscheduled:
    """One pod that counts and has no node."""

    pod: PodFact
    text: str
    """The scheduler's message without what it says about preemption."""
    since: float
    beside_trouble: bool
    """True when a sibling runs and is in trouble: the sibling's own cause must stay visible."""

    @property
    def at(self) -> ObjectRef:
        """The node of the graph that suffers."""
        return self.pod.ref if self.beside_trouble else self.pod.workload

    @property
    def is_about_claims(self) -> bool:
        """True when its volumes keep it from a node."""
        return bool(_CLAIM.search(self.text))

    def need(self, wanted: Need) -> Need:
        """Returns the need of a signal about it that is not certain at first sight."""
        return NEVER if self.beside_trouble else wanted


def unscheduled(facts: Facts, reason: str = "Unschedulable") -> list[Unscheduled]:
    """Returns the pods that count and that the scheduler gave no node for that reason."""
    found: list[Unscheduled] = facts.memo(f"unscheduled {reason}", lambda: _find(facts, reason))
    return found


def _find(facts: Facts, reason: str) -> list[Unscheduled]:
    found = []
    for pod in facts.troubled_pods:
        if not concerns(facts, pod.ref.namespace):
            continue
        condition = pod.condition("PodScheduled")
        refused = condition.get("status") == "False" and condition.get("reason") == reason
        if pod.node or not refused:
            continue
        found.append(
            Unscheduled(
                pod=pod,
                text=_without_preemption(str(condition.get("message") or "")),
                since=epoch(condition.get("lastTransitionTime")) or pod.created,
                beside_trouble=_has_troubled_sibling(facts, pod),
            )
        )
    return found


def _without_preemption(text: str) -> str:
    return text.partition(" preemption:")[0].strip()


def _has_troubled_sibling(facts: Facts, pod: PodFact) -> bool:
    return any(p.node and not p.ready for p in facts.pods_of(pod.workload))


def nodes(facts: Facts) -> list[Object]:
    """Returns the nodes; none where they could not be listed."""
    return facts.all("Node") if facts.knows("Node") else []


def is_fixed(facts: Facts, known: Sequence[Object]) -> bool:
    """Tells whether no node will be added."""
    return is_fixed_size(known, (w.name for w in live_workloads(facts)))


def patience(facts: Facts, waiting: Unscheduled, known: Sequence[Object]) -> Need:
    """Returns the need of a pod that something else may still make room for."""
    if facts.events(waiting.pod.ref, *_SCALING):
        return NEVER
    return waiting.need(t2(180) if is_fixed(facts, known) else t2(GROWING_SECONDS))
