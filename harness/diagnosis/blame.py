"""Chooses the roots among all signals: the rules of blame, pure and in one place.

In this order: the cluster before everything that runs on it; per node only the earliest phase and
the most specific cause; a symptom is explained by a dependency that is not ready; what is pinned
by its text is never explained away; one object to mend is one finding, whoever suffers from it.
Two roots with different objects to mend are never merged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from harness.diagnosis.catalogue import cause
from harness.diagnosis.facts import Facts
from harness.diagnosis.signal import Need, NeedKind, Signal
from harness.model.finding import Confidence, Finding, Phase
from harness.model.refs import ObjectRef

AFTER_READY_SECONDS = 20.0
"""A client that failed before its dependency was ready gets this long, and one more try."""
ORDER = tuple(Phase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All signals of one cause on one object to mend."""

    signals: tuple[Signal, ...]

    @property
    def lead(self) -> Signal:
        """The signal that counts first, else the oldest."""
        return min(
            self.signals,
            key=lambda s: (s.need.kind is not NeedKind.FIRST_SIGHT, s.since, str(s.root)),
        )

    @property
    def phase(self) -> Phase:
        """The phase of its cause."""
        return cause(self.lead.cause).phase

    @property
    def nodes(self) -> tuple[ObjectRef, ...]:
        """Every node that shows it."""
        return tuple(dict.fromkeys(s.at for s in self.signals))


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """What was chosen, what was not, and why."""

    roots: tuple[Finding, ...]
    suspects: tuple[Finding, ...]
    explained: tuple[ObjectRef, ...]
    """Nodes that are not ready and suffer from a root or suspect."""
    ruled_out: tuple[str, ...]


def blame(facts: Facts, signals: Iterable[Signal]) -> Blame:
    """Returns the roots and suspects among the signals."""
    alive = [s for s in signals if not _recovered(facts, s)]
    own, ruled_out = _own_causes(facts, alive)
    groups = _grouped(own)
    terminal = [g for g in groups if any(counts(facts, s) for s in g.signals)]
    cluster = [g for g in terminal if g.phase is Phase.CLUSTER]
    roots = cluster or terminal
    others = [g for g in groups if g not in roots]
    if cluster:
        ruled_out += [f"{_line(g)}: began under a fault of the cluster" for g in others]
        others = []
    findings = tuple(_finding(facts, g, groups) for g in sorted(roots, key=_rank(facts)))
    suspects = tuple(_finding(facts, g, groups) for g in sorted(others, key=_rank(facts)))
    explained = {v for f in (*findings, *suspects) for v in (f.object, *f.victims)}
    explained |= {n for g in groups for n in g.nodes}
    if cluster:
        explained |= {w for w in facts.workloads if not facts.is_ok(w)}
    return Blame(
        roots=findings,
        suspects=tuple(s for s in suspects if s.cause),
        explained=tuple(sorted(explained)),
        ruled_out=tuple(dict.fromkeys(ruled_out)),
    )


def counts(facts: Facts, signal: Signal) -> bool:
    """Tells whether a signal's need is met, so that it may end a run."""
    need = signal.need
    match need.kind:
        case NeedKind.FIRST_SIGHT:
            return True
        case NeedKind.NEVER:
            return False
        case NeedKind.REPEATED:
            return signal.count >= need.count and facts.now - signal.since >= need.seconds
        case NeedKind.NO_PROGRESS:
            still = facts.now - max(facts.progress(signal.at), signal.since)
            return still >= need.seconds


def _counts_from(facts: Facts, signal: Signal) -> float:
    """Returns when the signal counts if what is seen goes on; 0 for never."""
    match signal.need.kind:
        case NeedKind.FIRST_SIGHT:
            return signal.since
        case NeedKind.NEVER:
            return 0.0
        case NeedKind.REPEATED:
            return signal.since + signal.need.seconds
        case NeedKind.NO_PROGRESS:
            return max(facts.progress(signal.at), signal.since) + signal.need.seconds


def _recovered(facts: Facts, signal: Signal) -> bool:
    """A node that is ready has no cause of its own, unless the cause is not about readiness."""
    ready = facts.ready_since(signal.at)
    return bool(ready) and facts.is_ok(signal.at) and signal.newest <= ready


def _own_causes(facts: Facts, signals: Sequence[Signal]) -> tuple[list[Signal], list[str]]:
    by_node: dict[ObjectRef, list[Signal]] = defaultdict(list)
    for signal in signals:
        by_node[signal.at].append(signal)
    kept: list[Signal] = []
    ruled_out: list[str] = []
    causes = {n: s for n, s in by_node.items() if any(not x.symptom for x in s)}
    for node, found in by_node.items():
        own = _most_specific(found)
        for signal in own:
            reason = _explained_by(facts, signal, causes) if _explainable(signal) else ""
            if reason:
                ruled_out.append(f"{signal.cause} on {node}: {reason}")
            else:
                kept.append(signal)
    return kept, ruled_out


def _most_specific(found: Sequence[Signal]) -> list[Signal]:
    """Text-pinned causes stay; of the rest only the earliest phase and the lowest rank.

    What never counts by itself hides nothing that may.
    """
    pinned = [s for s in found if s.by_text]
    able = [s for s in found if s.need.kind is not NeedKind.NEVER]
    pool = pinned or able or found
    first = min(ORDER.index(cause(s.cause).phase) for s in pool)
    early = [s for s in pool if ORDER.index(cause(s.cause).phase) == first]
    lowest = min(s.rank for s in early)
    return [s for s in early if s.rank == lowest]


def _explainable(signal: Signal) -> bool:
    return signal.symptom and not signal.by_text


def _explained_by(facts: Facts, signal: Signal, causes: dict[ObjectRef, list[Signal]]) -> str:
    """Returns why a symptom is not the node's own fault; empty when nothing explains it."""
    for needed in facts.graph.transitive(signal.at):
        if needed == signal.at:
            continue
        if not facts.is_ok(needed):
            state = "has a cause of its own" if needed in causes else "is not ready yet"
            return f"it needs {needed}, which {state}"
        ready = facts.ready_since(needed)
        if signal.newest <= ready:
            return f"it needs {needed}, which became ready after that"
        if facts.now - ready < AFTER_READY_SECONDS:
            return f"it needs {needed}, which is ready for {facts.now - ready:.0f} s only"
    return ""


def _grouped(signals: Iterable[Signal]) -> list[Group]:
    found: dict[tuple[str, str], list[Signal]] = defaultdict(list)
    for signal in signals:
        found[signal.cause, signal.group or str(signal.root)].append(signal)
    return [Group(signals=tuple(s)) for s in found.values()]


def _rank(facts: Facts) -> Callable[[Group], tuple[int, int, int, str]]:
    def key(group: Group) -> tuple[int, int, int, str]:
        return (
            0 if group.lead.need.kind is not NeedKind.NEVER else 1,
            ORDER.index(group.phase),
            -len(_victims(facts, group, ())),
            str(group.lead.root),
        )

    return key


def _victims(facts: Facts, group: Group, groups: Sequence[Group]) -> tuple[ObjectRef, ...]:
    own = {n for g in groups if g is not group for n in g.nodes}
    found: dict[ObjectRef, None] = dict.fromkeys(group.nodes)
    found.update(dict.fromkeys(v for s in group.signals for v in s.explains))
    for node in (*group.nodes, group.lead.root, *(v for s in group.signals for v in s.explains)):
        for dependent in _dependents(facts, node):
            if not facts.is_ok(dependent) and dependent not in own:
                found.setdefault(dependent)
    found.pop(group.lead.root, None)
    return tuple(sorted(found))


def _dependents(facts: Facts, node: ObjectRef) -> set[ObjectRef]:
    """Returns everybody who needs a node, directly or through others."""
    found: set[ObjectRef] = set()
    pending = [node]
    while pending:
        for dependency in facts.graph.needed_by(pending.pop()):
            if dependency.client not in found:
                found.add(dependency.client)
                pending.append(dependency.client)
    return found - {node}


def _finding(facts: Facts, group: Group, groups: Sequence[Group]) -> Finding:
    lead = group.lead
    return Finding(
        cause=lead.cause,
        phase=group.phase,
        object=lead.root,
        field=lead.field,
        seen=lead.seen,
        expected=lead.expected,
        fix=lead.fix,
        victims=_victims(facts, group, groups),
        first_seen=min(s.since for s in group.signals),
        decided_at=facts.now,
        confidence=_confidence(lead.need, lead),
        not_testable=tuple(dict.fromkeys(t for s in group.signals for t in s.not_testable)),
        counts_from=min((t for s in group.signals if (t := _counts_from(facts, s))), default=0.0),
    )


def _confidence(need: Need, lead: Signal) -> Confidence:
    if need.kind is NeedKind.FIRST_SIGHT or lead.by_text:
        return Confidence.CERTAIN
    return Confidence.STALLED if need.kind is NeedKind.NO_PROGRESS else Confidence.HIGH


def _line(group: Group) -> str:
    return f"{group.lead.cause} on {group.lead.at}"
