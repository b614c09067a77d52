"""The last word of an examination: what may not be called healthy, and what has stopped. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.diagnosis.facts import Facts
from harness.model.finding import Diagnosis, Outcome
from harness.watch.view import Collected


def late(found: Diagnosis) -> Diagnosis:
    """Returns the diagnosis when the time is over: what still progresses has stalled."""
    if found.outcome is not Outcome.PROGRESSING:
        return found
    return replace(found, outcome=Outcome.STALLED)


def half_read(found: Diagnosis, unread: Sequence[Collected], seconds: float) -> Diagnosis:
    """Takes back "healthy": what was not read within `seconds` may be broken."""
    kinds = ", ".join(sorted({kind for kind, _ in unread}))
    note = f"not read completely within {seconds:.0f} s: {kinds}; give more --seconds"
    outcome = Outcome.PROGRESSING if found.outcome is Outcome.HEALTHY else found.outcome
    return replace(found, outcome=outcome, notes=(*found.notes, note))


def proven(found: Diagnosis, facts: Facts) -> Diagnosis:
    """Takes back "healthy" where no workload was seen: nothing runs, so nothing is proven."""
    if found.outcome is not Outcome.HEALTHY or facts.workloads:
        return found
    places = ", ".join(facts.header.namespaces) or "the cluster"
    note = f"no workload was seen in {places}: nothing runs, so nothing is proven"
    return replace(found, outcome=Outcome.PROGRESSING, notes=(*found.notes, note))
