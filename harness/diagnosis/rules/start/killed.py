"""Containers that the kubelet ended: failing liveness or startup probes, hooks (P10, P11, P12).

The kubelet says so in Killing and Unhealthy events; where those are lost, an exit by signal after
exactly as long as a probe may fail says the same. A first start can be slower than the probe
allows and the third one succeed (seen with database migrations), so it takes three ends unless the
probe's answer cannot change by waiting. What the probe asks is judged in `probe`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from harness.diagnosis.events import EventFact
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact
from harness.diagnosis.rules.probe.probe_specs import Probe, ProbeKind, probe
from harness.diagnosis.rules.start.endings import Ending, endings, field_of
from harness.diagnosis.signal import Need, Signal, t1
from harness.model.wording import cut

SIGNALLED = frozenset({137, 143})
GRACE_SECONDS = 45.0
"""A container may take its grace period from the decision to its end."""
_LASTING = re.compile(
    r"statuscode: (?:4\d\d)|executable file not found|no such file", re.IGNORECASE
)
_CAUSES = {ProbeKind.LIVENESS: "P10", ProbeKind.STARTUP: "P11"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Killing:
    """A probe because of which the kubelet ended a container."""

    probe: Probe
    text: str
    """What the probe answered, as far as an event told it."""


def killed_by_probe(facts: Facts) -> Iterable[Signal]:
    """Finds containers that the kubelet restarts because of a probe (P10, P11)."""
    for ending in endings(facts):
        found = killing(facts, ending)
        if found is not None:
            yield _signal(ending, found)


def killing(facts: Facts, ending: Ending) -> Killing | None:
    """Returns the probe because of which a container was ended, None when it ended by itself."""
    if ending.reason == "OOMKilled" or ending.container.exit_code is None:
        return None
    for kind in _CAUSES:
        asked = probe(ending.container, kind)
        if asked is None:
            continue
        text = _unhealthy(facts, ending, kind)
        told = _was_told(facts, ending, kind)
        if told or (ending.code in SIGNALLED and (text or _lasted(ending, asked))):
            return Killing(probe=asked, text=text)
    return None


def _was_told(facts: Facts, ending: Ending, kind: ProbeKind) -> bool:
    said = f"container {ending.container.name} failed {kind.lower()} probe"
    events = facts.container_events(ending.container, "Killing")
    return any(said in e.message.lower() and _in_time(e, ending) for e in events)


def _in_time(event: EventFact, ending: Ending) -> bool:
    return ending.started - 1 <= event.last <= ending.last + GRACE_SECONDS


def _unhealthy(facts: Facts, ending: Ending, kind: ProbeKind) -> str:
    told = [
        e.message.partition(": ")[2]
        for e in facts.container_events(ending.container, "Unhealthy")
        if e.message.startswith(f"{kind} probe failed") and e.last >= ending.started - 1
    ]
    return told[-1] if told else ""


def _lasted(ending: Ending, asked: Probe) -> bool:
    """Whether it ran about as long as the probe may fail, to the end of its grace period."""
    period = float(asked.spec.get("periodSeconds") or 10)
    least = asked.budget_seconds - period - float(asked.spec.get("timeoutSeconds") or 1)
    return least <= ending.seconds <= asked.budget_seconds + period + GRACE_SECONDS


def _need(found: Killing) -> Need:
    budget = found.probe.budget_seconds
    return t1(2, budget) if _LASTING.search(found.text) else t1(3, 2 * budget)


def _signal(ending: Ending, found: Killing) -> Signal:
    kind, budget = found.probe.kind, found.probe.budget_seconds
    said = f": {cut(found.text)}" if found.text else ""
    other = "startupProbe" if kind is ProbeKind.LIVENESS else "larger failureThreshold"
    return Signal(
        cause=_CAUSES[kind],
        at=ending.workload,
        root=ending.workload,
        field=found.probe.field(),
        seen=f"the kubelet ended container {ending.container.name} {ending.times} because of its "
        f"{found.probe.kind.lower()} probe{said}",
        expected=f"{found.probe} succeeds within {budget:.0f} s of a start",
        fix=f"correct the {kind.lower()} probe of container {ending.container.name}, or give it a "
        f"{other} if it starts slowly",
        need=_need(found),
        count=ending.count,
        since=ending.since,
        last=ending.started,
        symptom=True,
        rank=40,
    )


def _may_mean(event: EventFact, container: ContainerFact) -> bool:
    """Tells whether an event that names no container in its path means this one."""
    return container.name in event.message or "container" not in event.message.lower()


def start_hook_fails(facts: Facts) -> Iterable[Signal]:
    """Finds containers that are ended because their postStart hook fails (P12)."""
    for pod in facts.troubled_pods:
        for container in pod.containers:
            hook = (container.spec.get("lifecycle") or {}).get("postStart")
            if hook and not facts.is_ok(pod.workload):
                yield from _hook_signals(facts, container)


def _hook_signals(facts: Facts, container: ContainerFact) -> Iterable[Signal]:
    sighting = facts.sighting(container, "PostStartHookError")
    events = facts.container_events(container, "FailedPostStartHook")
    told = [e for e in events if e.container or _may_mean(e, container)]
    count = max(sighting.count, sum(e.count for e in told))
    if not count or container.ready:
        return
    times = [t for t in (sighting.first, *(e.first for e in told)) if t]
    message = told[-1].message if told else container.waiting_message or "PostStartHookError"
    yield Signal(
        cause="P12",
        at=container.workload,
        root=container.workload,
        field=field_of(container, "lifecycle.postStart"),
        seen=f"the postStart hook of container {container.name} failed {count} times: "
        f"{cut(message)}",
        expected="a postStart hook that ends with 0",
        fix=f"correct lifecycle.postStart of container {container.name}",
        need=t1(2, 20),
        count=max(count, container.restarts),
        since=min(times),
        last=max(sighting.last, *(e.last for e in told), 0.0) if told else sighting.last,
        by_text=True,
        rank=20,
    )
