"""The diagnosis of one moment: rules, blame, and the word for how things stand. Pure.

`diagnose(facts)` is a function of the facts alone, so a recording gives the same verdict as the
live cluster did. `replay` steps through a recording as the harness saw it.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.diagnosis.blame import blame
from harness.diagnosis.catalogue import cause
from harness.diagnosis.facts import Facts
from harness.diagnosis.fold import Fold, in_order
from harness.diagnosis.rules.all_rules import RULES
from harness.diagnosis.signal import Signal
from harness.diagnosis.staleness import is_stale
from harness.model.finding import Diagnosis, Finding, Outcome, Phase
from harness.model.refs import ObjectRef
from harness.model.run import Health
from harness.model.timeline import Cassette

Rule = Callable[[Facts], Iterable[Signal]]
Key = tuple[str, ObjectRef]


def diagnose(facts: Facts, rules: Sequence[Rule] = RULES) -> Diagnosis:
    """Returns the roots, suspects and open ends at the moment of the facts.

    A rule that fails is a defect of ours; it is named in the notes and never ends a run.
    """
    signals, defects = _signals(facts, rules)
    found = blame(facts, signals)
    unready = [w for w in facts.workloads if facts.health(w) is not Health.READY]
    waiting = tuple(w for w in unready if w not in found.explained)
    not_judged = tuple(str(w) for w in unready if facts.health(w) is Health.NOT_JUDGED)
    machine = any(s.infrastructure for s in signals)
    return Diagnosis(
        outcome=_outcome(found.roots, bool(unready or found.suspects), machine=machine),
        findings=found.roots,
        suspects=found.suspects,
        ruled_out=found.ruled_out,
        waiting=waiting,
        not_judged=not_judged,
        notes=defects,
    )


def _signals(facts: Facts, rules: Sequence[Rule]) -> tuple[list[Signal], tuple[str, ...]]:
    signals: list[Signal] = []
    defects: list[str] = []
    for rule in rules:
        try:
            signals += [s for s in rule(facts) if _in_scope(facts, s)]
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            defects.append(
                f"a rule of {rule.__module__.rpartition('.')[2]} failed, a defect of the harness: "
                f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
            )
    return signals, tuple(dict.fromkeys(defects))


def _in_scope(facts: Facts, signal: Signal) -> bool:
    """What runs beside the deployment is judged as the cluster's, never as the repository's.

    Nor does anything count of what an older commit declared.
    """
    phase = cause(signal.cause).phase
    if phase is not Phase.CLUSTER and is_stale(facts, signal.at):
        return False
    namespace = signal.at.namespace
    engine = phase in {Phase.ARGOCD, Phase.REPO} and namespace == facts.header.engine_namespace
    return not namespace or phase is Phase.CLUSTER or engine or facts.in_scope(namespace)


def _outcome(roots: Sequence[Finding], unready: bool, *, machine: bool) -> Outcome:
    if roots:
        cluster = all(f.phase is Phase.CLUSTER for f in roots)
        return Outcome.RUNNER if cluster and machine else Outcome.FAILED
    return Outcome.PROGRESSING if unready else Outcome.HEALTHY


class Decisions:
    """Remembers when each finding first counted, so that `decided_at` stays what it was."""

    def __init__(self) -> None:
        self._decided: dict[Key, float] = {}

    def stamped(self, diagnosis: Diagnosis) -> Diagnosis:
        """Returns it with the first time of each decision; a dropped one is forgotten."""
        keys = {(f.cause, f.object) for f in diagnosis.findings}
        self._decided = {k: t for k, t in self._decided.items() if k in keys}
        stamped = tuple(
            replace(f, decided_at=self._decided.setdefault((f.cause, f.object), f.decided_at))
            for f in diagnosis.findings
        )
        return replace(diagnosis, findings=stamped)


def replay(
    cassette: Cassette, *, step_seconds: float = 1.0, until: float | None = None
) -> Iterator[tuple[float, Diagnosis]]:
    """Yields the diagnosis at every step of a recording, in seconds since its start."""
    fold, decisions = Fold(cassette.header), Decisions()
    entries = in_order(cassette.entries)
    start = cassette.header.started
    end = until if until is not None else (entries[-1].at - start if entries else 0.0)
    moment, position = 0.0, 0
    while moment <= end:
        while position < len(entries) and entries[position].at <= start + moment:
            fold.take(entries[position])
            position += 1
        yield moment, decisions.stamped(diagnose(fold.facts(start + moment)))
        moment += step_seconds
