"""A16: an operation that waits in a sync wave for something to become healthy.

Argo CD's sentence (`waiting for healthy state of group/kind/name`) is a pointer: the named object
is judged by the rules of its kind, and waiting for a workload, a claim or another Application is no
finding by itself. One wait can never end: a claim whose class binds at first use, in an earlier
wave than every pod that would use it (argo-cd#12840, #29441). For kinds that nobody judges here
the wait itself counts after five minutes; the pointer names no namespace, so it is looked up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd.application_facts import (
    ApplicationFact,
    applications,
    concerns_wanted,
    unchanged_since,
)
from harness.diagnosis.signal import NEVER, T0, Need, Signal, t2
from harness.health.judge import WORKLOAD_KINDS
from harness.manifests.pods import pod_spec
from harness.manifests.references import claim_references
from harness.model.refs import ObjectRef
from harness.model.wording import cut

WAVE = "argocd.argoproj.io/sync-wave"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
WAITING_SECONDS = 300.0
_POINTER = re.compile(
    r"waiting for (?:healthy state|completion) of (?:hook )?(?P<group>[^/\s]*)/(?P<kind>[^/\s]+)/"
    r"(?P<name>[^/\s]+)"
)
_JUDGED_ELSEWHERE = frozenset({
    *WORKLOAD_KINDS, "PersistentVolumeClaim", "Application", "Ingress", "Service",
})  # fmt: skip
"""Kinds whose not being ready has rules of its own, or is no failure."""


def waiting(facts: Facts) -> Iterator[Signal]:
    """Yields what each running operation waits for."""
    for app in applications(facts):
        operation = app.operation
        if operation is None or not operation.running or not concerns_wanted(facts, app, operation):
            continue
        match = _POINTER.search(operation.message)
        if match:
            ref = _named(facts, app, match["kind"], match["name"])
            yield _deadlock(facts, app, ref) or _pointer(facts, app, ref)


def _named(facts: Facts, app: ApplicationFact, kind: str, name: str) -> ObjectRef:
    """Returns the object of that name: among what the Application holds, else where it deploys."""
    held = [r for r in app.status.get("resources") or [] if r.get("kind") == kind]
    found = [str(r.get("namespace") or "") for r in held if r.get("name") == name]
    declared = [
        r.namespace
        for r, d in facts.declared.items()
        if (r.kind, r.name) == (kind, name) and d.application in {app.name, ""}
    ]
    return ObjectRef(kind, [*found, *declared, app.namespace][0], name)


def _pointer(facts: Facts, app: ApplicationFact, ref: ObjectRef) -> Signal:
    return Signal(
        cause="A16",
        at=app.ref,
        root=ref,
        seen=f"the sync of {app.name} waits for {ref}{_state(facts, ref)}",
        expected=f"{ref} healthy, so that the next wave can begin",
        fix=f"kubectl describe {ref.kind.lower()} {ref.name}"
        + (f" -n {ref.namespace}" if ref.namespace else ""),
        need=_need(ref),
        since=max(unchanged_since(facts, app), facts.first_seen(ref)),
        last=facts.now,
        symptom=True,
        rank=95,
    )


def _need(ref: ObjectRef) -> Need:
    return NEVER if ref.kind in _JUDGED_ELSEWHERE else t2(WAITING_SECONDS)


def _state(facts: Facts, ref: ObjectRef) -> str:
    """Returns what an object of an unknown kind says about itself."""
    conditions = ((facts.find(ref) or {}).get("status") or {}).get("conditions") or []
    said = [
        f"{c.get('type')}={c.get('status')}: {c.get('message')}"
        for c in conditions
        if isinstance(c, Mapping) and c.get("message")
    ]
    return f" ({cut('; '.join(said), 140)})" if said else ""


def _deadlock(facts: Facts, app: ApplicationFact, ref: ObjectRef) -> Signal | None:
    """Returns the claim that waits for a pod which waits for the claim."""
    claim = facts.find(ref)
    if ref.kind != "PersistentVolumeClaim" or not claim or not _binds_at_use(facts, claim):
        return None
    users = _users(facts, ref)
    wave = _wave(facts, ref)
    later = [u for u in users if _wave(facts, u) > wave and facts.find(u) is None]
    owner = facts.declared[ref].application if ref in facts.declared else None
    if not users or len(later) < len(users) or owner is None:
        return None
    if any(facts.declared[u].application != owner for u in users):
        return None
    first = min(later, key=lambda u: (_wave(facts, u), u))
    operation = app.operation
    return Signal(
        cause="A16",
        at=ref,
        root=ref,
        field=f"metadata.annotations[{WAVE}]",
        seen=f"the claim is in wave {wave} and binds when a pod uses it, but {first} is in wave "
        f"{_wave(facts, first)}, which begins when the claim is bound",
        expected=f"the claim in wave {_wave(facts, first)}, together with {first.name}",
        fix=f"set {WAVE} of the claim to '{_wave(facts, first)}'",
        need=T0,
        since=operation.started if operation else facts.first_seen(ref),
        last=facts.now,
        by_text=True,
        explains=(app.ref, *later),
    )


def _binds_at_use(facts: Facts, claim: Mapping[str, Any]) -> bool:
    if (claim.get("status") or {}).get("phase", "Pending") != "Pending":
        return False
    name = (claim.get("spec") or {}).get("storageClassName")
    classes = facts.all("StorageClass")
    if name is None:
        chosen = [c for c in classes if _is_default(c)]
    else:
        chosen = [c for c in classes if c["metadata"].get("name") == name]
    return bool(chosen) and all(
        c.get("volumeBindingMode") == "WaitForFirstConsumer" for c in chosen
    )


def _is_default(storage_class: Mapping[str, Any]) -> bool:
    marks = (storage_class.get("metadata") or {}).get("annotations") or {}
    return str(marks.get(DEFAULT_CLASS)) == "true"


def _users(facts: Facts, claim: ObjectRef) -> list[ObjectRef]:
    """Returns the declared workloads whose pods mount a claim by name."""
    return [
        ref
        for ref, declared in facts.declared.items()
        if ref.namespace == claim.namespace
        and claim.name in {c for _, c in claim_references(pod_spec(declared.object) or {})}
    ]


def _wave(facts: Facts, ref: ObjectRef) -> int:
    declared = facts.declared.get(ref)
    obj: Mapping[str, Any] = declared.object if declared else facts.find(ref) or {}
    text = str(((obj.get("metadata") or {}).get("annotations") or {}).get(WAVE) or "0")
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else 0


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (waiting,)
