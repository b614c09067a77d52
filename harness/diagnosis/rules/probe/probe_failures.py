"""The kubelet's words about failing probes: which probe of which container, and what kind of fault.

Texts are those of `pkg/kubelet/prober` and `pkg/probe` (Kubernetes 1.3x). An event does not tell
its container here, so a text is given to the one unready container whose probe fits it, and to
none when several do. Failures of an earlier instance of a container are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from harness.diagnosis.events import EventFact, epoch
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact, PodFact
from harness.diagnosis.rules.probe.probe_specs import (
    Handler,
    Probe,
    ProbeKind,
    is_probed,
    probe,
    probes,
    start_budget_seconds,
)
from harness.model.refs import ObjectRef

LOST_EVENTS_SECONDS = 60.0
"""So long beyond its budget a probe is taken to have failed all the time, whatever was counted."""


class Fault(StrEnum):
    """What a failure says."""

    NO_COMMAND = "command missing"
    NO_PORT = "named port missing"
    SCHEME = "wrong scheme"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    ANSWER_4XX = "4xx"
    ANSWER_5XX = "5xx"
    OTHER = "other"


_PERMANENT = r"40[013456]|410|421|426"
_NO_COMMAND = (
    r"executable file not found|exec: \S+: stat|no such file or directory: unknown"
    r"|^\S*sh: (\d+: |line \d+: )?\S+: (command )?not found"
)
_SCHEME = (
    r"server gave HTTP response to HTTPS client|HTTP request to an HTTPS server"
    r"|malformed HTTP response"
)
_TIMEOUT = (
    r"context deadline exceeded|Client\.Timeout exceeded|i/o timeout|timed out"
    r"|timeout \S+ exceeded"
)
_TEXTS: tuple[tuple[Fault, re.Pattern[str]], ...] = tuple(
    (fault, re.compile(text, re.IGNORECASE | re.MULTILINE))
    for fault, text in (
        (Fault.NO_COMMAND, _NO_COMMAND),
        (Fault.NO_PORT, r"couldn't find port|unknown port|port \S+ not found|Atoi: parsing"),
        (Fault.SCHEME, _SCHEME),
        (Fault.REFUSED, r"connection refused"),
        (Fault.ANSWER_4XX, rf"statuscode: ({_PERMANENT})\b"),
        (Fault.ANSWER_5XX, r"statuscode: [45]\d\d|NOT_SERVING"),
        (Fault.TIMEOUT, _TIMEOUT),
    )
)
_MESSAGE = re.compile(
    r"^(Startup|Readiness|Liveness) probe (failed|errored)[^:]*: ?(.*)$", re.DOTALL
)
_ADDRESS = re.compile(r"(?:\]|\d):(\d{2,5})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What the kubelet told about one probe, newest text and all counts of the same fault."""

    fault: Fault
    text: str
    count: int
    first: float
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A container that runs and is not ready, and the probe that keeps it so."""

    pod: PodFact
    probe: Probe
    failure: Failure | None
    since: float
    """Epoch seconds from which on it can be blamed: it runs, is unready, and was told to fail."""
    now: float

    @property
    def container(self) -> ContainerFact:
        """The container."""
        return self.probe.container

    @property
    def fault(self) -> Fault:
        """The newest fault; `OTHER` when nothing was told."""
        return self.failure.fault if self.failure else Fault.OTHER

    @property
    def text(self) -> str:
        """The kubelet's newest text."""
        return self.failure.text if self.failure else ""

    @property
    def running_seconds(self) -> float:
        """For how long the current instance runs."""
        return self.now - self.container.running_since

    @property
    def budget_seconds(self) -> float:
        """How long it may be unready from its start on."""
        if self.probe.kind is ProbeKind.READINESS:
            return start_budget_seconds(self.container)
        return self.probe.budget_seconds

    @property
    def is_beyond_budget(self) -> bool:
        """Whether it had its time; the readiness probe's begins with its first failure."""
        told = self.failure is not None and self.now - self.since >= self.probe.budget_seconds
        return told or self.running_seconds >= self.budget_seconds

    @property
    def count(self) -> int:
        """How often it failed, also when events were lost: a probe does not stop asking."""
        told = self.failure.count if self.failure else 0
        lasting = self.now - self.since
        if lasting < self.probe.budget_seconds + LOST_EVENTS_SECONDS:
            return told
        return max(told, int(lasting / self.probe.period_seconds))


def fault_of(text: str) -> Fault:
    """Returns what a failure's text says."""
    return next((fault for fault, pattern in _TEXTS if pattern.search(text)), Fault.OTHER)


def failing(facts: Facts) -> tuple[Failing, ...]:
    """Returns every running container that a probe keeps unready, with that probe."""
    found: tuple[Failing, ...] = facts.memo("probe.failing", lambda: tuple(_all_failing(facts)))
    return found


def _all_failing(facts: Facts) -> Iterator[Failing]:
    for pod in facts.troubled_pods:
        for container in pod.containers if is_under_diagnosis(facts, pod.workload) else ():
            if not is_probed(container) or container.ready:
                continue
            asked = _asked(container)
            if asked is not None and (container.running_since or _was_killed(asked)):
                yield _failing(facts, pod, asked)


def _asked(container: ContainerFact) -> Probe | None:
    """The probe whose success is waited for: readiness is asked only once it has started."""
    startup = probe(container, ProbeKind.STARTUP)
    if startup is not None and not container.started:
        return startup
    return probe(container, ProbeKind.READINESS)


def is_under_diagnosis(facts: Facts, workload: ObjectRef) -> bool:
    """Whether a workload is the run's matter; the cluster's own are the cluster family's."""
    return facts.in_scope(workload.namespace) or workload in facts.declared


def _was_killed(asked: Probe) -> bool:
    """Whether a container that waits for its next start was ended by its startup probe."""
    container = asked.container
    down = container.waiting == "CrashLoopBackOff" and container.exit_code in {0, 137, 143}
    return asked.kind is ProbeKind.STARTUP and down


def _failing(facts: Facts, pod: PodFact, asked: Probe) -> Failing:
    failure = _failure(facts, pod, asked)
    unready = epoch(pod.condition("Ready").get("lastTransitionTime"))
    # A startup probe kills: its failures are counted over all instances of the container.
    runs = 0.0 if asked.kind is ProbeKind.STARTUP else asked.container.running_since
    known = (runs, unready, failure.first if failure else 0.0)
    return Failing(pod=pod, probe=asked, failure=failure, since=max(known), now=facts.now)


def _failure(facts: Facts, pod: PodFact, asked: Probe) -> Failure | None:
    told = [
        (event, text)
        for event, kind, text in _messages(facts, pod)
        if kind == asked.kind
        and (event.container or _owner(pod, kind, text)) == asked.container.name
        # Whole seconds in the API: the first failure can bear the time of the start.
        and event.last >= asked.container.running_since - 1
    ]
    if not told:
        return None
    newest, text = max(told, key=lambda entry: entry[0].last)
    same = [event for event, other in told if fault_of(other) is fault_of(text)]
    return Failure(
        fault=fault_of(text),
        text=newest.message,
        count=sum(event.count for event in same),
        first=min(event.first for event in same),
        last=newest.last,
    )


def _messages(facts: Facts, pod: PodFact) -> Iterator[tuple[EventFact, ProbeKind, str]]:
    for event in facts.events(pod.ref, "Unhealthy"):
        found = _MESSAGE.match(event.message.strip())
        if found:
            yield event, ProbeKind(found[1]), found[3]


def _owner(pod: PodFact, kind: ProbeKind, text: str) -> str:
    """Returns the name of the only unready container that a text can be about, or nothing."""
    names = {
        asked.container.name
        for container in pod.containers
        if is_probed(container) and not container.ready
        for asked in probes(container)
        if asked.kind is kind and _fits(asked, text)
    }
    return names.pop() if len(names) == 1 else ""


def _fits(asked: Probe, text: str) -> bool:
    if text.startswith("HTTP probe failed"):
        return asked.handler is Handler.HTTP
    ports = {int(port) for port in _ADDRESS.findall(text)}
    if text.startswith("Get "):
        return asked.handler is Handler.HTTP and (not ports or asked.port in ports)
    if text.startswith("dial tcp"):
        return asked.handler is not Handler.EXEC and (not ports or asked.port in ports)
    return True
