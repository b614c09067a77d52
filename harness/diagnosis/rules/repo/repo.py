"""Faults of the repository as Argo CD reports them: R01 to R19 in an Application's conditions.

Pinned by the commit, so certain at first sight when the condition was written while the harness
watched (it asks for a hard refresh after every push, which also lifts the 180 s in which Argo CD
hides a new error). A condition that is older may be of an older commit and must stand for 20 s. A
base that several Applications take is one finding. R09 and R10 show nothing in a cluster that is
theirs: the rendered repository tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd.application_facts import (
    ApplicationFact,
    Condition,
    applications,
)
from harness.diagnosis.rules.repo.repo_texts import RepoFault, classify
from harness.diagnosis.rules.standing import observations
from harness.diagnosis.signal import T0, Need, Signal, t1
from harness.model.refs import ObjectRef

REPOSITORY_ERRORS = ("ComparisonError", "InvalidSpecError", "UnknownError")
RECENT = t1(2, 20)
"""For a condition that may be of an older commit, or that nobody refreshes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A fault of the repository and the Application that shows it."""

    app: ApplicationFact
    condition: Condition
    fault: RepoFault

    @property
    def key(self) -> tuple[object, ...]:
        """The same for every Application that shows the same fault of the same file."""
        owner = "" if self.fault.file else self.app.name
        return (self.fault.cause, owner, self.fault.file, self.fault.entry, self.fault.line)


def faults(facts: Facts) -> Iterator[Signal]:
    """Yields what the conditions of Applications say about the repository."""
    reported = reported_faults(facts)
    first: dict[tuple[object, ...], ObjectRef] = {}
    for each in reported:
        first.setdefault(each.key, each.app.ref)
    for each in reported:
        yield _signal(facts, each, first[each.key])


def reported_faults(facts: Facts) -> tuple[Reported, ...]:
    """Returns every fault of the repository that a condition tells of; file and line with it."""
    found: tuple[Reported, ...] = facts.memo("repo faults", lambda: tuple(_reported(facts)))
    return found


def _reported(facts: Facts) -> Iterator[Reported]:
    for app in (a for a in applications(facts) if not a.unfilled):
        for condition in app.conditions(*REPOSITORY_ERRORS):
            fault = classify(condition.message, folder=app.path)
            if fault:
                yield Reported(app=app, condition=condition, fault=fault)


def _signal(facts: Facts, reported: Reported, root: ObjectRef) -> Signal:
    fault = reported.fault
    need, since = certainty(facts, reported.app, reported.condition)
    return Signal(
        cause=fault.cause,
        at=reported.app.ref,
        root=root,
        field="spec.source.path" if fault.cause == "R01" else "",
        seen=fault.seen,
        expected=fault.expected,
        fix=fault.fix,
        need=t1(3, 60) if fault.cause == "R12" else need,
        count=observations(facts, since),
        since=since,
        last=facts.now,
        by_text=True,
    )


def certainty(facts: Facts, app: ApplicationFact, condition: Condition) -> tuple[Need, float]:
    """Returns what it takes until a condition that no controller can change counts, and since when.

    Times before the harness watched are of an older look at Git, perhaps of an older commit.
    """
    since = condition.since or facts.first_seen(app.ref)
    if not facts.header.revision:
        return RECENT, since
    if since >= facts.header.started:
        return T0, since
    return RECENT, facts.header.started


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (faults,)
