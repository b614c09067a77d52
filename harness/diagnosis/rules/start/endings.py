"""Containers that ended: how often, since when, with which code and which last words.

Counts come from the kubelet's restart count and times from its last termination, so that a lost
event or a restart of the harness changes nothing. Left out is what is over: workloads that do what
is wanted of them, pods that were evicted and replaced, and an instance that already runs far
longer than the one before it did. Runs of CronJobs are not waited for and are left out too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from harness.diagnosis.events import epoch
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact, PodFact
from harness.diagnosis.signal import T0, Need
from harness.manifests.pods import field_prefix
from harness.model.refs import ObjectRef

BACKOFF_SECONDS = (0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""The kubelet's pause before each restart; the last one repeats."""
PAST_FACTOR = 2.0
PAST_SECONDS = 10.0
"""An instance that runs this much longer than the one before has passed the point of its crash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """One container that ended at least once, and the newest time it did."""

    pod: PodFact
    container: ContainerFact
    count: int
    since: float
    """Epoch seconds of the first ending known, or at latest possible."""
    started: float
    """Epoch seconds of the start of the instance that ended last."""
    last: float
    """Epoch seconds of the newest ending."""
    first_log: str
    """The last words of the first crash that was captured."""
    log: str
    """The last words of the newest crash."""
    is_final: bool
    """True when nothing starts it again: a failed Job, a Pod that is never restarted."""

    @property
    def workload(self) -> ObjectRef:
        """The workload whose manifest describes it."""
        return self.pod.workload

    @property
    def code(self) -> int:
        """The newest exit code."""
        return self.container.exit_code or 0

    @property
    def reason(self) -> str:
        """The newest reason, e.g. `Error`, `OOMKilled`."""
        return self.container.exit_reason

    @property
    def seconds(self) -> float:
        """How long the last instance ran."""
        return max(0.0, self.last - self.started)

    @property
    def times(self) -> str:
        """How often it ended, in words."""
        return "once" if self.count == 1 else f"{self.count} times"

    def field(self, *parts: str) -> str:
        """Returns the dotted path of a part of the container inside the workload."""
        return field_of(self.container, *parts)

    def need(self, usual: Need) -> Need:
        """Returns the need of a cause: certain at once when nothing will be tried again."""
        return T0 if self.is_final else usual


def field_of(container: ContainerFact, *parts: str) -> str:
    """Returns the dotted path of a part of a container inside its workload."""
    return ".".join([field_prefix(container.workload.kind), container.field, *parts])


def endings(facts: Facts) -> tuple[Ending, ...]:
    """Returns every container that ended and still is trouble, the attempts of a Job as one."""
    found: tuple[Ending, ...] = facts.memo("endings", lambda: tuple(_endings(facts)))
    return found


def _endings(facts: Facts) -> Iterator[Ending]:
    jobs: dict[tuple[ObjectRef, str], Ending] = {}
    for pod in facts.troubled_pods:
        if _is_over(facts, pod):
            continue
        for container in pod.containers:
            if not container.exit or _ended_well(container):
                continue
            ending = _ending(facts, pod, container)
            if is_past(ending, facts.now):
                continue
            if pod.workload.kind == "Job":
                key = pod.workload, container.name
                jobs[key] = _together(jobs[key], ending) if key in jobs else ending
            else:
                yield ending
    yield from jobs.values()


def _is_over(facts: Facts, pod: PodFact) -> bool:
    if pod.workload.kind == "CronJob" or facts.is_ok(pod.workload):
        return True
    # The pod of a controller only fails as a whole when it was evicted or preempted.
    return pod.phase == "Failed" and _restarts(pod) == "Always"


def _ended_well(container: ContainerFact) -> bool:
    """An init container or a Job's container that is done, unlike a server that ended."""
    if container.init:
        return container.done and container.spec.get("restartPolicy") != "Always"
    return container.exit_code == 0 and container.workload.kind == "Job"


def _restarts(pod: PodFact) -> str:
    return str(pod.spec.get("restartPolicy") or "Always")


def _ending(facts: Facts, pod: PodFact, container: ContainerFact) -> Ending:
    newest = facts.log(container, previous=True) or container.exit_message
    if not container.running_since:
        newest = facts.log(container) or newest
    count = exits(container)
    last = container.exit_at or _seen(facts, container)
    return Ending(
        pod=pod,
        container=container,
        count=count,
        since=_since(facts, pod, container, count),
        started=epoch(container.exit.get("startedAt")) or last,
        last=last,
        first_log=facts.crash_log(container) or newest,
        log=newest,
        is_final=_is_final(facts, pod),
    )


def exits(container: ContainerFact) -> int:
    """Returns how often a container ended: once for each restart, and once more when it is down.

    In CrashLoopBackOff the restart count is that of the instance that is gone, so with a count of
    two it ended three times.
    """
    return container.restarts + (0 if container.running_since else 1)


def _since(facts: Facts, pod: PodFact, container: ContainerFact, count: int) -> float:
    """The first ending: as seen, or as late as the kubelet's pauses allow for so many of them."""
    last = container.exit_at or facts.now
    begun = epoch(container.exit.get("startedAt")) if count > 1 else 0.0
    # The newest instance began after all endings but the last, and after the pauses between them.
    possible = (begun or last) - least_seconds(count)
    known = (_seen(facts, container), last, max(possible, min(pod.created, last)))
    return min((moment for moment in known if moment), default=facts.now)


def _seen(facts: Facts, container: ContainerFact) -> float:
    words = (f"{container.exit_reason}:{container.exit_code}", "CrashLoopBackOff")
    times = [facts.sighting(container, word).first for word in words]
    return min((moment for moment in times if moment), default=0.0)


def least_seconds(count: int) -> float:
    """Returns how long `count` endings take at least, from the first to the last."""
    pauses = BACKOFF_SECONDS[: max(0, count - 1)]
    further = max(0, count - 1 - len(BACKOFF_SECONDS))
    return sum(pauses) + further * BACKOFF_SECONDS[-1]


def gap_seconds(count: int) -> float:
    """Returns the pause before the restart after the `count`-th ending."""
    return BACKOFF_SECONDS[min(max(count, 1), len(BACKOFF_SECONDS)) - 1]


def endings_after(ending: Ending, moment: float) -> int:
    """Returns how many of the endings came after a moment, by the kubelet's pauses between them."""
    found, at, number = 0, ending.last, ending.count
    while number > 0 and at > moment:
        found, number = found + 1, number - 1
        at -= gap_seconds(number) + ending.seconds
    return found


def is_past(ending: Ending, now: float) -> bool:
    """Tells whether the running instance is already beyond the point where the last one ended."""
    running = ending.container.running_since
    return bool(running) and now - running > PAST_FACTOR * ending.seconds + PAST_SECONDS


def _is_final(facts: Facts, pod: PodFact) -> bool:
    if pod.workload.kind == "Job":
        return bool(job_failure(facts, pod.workload))
    return pod.phase == "Failed" and pod.workload == pod.ref


def job_failure(facts: Facts, ref: ObjectRef) -> str:
    """Returns why a Job has failed for good, e.g. `BackoffLimitExceeded`; empty when it has not."""
    status = (facts.find(ref) or {}).get("status") or {}
    for condition in status.get("conditions") or []:
        if condition.get("type") == "Failed" and condition.get("status") == "True":
            return str(condition.get("reason") or "Failed")
    return ""


def _together(one: Ending, other: Ending) -> Ending:
    """The attempts of a Job are one container that ended several times."""
    newest = max(one, other, key=lambda e: e.last)
    first = min(one, other, key=lambda e: e.since)
    return replace(
        newest,
        count=one.count + other.count,
        since=first.since,
        first_log=first.first_log or newest.first_log,
    )
