"""A27: an Application is out of sync and nobody starts a sync.

Decided by reading the Application: an annotation that stops Argo CD, no automated policy, a sync
window of the project, pruning that is off, a namespace that the controller does not watch. On a
cluster that others use too a manual sync is somebody's habit, so it counts only in a run of the
harness, which expects its commit to be synced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd.application_facts import (
    ApplicationFact,
    applications,
    unchanged_since,
)
from harness.diagnosis.rules.argocd.project_facts import project_spec
from harness.diagnosis.signal import NEVER, Signal, t2
from harness.model.refs import ObjectRef

SKIP = "argocd.argoproj.io/skip-reconcile"
NOBODY_SECONDS = 60.0
UNWATCHED_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why nobody syncs an Application."""

    root: ObjectRef
    field: str
    seen: str
    fix: str
    seconds: float = NOBODY_SECONDS


def not_started(facts: Facts) -> Iterator[Signal]:
    """Yields Applications that are out of sync and that nobody syncs."""
    for app in applications(facts):
        reason = _reason(facts, app)
        if reason:
            yield _signal(facts, app, reason)


def _reason(facts: Facts, app: ApplicationFact) -> Reason | None:
    marks = (app.object.get("metadata") or {}).get("annotations") or {}
    if marks.get(SKIP) == "true":
        return Reason(
            root=app.ref,
            field=f"metadata.annotations[{SKIP}]",
            seen=f"it is annotated {SKIP}",
            fix=f"remove the annotation {SKIP}",
        )
    if not app.status and app.ref.namespace != facts.header.engine_namespace:
        return Reason(
            root=app.ref,
            field="metadata.namespace",
            seen=f"it is in the namespace {app.ref.namespace}, where no controller looks at it",
            fix=f"set metadata.namespace to {facts.header.engine_namespace}",
            seconds=UNWATCHED_SECONDS,
        )
    return _unsynced(facts, app) if _is_idle(app) else None


def _is_idle(app: ApplicationFact) -> bool:
    operation = app.operation
    busy = operation is not None and (operation.running or operation.failed)
    return app.sync == "OutOfSync" and not (busy or app.object.get("operation") or app.has_error)


def _unsynced(facts: Facts, app: ApplicationFact) -> Reason | None:
    if not app.automated:
        return Reason(
            root=app.ref,
            field="spec.syncPolicy.automated",
            seen="it has no automated sync policy",
            fix=f"add spec.syncPolicy.automated, or argocd app sync {app.name}",
        )
    if project_spec(facts, app.project).get("syncWindows"):
        return Reason(
            root=app.project,
            field="spec.syncWindows",
            seen=f"the project {app.project.name} has sync windows, and none is open",
            fix="remove spec.syncWindows from the project of this environment",
        )
    return _unpruned(app)


def _unpruned(app: ApplicationFact) -> Reason | None:
    differing = [r for r in app.resources if r.get("status") == "OutOfSync"]
    if not differing or not all(r.get("requiresPruning") for r in differing):
        return None
    names = ", ".join(f"{r.get('kind')} {r.get('name')}" for r in differing[:3])
    return Reason(
        root=app.ref,
        field="spec.syncPolicy.automated.prune",
        seen=f"{names} would have to be deleted, and automated pruning is off",
        fix="set spec.syncPolicy.automated.prune to true",
    )


def _signal(facts: Facts, app: ApplicationFact, reason: Reason) -> Signal:
    planned = bool(facts.header.revision) and app.expected
    return Signal(
        cause="A27",
        at=app.ref,
        root=reason.root,
        field=reason.field,
        seen=f"{app.name} is {app.sync or 'not compared'} and nobody starts a sync: {reason.seen}",
        expected="an automated sync policy and a controller that follows it",
        fix=reason.fix,
        need=t2(reason.seconds) if planned else NEVER,
        since=unchanged_since(facts, app),
        last=facts.now,
        rank=80 if planned else 95,
    )


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (not_started,)
