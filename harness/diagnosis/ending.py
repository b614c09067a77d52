"""When a verdict may end a run: at once, unless a second, independent fault is about to show.

A pod that has not yet tried its image, or a suspect that will count within seconds, is given a
moment, so that two faults are reported as two in one run. Pods that are refused, suspended or
paused are not waited for: nothing more shows there. Pure; the clock is the facts' `now`.
"""

from __future__ import annotations

from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact, PodFact
from harness.diagnosis.rules.schedule.pod_creation import refusals, wanted_pods
from harness.model.finding import Diagnosis, Phase
from harness.model.refs import ObjectRef

LINGER_SECONDS = 20.0
"""At most this long after the first root, where nothing but time speaks for a second one."""
PULL_SECONDS = 40.0
"""The same where an image was refused once: its second pull comes after 10 to 20 s."""
STARTING = frozenset({"", "ContainerCreating", "PodInitializing"})


def may_end(
    diagnosis: Diagnosis, facts: Facts, *, first_root_at: float, keep_going: bool = False
) -> bool:
    """Tells whether the findings may end the run now.

    Args:
        diagnosis: What was found at the moment of the facts.
        facts: Everything known.
        first_root_at: Epoch seconds at which the first root counted.
        keep_going: Wait until every workload is ready or explained.
    """
    if not diagnosis.findings:
        return False
    if keep_going:
        return not diagnosis.waiting and not _pending(diagnosis, facts.now + 600)
    if _pulls_again(diagnosis, facts, first_root_at + PULL_SECONDS):
        return False
    if facts.now - first_root_at >= LINGER_SECONDS:
        return True
    soon = first_root_at + LINGER_SECONDS
    return not _pending(diagnosis, soon) and not starting(facts)


def _pulls_again(diagnosis: Diagnosis, facts: Facts, until: float) -> bool:
    """Tells whether a refused image is about to be pulled once more, which decides about it."""
    images = (s for s in diagnosis.suspects if s.phase is Phase.IMAGE)
    return facts.now < until and any(0 < s.counts_from <= until for s in images)


def _pending(diagnosis: Diagnosis, until: float) -> bool:
    return any(0 < s.counts_from <= until for s in diagnosis.suspects)


def starting(facts: Facts) -> tuple[ObjectRef, ...]:
    """Returns the workloads that have not come as far as to show a fault."""
    return tuple(w for w in facts.workloads if not facts.is_ok(w) and _is_starting(facts, w))


def _is_starting(facts: Facts, workload: ObjectRef) -> bool:
    pods = facts.pods_of(workload)
    return any(_untried(facts, pod) for pod in pods) if pods else _awaits_pods(facts, workload)


def _awaits_pods(facts: Facts, workload: ObjectRef) -> bool:
    """Tells whether pods are about to be created: wanted, and not refused."""
    live = facts.find(workload)
    if live is None or (live.get("spec") or {}).get("paused"):
        return False
    if workload.kind == "Job" and not wanted_pods(live):
        return False
    return all(refusal.workload != workload for refusal in refusals(facts))


def _untried(facts: Facts, pod: PodFact) -> bool:
    if pod.condition("PodScheduled").get("status") == "False":
        return False
    if any(c.waiting not in STARTING or c.running_since or c.exit for c in pod.containers):
        return False
    return not facts.events(pod.ref, "FailedMount") and any(map(_waits, pod.containers))


def _waits(container: ContainerFact) -> bool:
    return container.waiting in STARTING
