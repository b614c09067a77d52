"""Volumes from Secrets and ConfigMaps that cannot be mounted: the object or a key is absent.

The kubelet tells of it in `FailedMount` events only, while the pod stays in `ContainerCreating`;
so the objects themselves are compared too, in a closed world, and a lost event changes nothing.
Only "not found" and "non-existent key" count: "not registered" and "failed to sync ... cache" are
passing states of the kubelet's cache (k/k#105204, krane#886). A mount is tried again after at most
about two minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import PodFact
from harness.diagnosis.rules.secret.absent_objects import keys_of, need_of_absence, need_of_key
from harness.diagnosis.rules.secret.missing_configuration import Lack, lack_signal
from harness.diagnosis.rules.standing import observations
from harness.diagnosis.signal import Need, NeedKind, Signal, t1
from harness.manifests.references import Reference, references
from harness.model.refs import ObjectRef

RETRIED = t1(4, 120)
UNTOLD = t1(2, 30)
"""Without an event the pod must have stood still for a while."""
_CREATING = frozenset({"", "ContainerCreating", "PodInitializing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What events say about a lack."""

    count: int = 0
    first: float = 0.0
    text: str = ""


def volumes_without_source(facts: Facts) -> Iterator[Signal]:
    """Yields each Secret, ConfigMap or key whose absence keeps a pod from being created."""
    for pod in facts.troubled_pods:
        if not _is_being_created(pod):
            continue
        for reference in references(pod.spec):
            if not reference.container and not reference.optional:
                found = _judge(facts, pod, reference)
                if found is not None:
                    yield found


def _is_being_created(pod: PodFact) -> bool:
    states = [c.status for c in pod.containers]
    begun = any((s.get("state") or {}).keys() - {"waiting"} or s.get("lastState") for s in states)
    waits = all(c.waiting in _CREATING for c in pod.containers)
    return bool(pod.node) and pod.phase == "Pending" and waits and not begun


def _judge(facts: Facts, pod: PodFact, reference: Reference) -> Signal | None:
    ref = ObjectRef(reference.kind, pod.ref.namespace, reference.name)
    live = facts.find(ref)
    key = reference.key if live is not None else ""
    if live is not None and (not key or key in keys_of(live)):
        return None
    told = _told(facts, pod, reference, key)
    need = _need(facts, ref, key, told=bool(told.count))
    if need is None:
        return None
    since = told.first or pod.created or facts.now
    lack = Lack(
        ref=ref,
        key=key,
        pod=pod,
        where=f"volume {reference.field.partition('[')[2].rstrip(']')} of {pod.workload}",
        text=told.text or "the pod is not created any further",
    )
    count = max(told.count, observations(facts, since))
    return lack_signal(facts, lack, "S10" if key else "S09", need, count=count, since=since)


def _need(facts: Facts, ref: ObjectRef, key: str, *, told: bool) -> Need | None:
    need = need_of_key(facts, ref, key, RETRIED) if key else need_of_absence(facts, ref, RETRIED)
    if told:
        return need
    return UNTOLD if need.kind is NeedKind.FIRST_SIGHT else None


def _told(facts: Facts, pod: PodFact, reference: Reference, key: str) -> _Told:
    quoted = re.escape(reference.name)
    kind = "config(?:map)?" if reference.kind == "ConfigMap" else "secret"
    text = (
        rf"non-existent {kind} key: {re.escape(key)}(?!\S)"
        if key
        else rf'{kind} "{quoted}" not found'
    )
    events = [
        e for e in facts.events(pod.ref, "FailedMount") if re.search(text, e.message, re.IGNORECASE)
    ]
    if not events:
        return _Told()
    return _Told(
        count=sum(e.count for e in events),
        first=min(e.first for e in events),
        text=events[-1].message,
    )
