"""What a reader must know to trust a gap: what was left out, ignored, or is uncertain. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.drift.desired import Desired
from harness.drift.extras import is_hook
from harness.drift.objects import Judged, State
from harness.drift.scope import Evidence, Scope
from harness.drift.terms import Wanted
from harness.model.refs import ObjectRef

MOST = 5


def notes_of(
    evidence: Evidence,
    scope: Scope,
    engine: Mapping[str, Desired],
    wanted: Mapping[str, Wanted],
    judged: Sequence[Judged],
    maybe: Iterable[ObjectRef],
) -> tuple[str, ...]:
    """Returns the notes of a gap."""
    return (
        *_of_engine(evidence, scope, engine),
        *(f"{name}: {w.note}" for name, w in wanted.items() if w.note),
        *_of_objects(scope, judged),
        *_of_extras(evidence, scope, list(maybe)),
    )


def _of_engine(evidence: Evidence, scope: Scope, engine: Mapping[str, Desired]) -> Iterator[str]:
    if not scope.engine_is_known:
        yield "the cluster has no Argo CD: only what is declared and what runs were compared"
    elif evidence.applications is None:
        yield "the Applications of Argo CD may not be listed: its word is not known"
    else:
        unknown = [name for name, word in engine.items() if not word.is_known]
        if unknown:
            yield f"Argo CD has no Application {some(unknown)}: its word is not known"
    for name, word in engine.items():
        strange = [e for ignored in word.ignored for e in ignored.unknown]
        if strange:
            yield f"{name}: ignoreDifferences not evaluated here: {some(strange)}"


def _of_objects(scope: Scope, judged: Sequence[Judged]) -> Iterator[str]:
    hooks = [a.ref for a in scope.asked if is_hook(a.object)]
    if hooks:
        yield f"hooks are there for a while only and were not compared: {some(hooks)}"
    nameless = [a.ref for a in scope.asked if "name" not in a.object["metadata"]]
    if nameless:
        yield f"names made by the API server cannot be told apart: {some(nameless)}"
    gone = [j.reading.asked.ref for j in judged if j.state is State.ABSENT_BY_DESIGN]
    if gone:
        yield f"absent, as they remove themselves when they have ended: {some(gone)}"
    ignored = sum(j.ignored for j in judged)
    if ignored:
        yield f"{ignored} differences left out, as ignoreDifferences asks"


def _of_extras(evidence: Evidence, scope: Scope, maybe: Sequence[ObjectRef]) -> Iterator[str]:
    if maybe:
        yield f"not declared, and an operator may have made it: {some(maybe)}"
    if scope.passed_over:
        yield f"extras are not looked for in {some(scope.passed_over)}: the cluster's own"
    if evidence.listing.refused:
        yield f"extras not looked for, as listing is refused: {some(evidence.listing.refused)}"
    if evidence.silent:
        yield f"API groups that do not answer: {some(evidence.silent)}"


def some(things: Iterable[object]) -> str:
    """Returns some things in one line, the first few by name."""
    listed = list(dict.fromkeys(map(str, things)))
    more = len(listed) - MOST
    return ", ".join(listed[:MOST]) + (f" and {more} more" if more > 0 else "")
