"""H12: pods name a PriorityClass or RuntimeClass that the cluster does not have.

The admission plugins Priority and RuntimeClass refuse such a pod whoever creates it: a controller
(its FailedCreate), or Argo CD for a declared Pod (its SyncFailed). The classes are cluster facts,
so without any event their absence is certain where they may be listed and no pod was ever created.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from harness.diagnosis.closed_world import absence
from harness.diagnosis.facts import Appearance, Facts
from harness.diagnosis.rules.argocd import sync_results
from harness.diagnosis.rules.nearest import listed, nearest
from harness.diagnosis.rules.schedule.pod_creation import Refusal, lacks_pods, refusals
from harness.diagnosis.signal import Signal, t1
from harness.model.refs import ObjectRef

FIELDS = {"PriorityClass": "priorityClassName", "RuntimeClass": "runtimeClassName"}
NORMAL = t1(3, 45)
_TEXT = re.compile(
    r"no (?P<priority>PriorityClass) with name (?P<name>\S+) was found"
    r"|pod rejected: (?P<runtime>RuntimeClass) \"(?P<other>[^\"]+)\" not found",
    re.IGNORECASE,
)
PATTERN = _TEXT.pattern


def class_missing(facts: Facts) -> Iterator[Signal]:
    """Yields H12 where a workload's pods name a class that does not exist."""
    told: set[ObjectRef] = set()
    for refusal in refusals(facts):
        match = _TEXT.search(refusal.text)
        if match:
            told.add(refusal.workload)
            yield from _of_workload(facts, refusal, _named(match))
    yield from _by_objects(facts, told)


def _named(match: re.Match[str]) -> ObjectRef:
    kind = "PriorityClass" if match["priority"] else "RuntimeClass"
    return ObjectRef(kind, "", match["name"] or match["other"])


def _by_objects(facts: Facts, told: set[ObjectRef]) -> Iterator[Signal]:
    """Without an event: only where the class can never appear and no pod was ever created."""
    for ref in facts.workloads:
        live = facts.find(ref) if ref.kind not in {"Pod", "CronJob"} else None
        if live is None or ref in told or not lacks_pods(facts, ref, live):
            continue
        since = facts.first_seen(ref)
        silent = Refusal(workload=ref, text="", count=1, since=since, last=facts.now)
        for kind, field in FIELDS.items():
            named = ObjectRef(kind, "", str(facts.template(ref).get(field) or ""))
            if named.name and facts.appearance(named) is Appearance.NEVER:
                yield from _of_workload(facts, silent, named)


def _of_workload(facts: Facts, refusal: Refusal, named: ObjectRef) -> Iterator[Signal]:
    if facts.appearance(named) is Appearance.PRESENT:
        return
    yield Signal(
        cause="H12",
        at=refusal.workload,
        root=named,
        seen=f"{refusal.workload} names {named}, which does not exist; no pod is created",
        expected=_expected(facts, named),
        fix=_fix(facts, named, refusal.workload),
        need=absence(facts, named, NORMAL),
        count=refusal.count,
        since=refusal.since,
        last=refusal.last,
        rank=10,
    )


def class_missing_in_sync(
    facts: Facts, refusal: sync_results.Refusal, match: re.Match[str]
) -> Iterator[Signal]:
    """Yields H12 for an object that Argo CD could not apply for want of a class."""
    named = _named(match)
    if facts.appearance(named) is Appearance.PRESENT:
        return
    signal = refusal.signal(
        facts,
        "H12",
        root=named,
        seen=f"{refusal.ref} names {named}, which does not exist",
        expected=_expected(facts, named),
        fix=_fix(facts, named, refusal.ref),
        need=absence(facts, named, NORMAL),
    )
    # It is the pod that cannot be scheduled; the Application only says so.
    yield replace(signal, at=refusal.ref)


def _existing(facts: Facts, kind: str) -> list[str]:
    return [str(o["metadata"]["name"]) for o in facts.all(kind)]


def _expected(facts: Facts, named: ObjectRef) -> str:
    existing = _existing(facts, named.kind)
    like = nearest(named.name, existing)
    return f"{named}" + (f", or the existing {like}" if like else f"; existing: {listed(existing)}")


def _fix(facts: Facts, named: ObjectRef, user: ObjectRef) -> str:
    field, like = FIELDS[named.kind], nearest(named.name, _existing(facts, named.kind))
    if like:
        return f"Set {field} of {user} to {like}"
    return f"Add {named} to the repository, or remove {field} of {user} in this overlay"
