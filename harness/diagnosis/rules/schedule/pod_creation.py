"""H04 to H07, H12, H13: a controller may not create its pods, and the API server says why.

Read from the ReplicaFailure condition, which stays, and from FailedCreate events, which are all
that StatefulSets, DaemonSets and Jobs leave. A refusal counts only while pods are missing and none
was created since. Texts: admission plugins of the API server, `replica_set.go`, `stateful_set.go`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.diagnosis.events import EventFact, epoch
from harness.diagnosis.facts import Facts
from harness.diagnosis.ownership import REVISION, controller
from harness.diagnosis.rules.standing import observations
from harness.diagnosis.rules.suffering import concerns
from harness.model.refs import ObjectRef

Object = Mapping[str, Any]
_NAMED = re.compile(r'\b(?:pods|Pod) "([^"]*)"')
_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A workload's pods are refused, in the API server's words."""

    workload: ObjectRef
    text: str
    count: int
    since: float
    last: float


def refusals(facts: Facts) -> tuple[Refusal, ...]:
    """Returns every refusal that still stands, once per workload and text."""
    found: tuple[Refusal, ...] = facts.memo("refused pods", lambda: tuple(_refusals(facts)))
    return found


def _refusals(facts: Facts) -> Iterator[Refusal]:
    for kind in _KINDS:
        for obj in facts.all(kind):
            ref = ObjectRef.of(obj)
            if controller(obj) is not None and kind == "ReplicaSet":
                continue
            if concerns(facts, ref.namespace) and lacks_pods(facts, ref, obj):
                yield from _of_workload(facts, ref, obj)


def wanted_pods(obj: Object) -> int:
    """Returns how many pods a live workload should have now."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    match obj.get("kind"):
        case "DaemonSet":
            return int(status.get("desiredNumberScheduled") or 0)
        case "Job":
            over = status.get("completionTime") or status.get("failed") or status.get("succeeded")
            return 0 if over or spec.get("suspend") else 1
        case _:
            replicas = spec.get("replicas")
            return 1 if replicas is None else int(replicas)


def _pods(facts: Facts, ref: ObjectRef) -> list[float]:
    """Creation times of the pods that stand for the workload's newest wish."""
    if ref.kind == "Deployment":
        return [p.created for p in facts.pods_of(ref) if p.phase != "Failed"]
    found: dict[ObjectRef, list[float]] = facts.memo("pods by owner", lambda: _by_owner(facts))
    return found.get(ref, [])


def _by_owner(facts: Facts) -> dict[ObjectRef, list[float]]:
    """Creation times of every pod that is not being deleted, by its workload and its controller."""
    found: dict[ObjectRef, list[float]] = defaultdict(list)
    for pod in facts.all_pods:
        if not pod.object["metadata"].get("deletionTimestamp"):
            for owner in {pod.workload, controller(pod.object) or pod.workload}:
                found[owner].append(pod.created)
    return found


def lacks_pods(facts: Facts, ref: ObjectRef, obj: Object) -> bool:
    """Tells whether a live workload has fewer pods than it wants."""
    return len(_pods(facts, ref)) < wanted_pods(obj)


def _of_workload(facts: Facts, ref: ObjectRef, obj: Object) -> Iterator[Refusal]:
    sources = [(ref, obj)]
    newest = newest_replica_set(facts, ref) if ref.kind == "Deployment" else None
    if newest is not None:
        sources.insert(0, (ObjectRef.of(newest), newest))
    condition = next((c for _, o in sources if (c := _failure(o, newest))), None)
    events = [e for r, _ in sources for e in facts.events(r, "FailedCreate")]
    created = max(_pods(facts, ref), default=0.0)
    standing = [e for e in events if e.last > created]
    workload = (controller(obj) or ref) if ref.kind == "Job" else ref
    if condition is not None:
        yield _from_condition(facts, workload, condition, standing)
    elif standing:
        yield _from_event(workload, standing)


def newest_replica_set(facts: Facts, deployment: ObjectRef) -> Object | None:
    """Returns the ReplicaSet of a Deployment's newest template."""
    owned = [
        o for o in facts.all("ReplicaSet", deployment.namespace) if controller(o) == deployment
    ]
    return max(owned, key=_revision, default=None)


def _revision(obj: Object) -> int:
    return int((obj["metadata"].get("annotations") or {}).get(REVISION) or 0)


def _failure(obj: Object, newest: Object | None) -> Object | None:
    """The ReplicaFailure condition, unless its text is about a pod of an older template."""
    conditions = (obj.get("status") or {}).get("conditions") or []
    found = next((c for c in conditions if c.get("type") == "ReplicaFailure"), None)
    if found is None or found.get("status") != "True":
        return None
    named = _NAMED.search(str(found.get("message") or ""))
    own = str(newest["metadata"]["name"]) if newest else ""
    return None if named and not named[1].startswith(own) else found


def _from_condition(
    facts: Facts, workload: ObjectRef, condition: Object, events: list[EventFact]
) -> Refusal:
    text = str(condition.get("message") or "")
    since = epoch(condition.get("lastTransitionTime")) or facts.first_seen(workload)
    return Refusal(
        workload=workload,
        text=text,
        count=max([observations(facts, since), *(e.count for e in events)]),
        since=since,
        last=max([since, *(e.last for e in events)]),
    )


def _from_event(workload: ObjectRef, events: list[EventFact]) -> Refusal:
    """The newest text; attempts with generated pod names are separate events of one refusal."""
    return Refusal(
        workload=workload,
        text=events[-1].message,
        count=sum(e.count for e in events),
        since=min(e.first for e in events),
        last=events[-1].last,
    )
