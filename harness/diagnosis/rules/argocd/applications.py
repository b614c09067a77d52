"""Argo CD Applications on their way to the cluster: all rules about them, and the small ones here.

Conditions, waits, hooks, failed operations and syncs that nobody starts have modules of their own.
Here: objects that two Applications share (A18), a sync that would delete everything (A19), an
operation of an older commit (A29) and checks that are switched off (A30).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd import (
    application_conditions,
    failed_operations,
    hook_jobs,
    stale_cache,
    sync_waiting,
    unstarted_syncs,
)
from harness.diagnosis.rules.argocd.application_facts import (
    ApplicationFact,
    Condition,
    applications,
)
from harness.diagnosis.rules.argocd.failed_operations import concerns_commit
from harness.diagnosis.rules.argocd.operations import is_older
from harness.diagnosis.rules.repo.repo import certainty
from harness.diagnosis.rules.standing import observations
from harness.diagnosis.signal import NEVER, Signal
from harness.model.refs import ObjectRef
from harness.model.wording import cut

IGNORE_HEALTH = "argocd.argoproj.io/ignore-healthcheck"
_SHARED = re.compile(
    r"(?P<kind>[A-Z]\w*)/(?P<name>\S+) is part of applications (?P<one>\S+) and (?P<other>[^\s,;]+)"
)
_REPEATED = re.compile(
    r"Resource (?P<group>[^/\s]*)/(?P<kind>[^/\s]+)/(?P<namespace>[^/\s]*)/(?P<name>\S+) appeared"
)


def shared_objects(facts: Facts) -> Iterator[Signal]:
    """Yields objects that two Applications want, or one wants twice."""
    for app in applications(facts):
        operation = app.operation
        refuses = operation is not None and "Shared resource found" in operation.message
        if app.sync == "Synced" and not refuses:
            continue
        for condition in app.conditions("SharedResourceWarning"):
            match = _SHARED.search(condition.message)
            if match:
                yield _shared(facts, app, condition, match, refuses=refuses)
        for condition in app.conditions("RepeatedResourceWarning"):
            match = _REPEATED.search(condition.message)
            if match:
                yield _repeated(facts, app, condition, match)


def _shared(
    facts: Facts, app: ApplicationFact, condition: Condition, match: re.Match[str], *, refuses: bool
) -> Signal:
    ref = _held(app, match["kind"], match["name"])
    need, since = certainty(facts, app, condition)
    return Signal(
        cause="A18",
        at=app.ref,
        root=ref,
        seen=f"{ref} is declared by two Applications, {match['one']} and {match['other']}",
        expected="one Application for every object",
        fix=f"leave {ref.kind} {ref.name} to one of the two Applications",
        need=need if refuses else NEVER,
        count=observations(facts, since),
        since=since,
        last=facts.now,
        by_text=refuses,
    )


def _repeated(
    facts: Facts, app: ApplicationFact, condition: Condition, match: re.Match[str]
) -> Signal:
    ref = ObjectRef(match["kind"], match["namespace"], match["name"])
    return Signal(
        cause="A18",
        at=app.ref,
        root=ref,
        seen=f"{app.name} declares {ref} more than once",
        expected="every object once",
        fix=f"remove one {ref.kind} {ref.name}",
        need=NEVER,
        since=condition.since or facts.first_seen(app.ref),
        rank=95,
    )


def _held(app: ApplicationFact, kind: str, name: str) -> ObjectRef:
    for held in app.resources:
        if (held.get("kind"), held.get("name")) == (kind, name):
            return ObjectRef(kind, str(held.get("namespace") or ""), name)
    return ObjectRef(kind, "" if kind == "Namespace" else app.namespace, name)


def wiped_out(facts: Facts) -> Iterator[Signal]:
    """Yields Applications whose sync would delete everything they hold."""
    for app in applications(facts):
        for condition in app.conditions("SyncError"):
            if "will wipe out all resources" not in condition.message:
                continue
            if not concerns_commit(facts, app, condition):
                continue
            need, since = certainty(facts, app, condition)
            yield Signal(
                cause="A19",
                at=app.ref,
                root=app.ref,
                field="spec.source.path",
                seen=f"the folder {app.path} renders to nothing at this commit, so that a sync "
                "would delete everything that is live; Argo CD refuses that",
                expected="a folder whose kustomization lists resources",
                fix=f"list the resources in {app.path}/kustomization.yaml, or correct the path",
                need=need,
                count=observations(facts, since),
                since=since,
                last=facts.now,
                by_text=True,
            )


def older_operations(facts: Facts) -> Iterator[Signal]:
    """Yields unfinished operations of another commit, which hold up the wanted one; no failure."""
    wanted = facts.header.revision
    for app in applications(facts):
        operation = app.operation
        if operation is None or not app.expected or not is_older(app.object, wanted):
            continue
        yield Signal(
            cause="A29",
            at=app.ref,
            root=app.ref,
            field="status.operationState.operation.sync.revision",
            seen=f"the running operation of {app.name} is of commit {operation.revisions[0][:8]}: "
            f"{cut(operation.message, 140)}",
            expected=f"an operation of commit {wanted[:8]}",
            fix=f"argocd app terminate-op {app.name} && argocd app sync {app.name}",
            need=NEVER,
            since=operation.started or facts.first_seen(app.ref),
            rank=95,
        )


def ignored_health(facts: Facts) -> Iterator[Signal]:
    """Yields objects whose health Argo CD is told to ignore and that are not ready; no failure."""
    for ref in facts.workloads:
        declared, live = facts.declared.get(ref), facts.find(ref)
        marks = ((live or {}).get("metadata") or {}).get("annotations") or {}
        ignored = marks.get(IGNORE_HEALTH) == "true" and not facts.is_ok(ref)
        if declared is None or not declared.application or not ignored:
            continue
        yield Signal(
            cause="A30",
            at=ObjectRef("Application", facts.header.engine_namespace, declared.application),
            root=ref,
            field=f"metadata.annotations[{IGNORE_HEALTH}]",
            seen=f"Argo CD ignores the health of {ref}, which is not ready",
            expected="a health check for everything that must run",
            fix=f"remove the annotation {IGNORE_HEALTH}",
            need=NEVER,
            since=facts.first_seen(ref),
            rank=95,
        )


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (
    *application_conditions.RULES,
    *sync_waiting.RULES,
    *hook_jobs.RULES,
    *failed_operations.RULES,
    *unstarted_syncs.RULES,
    *stale_cache.RULES,
    shared_objects,
    wiped_out,
    older_operations,
    ignored_health,
)
