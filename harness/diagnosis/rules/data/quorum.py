"""Kafka nodes that do not find one another by name: K07.

A StatefulSet that finds its own pods by its headless Service needs itself. If that Service
publishes ready pods only and readiness needs the quorum, no pod can become ready: nobody finds
anybody (mimir#13650, strimzi#12760). It counts only together with the words of a pod; a cold quorum
alone says some of them once. Policies that keep the pods apart (K08) are in `network_policies`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.connectivity.dependencies import Dependency
from harness.connectivity.services import is_headless, publishes_not_ready
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact
from harness.diagnosis.rules.probe.probe_specs import ProbeKind, probe
from harness.diagnosis.rules.start.endings import Ending, endings
from harness.diagnosis.rules.start.log_lines import log_lines
from harness.diagnosis.signal import T0, Signal, t1
from harness.model.refs import ObjectRef
from harness.model.wording import cut

Says = Callable[[str], bool]
PERIODIC = t1(2, 130)
"""Two periods of a broker that does not get registered."""
_UNKNOWN_HOST = re.compile(
    r"UnknownHostException: (?P<host>[\w.-]+)|resolve server (?P<server>[\w.-]+)"
)
_NOT_REGISTERED = re.compile(
    r"unable to register (?:the broker|with the controller quorum)"
    r"|Received a fatal error while waiting for the controller",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the pods of a quorum say about one another."""

    line: str
    count: int
    since: float
    last: float


def names_of_unready_pods_are_not_published(facts: Facts) -> Iterator[Signal]:
    """Finds a quorum whose headless Service hides the pods that look for one another (K07)."""
    for workload, needs in _needing_themselves(facts).items():
        for dependency in needs:
            service = facts.find(dependency.service) if dependency.service else None
            if service is None or not is_headless(dict(service)):
                continue
            if publishes_not_ready(dict(service)) or not _waits_for_quorum(facts, dependency):
                continue
            found = _hidden(facts, workload, dependency)
            if found is not None:
                yield found
                break


def _needing_themselves(facts: Facts) -> dict[ObjectRef, list[Dependency]]:
    found: dict[ObjectRef, list[Dependency]] = {}
    for each in facts.graph.dependencies:
        is_own = each.client == each.server and each.client.kind == "StatefulSet"
        if is_own and not facts.is_ok(each.client):
            found.setdefault(each.client, []).append(each)
    return found


def _waits_for_quorum(facts: Facts, dependency: Dependency) -> bool:
    """Whether a pod becomes ready only when it has found the others.

    Without a readiness probe a pod is ready, and its name published, as soon as it runs; so it is
    where the probe asks the very port on which the nodes look for one another.
    """
    pods = facts.pods_of(dependency.client)
    probes = [
        asked
        for pod in pods
        for container in pod.containers
        for kind in (ProbeKind.READINESS, ProbeKind.STARTUP)
        if (asked := probe(container, kind)) is not None
    ]
    port = dependency.pod_port or dependency.port
    own = [a for a in probes if a.port == port or str(port) in " ".join(a.command)]
    return bool(probes) and not own


def _hidden(facts: Facts, workload: ObjectRef, dependency: Dependency) -> Signal | None:
    service = dependency.service
    if service is None:
        return None
    named = _words(facts, workload, lambda line: _names(line, service.name))
    words = named or _words(facts, workload, lambda line: bool(_NOT_REGISTERED.search(line)))
    if words is None:
        return None
    is_any_ready = any(pod.ready for pod in facts.pods_of(workload))
    return Signal(
        cause="K07",
        at=workload,
        root=service,
        field="spec.publishNotReadyAddresses",
        seen=f"{workload} looks for its own pods as {dependency.host}, none of them is ready, and "
        f"{service} publishes ready pods only: {words.line}",
        expected="publishNotReadyAddresses: true, so that the pods find one another before any of "
        "them is ready (and podManagementPolicy: Parallel)",
        fix=f"set spec.publishNotReadyAddresses: true in {service}",
        need=T0 if named is not None and not is_any_ready else PERIODIC,
        count=words.count,
        since=words.since,
        last=words.last,
        by_text=True,
        rank=10,
    )


def _names(line: str, service: str) -> bool:
    found = _UNKNOWN_HOST.search(line)
    host = (found["host"] or found["server"]) if found else ""
    return service in host.split(".")


def _words(facts: Facts, workload: ObjectRef, says: Says) -> Words | None:
    """Returns the newest line of the pods that says it, with how often they ended."""
    ended = {e.container.pod: e for e in endings(facts) if e.workload == workload}
    for pod in facts.pods_of(workload):
        for container in pod.containers:
            lines = log_lines(facts.any_log(container)) if not pod.ready else ()
            said = [line for line in lines if says(line)]
            exact = [line for line in said if not _NOT_REGISTERED.search(line)]
            if said:
                return _weighed(facts, container, ended.get(pod.ref), (exact or said)[-1])
    return None


def _weighed(facts: Facts, container: ContainerFact, ending: Ending | None, line: str) -> Words:
    if ending is None:
        since = container.running_since or facts.now
        return Words(line=cut(line), count=1, since=since, last=facts.now)
    return Words(line=cut(line), count=ending.count, since=ending.since, last=ending.last)
