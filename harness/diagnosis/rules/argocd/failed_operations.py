"""Operations that are over and failed: A21 while something is out of sync, E03 when nothing is.

Argo CD does not try a commit again once its retries are used up; its `SyncError` condition says so.
The reason is told by a more specific rule wherever a condition, a refused object or a hook shows
it; what is left here quotes the operation's own message. What may pass by itself gets a minute,
in which the harness starts the sync anew on its own cluster.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd import admission, application_conditions, hook_jobs
from harness.diagnosis.rules.argocd.application_facts import (
    ApplicationFact,
    Condition,
    applications,
    concerns_wanted,
)
from harness.diagnosis.rules.argocd.engine_texts import decisive, is_passing
from harness.diagnosis.rules.argocd.operations import Operation
from harness.diagnosis.rules.argocd.sync_results import refusals
from harness.diagnosis.rules.repo import repo
from harness.diagnosis.signal import NEVER, T0, Need, Signal, t2
from harness.model.refs import ObjectRef

GIVEN_UP = re.compile(r"Failed last sync attempt to (?P<revisions>[^:]*): (?P<reason>.*)")
SPECIFIC = (
    repo.faults,
    application_conditions.conditions,
    admission.refused,
    hook_jobs.failed_hooks,
)
_TRIES = re.compile(r"\s*\(retried \d+ times\)\.?$")
_COMMIT = re.compile(r"\b[0-9a-f]{40}\b")


def failed_operations(facts: Facts) -> Iterator[Signal]:
    """Yields operations that failed for good and whose reason no other rule tells."""
    told = _told(facts)
    for app in applications(facts):
        operation = app.operation
        if app.ref in told or app.unfilled or operation is None or not operation.failed:
            continue
        yield _signal(facts, app, operation)


def _told(facts: Facts) -> set[ObjectRef]:
    """Returns the Applications whose failure a more specific rule explains."""
    found: set[ObjectRef] = set()
    for rule in SPECIFIC:
        for signal in rule(facts):
            found |= {signal.at, *signal.explains}
    return found


def _signal(facts: Facts, app: ApplicationFact, operation: Operation) -> Signal:
    synced = app.sync == "Synced"
    return Signal(
        cause="E03" if synced else "A21",
        at=app.ref,
        root=_root(facts, app),
        seen=f"the last sync of {app.name} failed{_tries(operation)}: {_reason(operation)}"
        + (", and Argo CD still calls it Synced" if synced else ""),
        expected="an operation that ends with Succeeded",
        fix=f"mend what the message names, then: argocd app sync {app.name}",
        need=_need(facts, app, operation),
        since=operation.ended or facts.first_seen(app.ref),
        last=facts.now,
        rank=90,
    )


def _need(facts: Facts, app: ApplicationFact, operation: Operation) -> Need:
    if not concerns_wanted(facts, app, operation):
        return NEVER
    given_up = [c for c in app.conditions("SyncError") if GIVEN_UP.search(c.message)]
    current = any(concerns_commit(facts, app, c) for c in given_up)
    return T0 if current and not is_passing(operation.message) else t2(60)


def concerns_commit(facts: Facts, app: ApplicationFact, condition: Condition) -> bool:
    """Tells whether a condition that names commits is about the wanted one."""
    wanted, named = facts.header.revision, _COMMIT.findall(condition.message)
    return not wanted or not app.expected or not named or wanted in named


def _root(facts: Facts, app: ApplicationFact) -> ObjectRef:
    refused = {r.ref for r in refusals(facts) if r.app.ref == app.ref}
    return refused.pop() if len(refused) == 1 else app.ref


def _tries(operation: Operation) -> str:
    return f" after {operation.retries + 1} tries" if operation.retries else ""


def _reason(operation: Operation) -> str:
    own = [r.message for r in operation.results if r.status == "SyncFailed" and r.message]
    message = own[0] if len(own) == 1 else operation.message
    return decisive(_TRIES.sub("", message)) or "it gives no reason"


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (failed_operations,)
