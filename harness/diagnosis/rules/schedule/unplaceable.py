"""H02: labels, taints or the spread of other pods keep a pod from every node.

Selectors, affinities and taints are compared with the live nodes, so that the exact label or taint
is named. Certain on nodes that nobody adds to when no node fits and none of the taints is one that
passes (not-ready, disk-pressure, start-up agents); those are the cluster's own causes C01 and C03.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.nearest import label_hint
from harness.diagnosis.rules.paths import under
from harness.diagnosis.rules.schedule.insufficient import INSUFFICIENT, eligible
from harness.diagnosis.rules.schedule.placement import (
    Object,
    Obstacle,
    ObstacleKind,
    candidates,
    joined,
    obstacles,
)
from harness.diagnosis.rules.schedule.unscheduled import (
    GROWING_SECONDS,
    Unscheduled,
    is_fixed,
    nodes,
    patience,
    unscheduled,
)
from harness.diagnosis.signal import NEVER, T0, Need, Signal, t2
from harness.manifests.pods import field_prefix, pod_spec
from harness.model.refs import ObjectRef

_AFFINITY = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
NO_SUCH_NODE = Obstacle(
    kind=ObstacleKind.AFFINITY, node="", key="metadata.name", text="another node's name"
)
_VARIANTS = frozenset({"kubernetes.io/os", "kubernetes.io/arch"})


def no_node_admits(facts: Facts) -> Iterator[Signal]:
    """Yields H02 for pods that no node admits because of labels, taints or a cordon."""
    known = nodes(facts)
    for waiting in unscheduled(facts):
        if waiting.is_about_claims or not known:
            continue
        spec = waiting.pod.spec
        if not eligible(spec, known):
            need = T0 if is_fixed(facts, known) else waiting.need(t2(GROWING_SECONDS))
            yield _refused(waiting, known, need)
        elif _is_only_passing(waiting, known):
            yield _refused(waiting, known, _passing_need(facts, waiting, known))


def _is_only_passing(waiting: Unscheduled, known: Sequence[Object]) -> bool:
    """Every node has an obstacle, and nothing but those is in the way."""
    spec, alone = waiting.pod.spec, len(known) == 1
    every = all(obstacles(spec, n, alone=alone) for n in candidates(spec, known))
    return every and not INSUFFICIENT.search(waiting.text)


def _passing_need(facts: Facts, waiting: Unscheduled, known: Sequence[Object]) -> Need:
    """A node that is not ready or under pressure is C01 or C03; the rest may need a person."""
    obstacle = _nearest(waiting, known)
    lifecycle = (
        obstacle.key.startswith("node.kubernetes.io/") and "unschedulable" not in obstacle.key
    )
    return NEVER if lifecycle else patience(facts, waiting, known)


def _nearest(waiting: Unscheduled, known: Sequence[Object]) -> Obstacle:
    """Returns the first obstacle of the node that is nearest to admitting the pod."""
    spec, alone = waiting.pod.spec, len(known) == 1
    able = candidates(spec, known) or list(known)
    found = [o for n in able if (o := obstacles(spec, n, alone=alone))]
    lasting = [[x for x in o if not x.passing] or list(o) for o in found]
    if not lasting:
        return NO_SUCH_NODE
    return min(lasting, key=lambda o: (len(o), o[0].kind))[0]


def _refused(waiting: Unscheduled, known: Sequence[Object], need: Need) -> Signal:
    obstacle, workload = _nearest(waiting, known), waiting.pod.workload
    words = _words(obstacle, workload, known, f"pod {waiting.pod.ref.name}")
    cordoned = "unschedulable" in obstacle.key
    return Signal(
        cause="H02",
        at=waiting.at,
        root=ObjectRef("Node", "", obstacle.node) if cordoned else workload,
        field=words.field,
        seen=words.seen,
        expected=words.expected,
        fix=words.fix,
        need=need,
        since=max(waiting.since, 0.0 if need is T0 else joined(known)),
        rank=30,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    field: str
    seen: str
    expected: str
    fix: str


def _words(obstacle: Obstacle, workload: ObjectRef, known: Sequence[Object], who: str) -> _Words:
    match obstacle.kind:
        case ObstacleKind.TAINT | ObstacleKind.CORDON:
            return _taint_words(obstacle, workload, who)
        case ObstacleKind.SELECTOR:
            return _label_words(obstacle, workload, known, who, "nodeSelector")
        case ObstacleKind.AFFINITY:
            return _label_words(obstacle, workload, known, who, _AFFINITY)


def _taint_words(obstacle: Obstacle, workload: ObjectRef, who: str) -> _Words:
    if "unschedulable" in obstacle.key:
        return _Words(
            field="spec.unschedulable",
            seen=f"node {obstacle.node} is cordoned, and no other node admits {who}",
            expected=f"a node that takes pods, e.g. {obstacle.node}",
            fix=f"Run: kubectl uncordon {obstacle.node}",
        )
    return _Words(
        field=f"{field_prefix(workload.kind)}.tolerations",
        seen=f"node {obstacle.node} has the taint {obstacle.text}, which {who} does not tolerate",
        expected=f"a toleration of {obstacle.text}, or a node without it",
        fix=f"Add a toleration of {obstacle.text} to {workload} in this overlay",
    )


def _label_words(
    obstacle: Obstacle, workload: ObjectRef, known: Sequence[Object], who: str, place: str
) -> _Words:
    path = f"{field_prefix(workload.kind)}.{place}"
    hint = label_hint(obstacle.key, obstacle.values, known)
    wish = f"Set {obstacle.key} to {hint.value}" if hint.value else f"Remove {obstacle.text}"
    return _Words(
        field=under(path, obstacle.key) if place == "nodeSelector" else path,
        seen=f"{who} wants a node with {obstacle.text}; no node has it",
        expected=hint.text,
        fix=f"{wish} in the {place.rpartition('.')[0] or place} of {workload} in this overlay",
    )


def daemon_sets_on_no_node(facts: Facts) -> Iterator[Signal]:
    """Yields H02 for declared DaemonSets whose selector no node fulfils: they run nothing.

    One for another operating system or architecture is meant to be empty.
    """
    known = nodes(facts)
    for obj in facts.all("DaemonSet") if known else []:
        ref, status = ObjectRef.of(obj), obj.get("status") or {}
        spec = pod_spec(obj) or {}
        wanted = status.get("desiredNumberScheduled")
        if ref not in facts.declared or wanted or status.get("observedGeneration") is None:
            continue
        found = [obstacles(spec, n, alone=len(known) == 1) for n in known]
        if all(found) and not any(o.passing for each in found for o in each):
            lead = min(found, key=lambda o: (len(o), o[0].kind))[0]
            if lead.key not in _VARIANTS:
                yield _empty(facts, ref, lead, known)


def _empty(facts: Facts, ref: ObjectRef, obstacle: Obstacle, known: Sequence[Object]) -> Signal:
    words = _words(obstacle, ref, known, "it")
    return Signal(
        cause="H02",
        at=ref,
        root=ref,
        field=words.field,
        seen=f"{ref} runs on no node: {words.seen}",
        expected=words.expected,
        fix=words.fix,
        need=T0 if is_fixed(facts, known) else t2(GROWING_SECONDS),
        since=facts.first_seen(ref),
        rank=30,
    )
