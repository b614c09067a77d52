"""Judges pods, and says which of their containers waits for what.

Init containers come first, because nothing else starts before them; a sidecar (an init container
with `restartPolicy: Always`) holds the others up only until it has started. A pod whose containers
are all ready may still wait for a readiness gate.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.health.reading import (
    Judgement,
    Object,
    condition,
    count,
    holds,
    spec_of,
    status_of,
    words,
)
from harness.model.run import Health
from harness.model.wording import counted


def judge_pod(obj: Object, _: float) -> Judgement:
    """Ready when all containers are; otherwise says which container waits for what."""
    status = status_of(obj)
    phase = status.get("phase")
    if phase == "Succeeded":
        return Health.READY, "completed"
    if phase == "Failed":
        return Health.STUCK, words(status, "failed")
    if is_pod_ready(obj):
        return Health.READY, "ready"
    if condition(obj, "Ready").get("status") == "Unknown":
        return Health.PROGRESSING, f"its node does not answer: {words(condition(obj, 'Ready'))}"
    scheduled = condition(obj, "PodScheduled")
    if scheduled.get("status") == "False":
        return Health.PROGRESSING, f"not scheduled: {scheduled.get('message', '')}"
    return Health.PROGRESSING, pod_waits_for(obj)


def is_pod_ready(obj: Object) -> bool:
    """Tells whether a pod serves now, or has completed."""
    return status_of(obj).get("phase") == "Succeeded" or holds(obj, "Ready")


def pod_waits_for(pod: Object) -> str:
    """Returns what the first unready container of a pod waits for, in its own words."""
    for word, container in _waiting(pod):
        return f"{word} {container.get('name')}: {_container_state(container)}"
    return _gate(pod) or "starting"


def _waiting(pod: Object) -> Iterator[tuple[str, Object]]:
    """Yields what is not ready, first what holds up the others."""
    status, sidecars = status_of(pod), _sidecars(pod)
    inits = [c for c in status.get("initContainerStatuses") or [] if not c.get("ready")]
    late = [c for c in inits if c.get("name") in sidecars and c.get("started")]
    for container in inits:
        if container not in late and not _finished(container):
            is_sidecar = container.get("name") in sidecars
            yield "sidecar" if is_sidecar else "init container", container
    for container in status.get("containerStatuses") or []:
        if not container.get("ready"):
            yield "container", container
    yield from (("sidecar", container) for container in late)


def _sidecars(pod: Object) -> frozenset[str]:
    inits = spec_of(pod).get("initContainers") or []
    return frozenset(str(c.get("name")) for c in inits if c.get("restartPolicy") == "Always")


def _gate(pod: Object) -> str:
    """Returns which readiness gate is not met, where the containers are."""
    gates = [str(g.get("conditionType")) for g in spec_of(pod).get("readinessGates") or []]
    missing = [gate for gate in gates if not holds(pod, gate)]
    return f"its containers are ready, its readiness gate {missing[0]} is not" if missing else ""


def _finished(container: Object) -> bool:
    ended = (container.get("state") or {}).get("terminated") or {}
    return bool(ended) and ended.get("exitCode") == 0


def _container_state(container: Object) -> str:
    state = container.get("state") or {}
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    if waiting:
        text = f"{waiting.get('reason', 'waiting')} {waiting.get('message', '')}".strip()
        return _with_last_exit(container, text)
    if ended:
        return f"ended with exit code {ended.get('exitCode')} ({ended.get('reason', '')})"
    restarts = count(container, "restartCount")
    again = f", {counted(restarts, 'restart')}" if restarts else ""
    return f"running, not ready yet{again}"


def _with_last_exit(container: Object, text: str) -> str:
    last = (container.get("lastState") or {}).get("terminated") or {}
    return f"{text}; last exit code {last.get('exitCode')}" if last else text
