"""V06, V07, V09: the claim is there or named, and the pod cannot have its volume.

A binding race (V11: `Operation cannot be fulfilled`, `unbound immediate`) and a claim that waits
for its first consumer (V10) give no signal: the scheduler tries again within five minutes
(kubernetes#122003).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from textwrap import shorten

from harness.diagnosis.closed_world import absence
from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.nearest import listed, nearest
from harness.diagnosis.rules.schedule.placement import is_usable, node_name, term_matches
from harness.diagnosis.rules.schedule.unscheduled import Unscheduled, is_fixed, nodes, unscheduled
from harness.diagnosis.rules.standing import observations
from harness.diagnosis.rules.storage.claims import KIND, Object, sufferers, template_of
from harness.diagnosis.rules.suffering import concerns
from harness.diagnosis.signal import T0, Need, Signal, t1, t2
from harness.manifests.references import claim_references
from harness.model.refs import ObjectRef

_CONFLICT = re.compile(
    r"volume node affinity conflict|didn't match PersistentVolume's node affinity", re.IGNORECASE
)
_NO_VOLUME = re.compile(r"didn't find available persistent volumes? to bind", re.IGNORECASE)
_MISSING = re.compile(r'persistentvolumeclaim "([^"]+)" not found', re.IGNORECASE)
_LEAVING = re.compile(r'persistentvolumeclaim "([^"]+)" is being deleted', re.IGNORECASE)
_ATTACHED = re.compile(r"Multi-Attach error", re.IGNORECASE)
DETACH_SECONDS = 420.0
"""A cloud detaches a volume from a lost node after six minutes."""


def wrong_node(facts: Facts) -> Iterator[Signal]:
    """Yields V06 for pods whose volume stands on a node that they cannot go to."""
    for waiting in unscheduled(facts):
        if _CONFLICT.search(waiting.text):
            claim, volume = _pinned(facts, waiting)
            yield _conflict(facts, waiting, claim, volume)
        elif _NO_VOLUME.search(waiting.text):
            yield _none_to_bind(waiting)


def _pinned(facts: Facts, waiting: Unscheduled) -> tuple[ObjectRef | None, Object]:
    """The first claim of a pod whose volume names its nodes, preferring one no usable node has."""
    found: list[tuple[ObjectRef, Object]] = []
    for _, name in claim_references(waiting.pod.spec):
        ref = ObjectRef(KIND, waiting.pod.ref.namespace, name)
        volume_name = str(((facts.find(ref) or {}).get("spec") or {}).get("volumeName") or "")
        volume = facts.find(ObjectRef("PersistentVolume", "", volume_name))
        if volume is not None and _terms(volume):
            found.append((ref, volume))
    usable = [n for n in nodes(facts) if is_usable(n)]
    away = (f for f in found if not any(_holds(f[1], n) for n in usable))
    return next(away, found[0] if found else (None, {}))


def _terms(volume: Object) -> list[Object]:
    affinity = ((volume.get("spec") or {}).get("nodeAffinity") or {}).get("required") or {}
    return list(affinity.get("nodeSelectorTerms") or [])


def _holds(volume: Object, node: Object) -> bool:
    return any(term_matches(term, node) for term in _terms(volume))


def _conflict(
    facts: Facts, waiting: Unscheduled, claim: ObjectRef | None, volume: Object
) -> Signal:
    known = nodes(facts)
    gone = bool(volume and known) and not any(_holds(volume, n) for n in known)
    sure = gone and is_fixed(facts, known)
    root = claim or waiting.pod.workload
    name = str((volume.get("metadata") or {}).get("name") or "of its claim")
    place = listed(
        str(v)
        for term in _terms(volume)
        for e in term.get("matchExpressions") or []
        for v in e.get("values") or []
    )
    return _signal(
        waiting,
        "V06",
        root=root,
        seen=f"volume {name} of {root} is bound to {place}, where pod {waiting.pod.ref.name} "
        f"cannot go; nodes: {listed(node_name(n) for n in known)}",
        expected="a volume on a node that takes the pod",
        fix=f"Run: kubectl -n {root.namespace} delete pvc {root.name} (its data is lost)"
        if claim
        else f"Bring back the node that holds the volume of {root}",
        need=T0 if sure else waiting.need(t2(180)),
    )


def _none_to_bind(waiting: Unscheduled) -> Signal:
    names = [n for _, n in claim_references(waiting.pod.spec)]
    root = waiting.pod.workload
    if len(names) == 1:
        root = ObjectRef(KIND, waiting.pod.ref.namespace, names[0])
    return _signal(
        waiting,
        "V06",
        root=root,
        seen=f"no available PersistentVolume fits {listed(names)} of pod {waiting.pod.ref.name}: "
        f"{shorten(waiting.text, 140, placeholder=' ...')}",
        expected="an available PersistentVolume of that class and size on a node of the cluster",
        fix=f"Add a PersistentVolume that fits {root}, or use a class with a provisioner",
        need=waiting.need(t2(180)),
    )


def claim_missing(facts: Facts) -> Iterator[Signal]:
    """Yields V07 for pods that name a claim that does not exist or is being deleted."""
    for waiting in unscheduled(facts):
        gone, leaving = _MISSING.search(waiting.text), _LEAVING.search(waiting.text)
        if gone:
            yield from _absent(facts, waiting, gone.group(1))
        elif leaving:
            yield _deleted(facts, waiting, leaving.group(1))


def _absent(facts: Facts, waiting: Unscheduled, name: str) -> Iterator[Signal]:
    claim = ObjectRef(KIND, waiting.pod.ref.namespace, name)
    if facts.find(claim) is not None:
        return
    names = [str(o["metadata"]["name"]) for o in facts.all(KIND, claim.namespace)]
    names += [r.name for r in facts.declared if (r.kind, r.namespace) == (KIND, claim.namespace)]
    like = nearest(name, names)
    workload = waiting.pod.workload
    signal = _signal(
        waiting,
        "V07",
        root=claim,
        seen=f"pod {waiting.pod.ref.name} mounts {claim}, which does not exist",
        expected=f"{claim}, or the existing {like}"
        if like
        else f"{claim}; existing: {listed(names)}",
        fix=f"Set claimName in {workload} to {like}" if like else f"Add {claim} to the overlay",
        # The StatefulSet's controller makes the claims of its templates itself.
        need=t1(3, 60) if template_of(facts, claim) else absence(facts, claim, t1(3, 60)),
    )
    yield _repeated(facts, signal, claim)


def _deleted(facts: Facts, waiting: Unscheduled, name: str) -> Signal:
    claim = ObjectRef(KIND, waiting.pod.ref.namespace, name)
    pod = waiting.pod.ref
    signal = _signal(
        waiting,
        "V07",
        root=claim,
        seen=f"pod {pod.name} waits for {claim}, which is being deleted",
        expected=f"{claim} in phase Bound",
        fix=f"Run: kubectl -n {pod.namespace} delete pod {pod.name}, so that the claim can go",
        need=t1(3, 90),
    )
    return _repeated(facts, signal, claim)


def _repeated(facts: Facts, signal: Signal, claim: ObjectRef) -> Signal:
    count = observations(facts, signal.since)
    return replace(signal, count=count, explains=sufferers(facts, claim))


def multi_attach(facts: Facts) -> Iterator[Signal]:
    """Yields V09 for pods whose volume is still attached to another node."""
    for pod in facts.troubled_pods:
        if not concerns(facts, pod.ref.namespace):
            continue
        events = facts.events(pod.ref, "FailedAttachVolume")
        found = [e for e in events if _ATTACHED.search(e.message)]
        attached = facts.events(pod.ref, "SuccessfulAttachVolume")
        started = any(c.running_since or c.exit for c in pod.containers)
        if not found or started or (attached and attached[-1].last >= found[-1].last):
            continue
        deployment = pod.workload.kind == "Deployment"
        yield Signal(
            cause="V09",
            at=pod.workload,
            root=pod.workload,
            field="spec.strategy.type" if deployment else "",
            seen=f"pod {pod.ref.name}: {shorten(found[-1].message, 200, placeholder=' ...')}",
            expected="the volume detached from the other node",
            fix=f"Set spec.strategy.type of {pod.workload} to Recreate in this overlay"
            if deployment
            else f"Delete the pod on the other node that holds the volume of {pod.ref}",
            need=t2(DETACH_SECONDS),
            count=sum(e.count for e in found),
            since=min(e.first for e in found),
            last=found[-1].last,
        )


def _signal(
    waiting: Unscheduled, cause: str, *, root: ObjectRef, seen: str, expected: str, fix: str,
    need: Need,
) -> Signal:  # fmt: skip
    return Signal(
        cause=cause,
        at=waiting.at,
        root=root,
        seen=seen,
        expected=expected,
        fix=fix,
        need=need,
        since=waiting.since,
        rank=20,
    )
