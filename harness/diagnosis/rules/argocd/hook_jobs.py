"""A17: a Job that Argo CD runs as a hook of a sync has failed for good.

Judged by the Job's own condition, or by the sync's result when the Job is deleted already. While
the operation still has tries left the hook is made anew (a migration may come before its database),
so a single failure does not count yet. Hook pods that cannot pull an image never fail and are
judged as pods. A hook that fails because what it needs is not ready is that thing's symptom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from harness.diagnosis.events import epoch
from harness.diagnosis.facts import Facts
from harness.diagnosis.pod_facts import ContainerFact
from harness.diagnosis.rules.argocd.application_facts import (
    ApplicationFact,
    applications,
    concerns_wanted,
)
from harness.diagnosis.rules.argocd.operations import Operation
from harness.diagnosis.rules.start.log_lines import log_lines
from harness.diagnosis.signal import T0, Need, Signal, t1, t2
from harness.model.refs import ObjectRef
from harness.model.wording import cut

TRACKING = "argocd.argoproj.io/tracking-id"
HOOK = ("argocd.argoproj.io/hook", "helm.sh/hook")
_FAILED = frozenset({"Failed", "Error"})


def failed_hooks(facts: Facts) -> Iterator[Signal]:
    """Yields every hook Job that has failed."""
    owners = _owners(facts)
    for ref, app in owners.items():
        operation = app.operation
        if operation is None or concerns_wanted(facts, app, operation):
            yield from _judged(facts, ref, app, operation)
    for obj in facts.all("Job"):
        ref = ObjectRef.of({**obj, "kind": "Job"})
        if ref not in owners and is_hook(obj) and facts.in_scope(ref.namespace):
            yield from _judged(facts, ref, None, None)


def _owners(facts: Facts) -> dict[ObjectRef, ApplicationFact]:
    """Returns the Application that runs each hook: by its results, else by declaration or mark."""
    found: dict[ObjectRef, ApplicationFact] = {}
    apps = applications(facts)
    for app in apps:
        results = app.operation.results if app.operation else ()
        found.update({r.ref: app for r in results if r.hook and r.ref.kind == "Job"})
    named = {a.name: a for a in apps}
    for obj in facts.all("Job"):
        ref = ObjectRef.of({**obj, "kind": "Job"})
        marks = (obj.get("metadata") or {}).get("annotations") or {}
        declared = facts.declared.get(ref)
        name = declared.application if declared else str(marks.get(TRACKING) or "").split(":")[0]
        if is_hook(obj) and name in named:
            found.setdefault(ref, named[name])
    return found


def is_hook(obj: Mapping[str, Any]) -> bool:
    """Tells whether an object is a hook of a sync or of a Helm release."""
    marks = (obj.get("metadata") or {}).get("annotations") or {}
    return any(marks.get(mark) for mark in HOOK)


def _judged(
    facts: Facts, ref: ObjectRef, app: ApplicationFact | None, operation: Operation | None
) -> Iterator[Signal]:
    if operation is not None and operation.phase == "Succeeded":
        return
    job = facts.find(ref) or {}
    condition = _failure(job)
    result = _result(operation, ref)
    if not condition and (job or not result):
        return
    began = operation.started if operation else 0.0
    failed_at = epoch(condition.get("lastTransitionTime")) or (operation.ended if operation else 0)
    reason = _last_words(facts, ref) or str(condition.get("message") or result)
    yield Signal(
        cause="A17",
        at=ref,
        root=ref,
        seen=f"the hook Job has failed for good: {reason}",
        expected="a Job that ends with exit code 0",
        fix=f"kubectl logs job/{ref.name} -n {ref.namespace}",
        need=_need(operation),
        count=operation.attempts if operation else 1,
        since=began or failed_at or facts.first_seen(ref),
        last=failed_at or facts.now,
        symptom=_may_be_a_symptom(facts, ref, operation),
        explains=(app.ref,) if app else (),
    )


def _may_be_a_symptom(facts: Facts, ref: ObjectRef, operation: Operation | None) -> bool:
    """A hook that nobody runs again stays failed when what it needed has become ready since."""
    over = operation is not None and operation.failed
    return not over or any(not facts.is_ok(n) for n in facts.graph.transitive(ref))


def _need(operation: Operation | None) -> Need:
    """Certain once the operation is over; without one, somebody may be about to run it again."""
    if operation is None:
        return t2(60)
    return t1(3, 30) if operation.running else T0


def _failure(job: Mapping[str, Any]) -> Mapping[str, Any]:
    conditions = (job.get("status") or {}).get("conditions") or []
    failed = (c for c in conditions if c.get("type") == "Failed" and c.get("status") == "True")
    return next(failed, {})


def _result(operation: Operation | None, ref: ObjectRef) -> str:
    results = operation.results if operation else ()
    failed = (r for r in results if r.ref == ref and r.hook_phase in _FAILED)
    return next((r.message or r.hook_phase for r in failed), "")


def _last_words(facts: Facts, job: ObjectRef) -> str:
    """Returns the exit code and the last log line of the Job's newest failed container."""
    ended = [c for p in facts.pods_of(job) for c in p.containers if c.exit_code]
    if not ended:
        return ""
    newest = max(ended, key=lambda c: c.exit_at)
    line = _last_line(facts, newest)
    return f"container {newest.name} ended with exit code {newest.exit_code}" + (
        f", its last line: {cut(line, 140)}" if line else ""
    )


def _last_line(facts: Facts, container: ContainerFact) -> str:
    lines = log_lines(facts.any_log(container))
    return lines[-1].strip() if lines else ""


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (failed_hooks,)
