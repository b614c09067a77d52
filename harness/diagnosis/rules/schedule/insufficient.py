"""H01: no node has room for a pod. Certain where arithmetic says that an empty node is too small.

Compares the pod's requests with each node's allocatable; where nobody adds nodes, a greater request
than any eligible node could ever give is decided at first sight (scenario 16). Where the pod would
fit an empty node something may still end and free room, so it needs time (helm#31897).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from textwrap import shorten

from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import PodFact
from harness.diagnosis.rules.paths import under
from harness.diagnosis.rules.schedule.placement import Object, candidates, node_name, obstacles
from harness.diagnosis.rules.schedule.quantities import in_words
from harness.diagnosis.rules.schedule.resources import (
    ENDED,
    allocatable,
    greediest,
    is_extended,
    pod_request,
    taken,
    too_great,
)
from harness.diagnosis.rules.schedule.unscheduled import (
    GROWING_SECONDS,
    Unscheduled,
    is_fixed,
    nodes,
    patience,
    unscheduled,
)
from harness.diagnosis.rules.suffering import live_workloads
from harness.diagnosis.signal import NEVER, T0, Need, Signal, t2
from harness.manifests.pods import field_prefix

INSUFFICIENT = re.compile(r"Insufficient ([\w./-]+\w)|(Too many pods)", re.IGNORECASE)


def insufficient_room(facts: Facts) -> Iterator[Signal]:
    """Yields H01 for pods that are too great for every node, or find no room now."""
    known = nodes(facts)
    for waiting in unscheduled(facts):
        if not waiting.is_about_claims:
            signal = _too_great(facts, waiting, known) or _no_room_now(facts, waiting, known)
            if signal is not None:
                yield signal


def eligible(spec: Object, known: Sequence[Object]) -> list[Object]:
    """Returns the nodes to which labels and lasting taints admit a pod."""
    alone = len(known) == 1
    return [
        n
        for n in candidates(spec, known)
        if all(o.passing for o in obstacles(spec, n, alone=alone))
    ]


def _too_great(facts: Facts, waiting: Unscheduled, known: Sequence[Object]) -> Signal | None:
    """Whatever else stands in the way: no eligible node could hold the pod, even when empty."""
    request, able = pod_request(waiting.pod.spec), eligible(waiting.pod.spec, known)
    short = [too_great(request, n) for n in able]
    if not able or not all(short):
        return None
    resource = _commonest(short)
    need = T0 if is_fixed(facts, known) else waiting.need(t2(GROWING_SECONDS))
    if is_extended(resource) and _may_be_plugged_in(facts):
        need = waiting.need(t2(180))
    return _signal(_shortage(waiting, resource, able, ""), need)


def _commonest(short: Sequence[set[str]]) -> str:
    names = sorted({r for found in short for r in found})
    return max(names, key=lambda name: sum(name in found for found in short))


def _may_be_plugged_in(facts: Facts) -> bool:
    """A device plugin that is still to start, or that we cannot look for, brings the resource."""
    names = [w.name for w in (*live_workloads(facts), *facts.declared)]
    return not facts.has_declaration or any(
        "device-plugin" in n or "gpu-operator" in n for n in names
    )


def _no_room_now(facts: Facts, waiting: Unscheduled, known: Sequence[Object]) -> Signal | None:
    found = INSUFFICIENT.search(waiting.text)
    if found is None:
        return None
    resource, able = found.group(1) or "pods", eligible(waiting.pod.spec, known)
    if known and not able:
        return None
    freed = _will_be_freed(facts.all_pods, resource, able)
    need = NEVER if freed else patience(facts, waiting, known)
    return _signal(_shortage(waiting, resource, able, _use(facts, resource, able)), need)


def _will_be_freed(pods: Iterable[PodFact], resource: str, able: Sequence[Object]) -> bool:
    """Pods that are being deleted, and pods of Jobs, give their room back."""
    names = {node_name(n) for n in able}
    return any(
        p.node in names
        and p.phase not in ENDED
        and (p.workload.kind in {"Job", "CronJob"} or p.object["metadata"].get("deletionTimestamp"))
        and pod_request(p.spec).get(resource)
        for p in pods
    )


def _use(facts: Facts, resource: str, able: Sequence[Object]) -> str:
    parts = [
        f"pods on {node_name(n)} ask for {in_words(resource, used)} already"
        for n in able[:3]
        if (used := taken(node_name(n), resource, facts.all_pods))
    ]
    return "; ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shortage:
    """What a pod asks for, and the most that a node could give."""

    waiting: Unscheduled
    resource: str
    asked: Decimal
    node: str
    """The largest eligible node; empty when none is known."""
    most: Decimal
    used: str = ""

    @property
    def request(self) -> tuple[str, str]:
        """Path and container of the greatest request; empty for the number of pods."""
        if self.resource == "pods":
            return "", ""
        group, container = greediest(self.waiting.pod.spec, self.resource)
        resources, name = container.get("resources") or {}, str(container.get("name"))
        where = "requests" if self.resource in (resources.get("requests") or {}) else "limits"
        prefix = field_prefix(self.waiting.pod.workload.kind)
        return under(f"{prefix}.{group}[{name}].resources.{where}", self.resource), name

    @property
    def seen(self) -> str:
        """What is asked, what there is, what the scheduler says."""
        asked = f"pod {self.waiting.pod.ref.name} asks for {self._words(self.asked)}"
        given = f"node {self.node} gives {self._words(self.most)}" if self.node else ""
        said = f"scheduler: {shorten(self.waiting.text, 160, placeholder=' ...')}"
        return "; ".join(part for part in (asked, given, self.used, said) if part)

    @property
    def expected(self) -> str:
        """The most that can be asked for."""
        if not self.node:
            return f"a node with {self._words(self.asked)} free"
        if not self.most:
            return f"no request of {self.resource}: no node offers it"
        limit = f"at most {self._words(self.most)}"
        return f"{limit}, of which enough is free" if self.used else limit

    @property
    def fix(self) -> str:
        """The edit."""
        path, container = self.request
        workload = self.waiting.pod.workload
        if not path:
            return f"Run fewer pods on node {self.node}: {workload} finds no place"
        if self.node and not self.most:
            return f"Remove the request of {self.resource} from container {container} of {workload}"
        limit = "" if self.used or not self.node else f" to {self._words(self.most)} or less"
        return f"Lower the {self.resource} that container {container} of {workload} asks for{limit}"

    def _words(self, amount: Decimal) -> str:
        return f"{in_words(self.resource, amount)} of {self.resource}"


def _shortage(waiting: Unscheduled, resource: str, able: Sequence[Object], used: str) -> _Shortage:
    sizes = [(allocatable(n, resource) or Decimal(0), node_name(n)) for n in able]
    most, node = max(sizes, default=(Decimal(0), ""))
    asked = pod_request(waiting.pod.spec).get(resource, Decimal(0))
    return _Shortage(
        waiting=waiting, resource=resource, asked=asked, node=node, most=most, used=used
    )


def _signal(shortage: _Shortage, need: Need) -> Signal:
    waiting = shortage.waiting
    return Signal(
        cause="H01",
        at=waiting.at,
        root=waiting.pod.workload,
        field=shortage.request[0],
        seen=shortage.seen,
        expected=shortage.expected,
        fix=shortage.fix,
        need=need,
        since=waiting.since,
        rank=20,
    )
