"""What tests read off a world: the facts of a moment, the causes told, the one finding."""

from __future__ import annotations

from harness.diagnosis.facts import Facts
from harness.diagnosis.fold import Fold, in_order
from harness.model.finding import Diagnosis, Finding
from tests.diagnosis.world import START, World


def facts_at(made: World, at: float) -> Facts:
    """Returns what was known `at` seconds after the start."""
    fold = Fold(made.header())
    for entry in in_order(made.entries):
        if entry.at <= START + at:
            fold.take(entry)
    return fold.facts(START + at)


def only(found: Diagnosis) -> Finding:
    """Returns the one finding."""
    assert len(found.findings) == 1, found
    return found.findings[0]


def causes(found: Diagnosis) -> set[str]:
    """Returns the causes that are called certain."""
    return {f.cause for f in found.findings}


def suspected(found: Diagnosis) -> set[str]:
    """Returns the causes that do not count yet."""
    return {f.cause for f in found.suspects}


def told(found: Diagnosis) -> set[str]:
    """Returns all causes, certain or not."""
    return causes(found) | suspected(found)
