"""C02: the host's inotify limits are used up, and pods that watch files exit.

Known from kind (known issues, "too many open files") and kubernetes#104303. One application alone
may leak file descriptors; so the text must stand in the log of the cluster's own pods, or name
inotify, or stand in the logs of two workloads that run different images.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact
from harness.diagnosis.rules.suffering import unready
from harness.diagnosis.signal import Signal, t1
from harness.model.refs import ObjectRef

_INOTIFY = re.compile(
    r"fsnotify watcher|inotify[\w ]*: (?:too many open files|no space left on device)"
    r"|inotify_(?:init1?|add_watch)|inotify instances|inotify watch(?:es)? limit",
    re.IGNORECASE,
)
_GENERIC = re.compile(r"too many open files", re.IGNORECASE)
HOST = ObjectRef("Cluster", "", "host")
SYSTEM = "kube-system"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hit:
    container: ContainerFact
    line: str

    @property
    def is_decisive(self) -> bool:
        """A pod of the cluster itself leaks nothing."""
        return self.container.workload.namespace == SYSTEM or bool(_INOTIFY.search(self.line))


def inotify_exhausted(facts: Facts) -> Iterator[Signal]:
    """Yields C02 once for the host."""
    hits = _hits(facts)
    workloads = {h.container.workload for h in hits}
    images = {h.container.image for h in hits}
    system = any(h.container.workload.namespace == SYSTEM for h in hits)
    unrelated = len(workloads) > 1 and len(images) > 1
    if not system and not unrelated:
        return
    lead = next((h for h in hits if h.is_decisive), hits[0])
    names = ", ".join(sorted({str(w) for w in workloads})[:4])
    yield Signal(
        cause="C02",
        at=HOST,
        root=HOST,
        field="fs.inotify.max_user_instances",
        seen=f'{names} cannot watch files: "{lead.line.strip()[:160]}"',
        expected="fs.inotify.max_user_watches 524288 and fs.inotify.max_user_instances 512",
        fix="Run on the machine: sudo sysctl fs.inotify.max_user_instances=512 "
        "fs.inotify.max_user_watches=524288",
        need=t1(2, 30),
        count=sum(max(h.container.exits, 1) for h in hits),
        since=min(_began(facts, h.container) for h in hits),
        last=facts.now,
        explains=unready(facts),
        infrastructure=True,
    )


def inotify_suspected(facts: Facts) -> bool:
    """Tells whether C02 shows, so that what follows from it is not told as well."""
    return any(True for _ in inotify_exhausted(facts))


def _hits(facts: Facts) -> list[_Hit]:
    found: list[_Hit] = facts.memo("inotify hits", lambda: list(_find(facts)))
    return found


def _find(facts: Facts) -> Iterator[_Hit]:
    for pod in facts.troubled_pods:
        for container in pod.containers:
            line = "" if container.ready or container.done else _line(facts, container)
            if line:
                yield _Hit(container=container, line=line)


def _line(facts: Facts, container: ContainerFact) -> str:
    text = f"{container.exit_message}\n{facts.any_log(container)}".splitlines()
    named = (line for line in text if _INOTIFY.search(line))
    return next(named, "") or next((line for line in text if _GENERIC.search(line)), "")


def _began(facts: Facts, container: ContainerFact) -> float:
    """The first sight of its failing, else its newest exit or start."""
    reasons = ("CrashLoopBackOff", f"{container.exit_reason}:{container.exit_code}")
    times = [facts.sighting(container, reason).first for reason in reasons]
    times += [container.exit_at, container.running_since]
    return min((t for t in times if t), default=facts.now)
