"""Which workloads still run what an older commit declared: nothing of theirs counts yet. Pure.

On a reused cluster the fault of yesterday still shows while today's correction is on its way. A
workload that was there before the harness began to watch is stale until its Application has applied
it at the wanted revision (`operationState.syncResult`), or is Synced there without an operation.
"""

from __future__ import annotations

from harness.diagnosis.events import epoch
from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd.operations import operation_of
from harness.model.refs import ObjectRef

CLOCK_SECONDS = 5.0
"""The API server's clock and ours may differ by so much."""


def is_stale(facts: Facts, ref: ObjectRef) -> bool:
    """Tells whether a live object is still that of an older commit, as far as can be known."""
    declared, live = facts.declared.get(ref), facts.find(ref)
    if not facts.header.revision or declared is None or live is None:
        return False
    created = epoch((live.get("metadata") or {}).get("creationTimestamp"))
    if created >= facts.header.started - CLOCK_SECONDS:
        return False
    place = ObjectRef("Application", facts.header.engine_namespace, declared.application)
    return facts.find(place) is not None and not _is_applied(facts, place, ref)


def _is_applied(facts: Facts, application: ObjectRef, ref: ObjectRef) -> bool:
    app, wanted = facts.find(application) or {}, facts.header.revision
    operation = operation_of(app)
    if operation is not None and wanted in operation.revisions:
        applied = {r.ref for r in operation.results if r.status == "Synced" or r.hook}
        return operation.phase == "Succeeded" or ref in applied
    sync = (app.get("status") or {}).get("sync") or {}
    revisions = [str(r) for r in sync.get("revisions") or [sync.get("revision")]]
    return sync.get("status") == "Synced" and wanted in revisions
