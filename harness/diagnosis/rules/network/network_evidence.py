"""What a client that cannot reach something shows: its log, its exits, its waiting. Pure.

A network policy, a selector or a host name has no status of its own, so whatever is wrong with it
counts only together with a symptom of a client (failures.md 2.3, rule 16). A client that is ready
refutes the fault; one that is within its start budget, or whose log moves, shows nothing yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact, PodFact
from harness.diagnosis.rules.network.connection_texts import (
    ConnectionTrouble,
    TroubleKind,
    classify,
)
from harness.diagnosis.rules.probe.probe_failures import is_under_diagnosis
from harness.diagnosis.rules.probe.probe_specs import (
    ProbeKind,
    is_probed,
    probe,
    start_budget_seconds,
)
from harness.model.refs import ObjectRef

STANDING_SECONDS = 60.0
"""A pod that is ready for so long reaches what it needs."""
WAITING_SECONDS = 30.0
_SPOKEN = re.compile(
    r"(could not|couldn't|cannot|can't|unable to|fail(ed|ure|s)? (to|in)|error) \W?.{0,30}"
    r"(connect|reach|resolv|resolution)|unreachable|time(d)?[ -]?out|unavailable|no response"
    r"|waiting for|is not (up|available|reachable)|connection (error|failed|lost|closed)",
    re.IGNORECASE,
)


class Shown(StrEnum):
    """How a client suffers."""

    WAITS = "waits"
    """An init container runs on and on."""
    CRASHES = "crashes"
    UNREADY = "unready"
    """It runs beyond its probes' budget and is not ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """What one container of a client shows."""

    shown: Shown
    pod: PodFact
    container: ContainerFact
    since: float
    """Epoch seconds since which it lasts: the start of what runs, the first exit seen."""
    patience: float = 0.0
    """Seconds that a running container may take until it is ready."""
    last: float
    """Epoch seconds of its newest instance: the newest exit, or now."""
    count: int
    troubles: tuple[ConnectionTrouble, ...]
    """What its newest logs say about failed connections, the newest log first."""
    log: str

    @property
    def overdue_since(self) -> float:
        """Epoch seconds of the end of its probes' budget; a time to come while it may start."""
        return self.since + self.patience

    @property
    def speaks(self) -> bool:
        """Whether its log is about a connection in words that no pattern pins."""
        return bool(_SPOKEN.search(self.log[-2000:]))

    def trouble(self, *kinds: TroubleKind) -> ConnectionTrouble | None:
        """Returns the newest trouble, if it is of one of the kinds."""
        newest = next(iter(self.troubles), None)
        return newest if newest is not None and newest.kind in kinds else None

    def in_words(self) -> str:
        """Returns what is seen of it, in a clause."""
        place = f"container {self.container.name} of {self.pod.ref.name}"
        lasting = f"{max(self.last - self.since, 0):.0f} s"
        match self.shown:
            case Shown.WAITS:
                return f"init {place} waits for {lasting}"
            case Shown.CRASHES:
                return f"{place} ended {self.count} times with exit code {self.container.exit_code}"
            case Shown.UNREADY:
                return f"{place} runs for {lasting} and is not ready"


def symptoms(facts: Facts, client: ObjectRef) -> tuple[Symptom, ...]:
    """Returns what the containers of a client show; nothing for a client that does its work."""
    found: tuple[Symptom, ...] = facts.memo(
        f"network.symptoms {client}", lambda: tuple(_symptoms(facts, client))
    )
    return found


def _symptoms(facts: Facts, client: ObjectRef) -> Iterator[Symptom]:
    pods = facts.pods_of(client)
    if facts.is_ok(client) or not is_under_diagnosis(facts, client):
        return
    if any(_stands(facts, pod) for pod in pods):
        return
    for pod in pods:
        if pod.ready:
            continue
        for container in pod.containers:
            found = _symptom(facts, pod, container)
            if found is not None:
                yield found


def _stands(facts: Facts, pod: PodFact) -> bool:
    return bool(pod.ready_since) and facts.now - pod.ready_since >= STANDING_SECONDS


def _symptom(facts: Facts, pod: PodFact, container: ContainerFact) -> Symptom | None:
    if container.ready or container.done:
        return None
    exit_code = container.exit_code
    if exit_code not in {None, 0}:
        return _crashing(facts, pod, container)
    if not container.running_since:
        return None
    if not is_probed(container):
        return _lasting(facts, pod, container, Shown.WAITS)
    return _lasting(facts, pod, container, Shown.UNREADY)


def _crashing(facts: Facts, pod: PodFact, container: ContainerFact) -> Symptom:
    words = (f"{container.exit_reason}:{container.exit_code}", "CrashLoopBackOff")
    seen = [facts.sighting(container, word).first for word in words]
    logs = _logs(facts, container)
    return Symptom(
        shown=Shown.CRASHES,
        pod=pod,
        container=container,
        since=min(t for t in (*seen, container.exit_at, facts.now) if t),
        last=container.exit_at or facts.now,
        count=container.exits,
        troubles=_troubles(logs),
        log="\n".join(reversed(logs)),
    )


def _lasting(facts: Facts, pod: PodFact, container: ContainerFact, shown: Shown) -> Symptom:
    logs = _logs(facts, container)
    return Symptom(
        shown=shown,
        pod=pod,
        container=container,
        since=container.running_since,
        patience=_patience(container) if shown is Shown.UNREADY else 0.0,
        last=facts.now,
        count=1,
        troubles=_troubles(logs),
        log="\n".join(reversed(logs)),
    )


def _patience(container: ContainerFact) -> float:
    """A container whose startup probe has passed has only the readiness probe's time left."""
    asked = probe(container, ProbeKind.READINESS) if container.started else None
    return asked.budget_seconds if asked else start_budget_seconds(container)


def _troubles(logs: Iterable[str]) -> tuple[ConnectionTrouble, ...]:
    return tuple(t for t in map(classify, logs) if t.kind is not None)


def lasting_since(facts: Facts, client: ObjectRef, symptom: Symptom, ready: float) -> float:
    """Returns since when a symptom without a text lasts, with no progress and the server ready."""
    if symptom.shown is Shown.CRASHES:
        return max(symptom.since, ready)
    return max(symptom.overdue_since, ready, facts.progress(client))


def _logs(facts: Facts, container: ContainerFact) -> list[str]:
    """The newest words of a container, first those of the instance that runs or ended last."""
    texts = (facts.log(container), facts.log(container, previous=True))
    return [text for text in texts if text] or [t for t in (facts.crash_log(container),) if t]


def quote(trouble: ConnectionTrouble) -> str:
    """Returns the line of a log that says it, cut."""
    return f'"{trouble.line[:180]}"'


def names_of(host: str, service: ObjectRef | None) -> frozenset[str]:
    """Returns the forms in which a log may name a Service."""
    forms = {host.lower().rstrip(".")}
    if service is not None:
        short = (service.name, f"{service.name}.{service.namespace}")
        forms |= {*short, f"{short[1]}.svc", f"{short[1]}.svc.cluster.local"}
    return frozenset(forms)


def names_it(trouble: ConnectionTrouble, names: Iterable[str]) -> bool:
    """Whether a trouble's host is one of the names, or a pod below one of them."""
    host = trouble.host.lower().rstrip(".")
    return any(host == name or host.endswith(f".{name}") for name in names if name)
