"""Vacuous green: what looks well because nothing was done, nothing runs, or nobody has looked.

R02 and A20 (an Application that holds nothing, or less than is declared), E01 (never compared), E02
(Synced at another commit), E04 (a Job without a pod). A failed operation of a Synced Application
(E03) is told by `failed_operations`, an ApplicationSet without Applications (A23, E05) by
`empty_sets`; no replicas and suspended Jobs are H08, a DaemonSet without a node is H02. Argo CD
calls an Application without resources Healthy (argo-cd `controller/health.go`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from harness.diagnosis.events import epoch
from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd import empty_sets
from harness.diagnosis.rules.argocd.application_facts import (
    ApplicationFact,
    applications,
    unchanged_since,
)
from harness.diagnosis.rules.argocd.engine_parts import engine_ready_since, is_engine_ready
from harness.diagnosis.rules.argocd.hook_jobs import is_hook
from harness.diagnosis.signal import NEVER, T0, Signal, t2
from harness.model.refs import ObjectRef
from harness.model.wording import listed

UNKNOWN_SECONDS = 180.0
SETTLED_SECONDS = 30.0
OLD_SECONDS = 60.0
NO_POD_SECONDS = 180.0


def without_resources(facts: Facts) -> Iterator[Signal]:
    """Yields Applications that are Synced and hold nothing, or less than is declared."""
    for app in applications(facts):
        operation = app.operation
        busy = operation is not None and operation.running
        if app.sync == "Synced" and not (busy or app.has_error) and app.is_at(_wanted(facts)):
            declared = _declared(facts, app)
            missing = _missing(app, declared)
            if not app.resources:
                yield _holds_nothing(facts, app, missing)
            elif missing and not _is_transformed(app):
                yield _holds_less(facts, app, missing, len(declared))


def _wanted(facts: Facts) -> str:
    return facts.header.revision


def _declared(facts: Facts, app: ApplicationFact) -> list[ObjectRef]:
    """Returns what an Application should hold; hooks and kinds that Argo CD excludes left out."""
    excluded = {
        word
        for c in app.conditions("ExcludedResourceWarning")
        for word in c.message.replace("/", " ").split()
    }
    return [
        ref
        for ref, declared in facts.declared.items()
        if declared.application == app.name
        and not is_hook(declared.object)
        and ref.kind not in excluded
        and (declared.object.get("metadata") or {}).get("name")
    ]


def _missing(app: ApplicationFact, declared: list[ObjectRef]) -> list[ObjectRef]:
    held = {(str(r.get("kind")), str(r.get("name"))) for r in app.resources}
    return [ref for ref in declared if (ref.kind, ref.name) not in held]


def _is_transformed(app: ApplicationFact) -> bool:
    """Tells whether Argo CD changes what the folder renders to, so that names may differ."""
    return any(s.get(k) for s in app.sources for k in ("kustomize", "helm", "plugin", "directory"))


def _holds_nothing(facts: Facts, app: ApplicationFact, missing: list[ObjectRef]) -> Signal:
    plain = app.status.get("sourceType") == "Directory"
    certain = bool(missing) and bool(_wanted(facts))
    declares = f" although {len(missing)} objects are declared for it" if missing else ""
    return Signal(
        cause="R02" if plain else "A20",
        at=app.ref,
        root=app.ref,
        field="spec.source.path",
        seen=f"{app.name} is Synced and {app.health or 'Healthy'} and holds no object{declares}"
        + (f"; Argo CD found no kustomization in {app.path} and reads plain YAML" if plain else ""),
        expected=f"a kustomization.yaml in {app.path}"
        if plain
        else f"the objects of {app.path}: {listed(map(str, missing), 3)}",
        fix=f"add {app.path}/kustomization.yaml" if plain else "correct spec.source.path",
        need=T0 if certain else NEVER,
        since=unchanged_since(facts, app),
        last=facts.now,
        rank=50 if certain else 95,
    )


def _holds_less(
    facts: Facts, app: ApplicationFact, missing: list[ObjectRef], declared: int
) -> Signal:
    return Signal(
        cause="A20",
        at=app.ref,
        root=app.ref,
        field="spec.source",
        seen=f"{app.name} is Synced and holds {declared - len(missing)} of {declared} declared "
        f"objects; missing: {listed(map(str, missing), 4)}",
        expected="every declared object among the Application's resources",
        fix=f"argocd app manifests {app.name}, and compare with kustomize build {app.path}",
        need=t2(SETTLED_SECONDS) if _wanted(facts) else NEVER,
        since=unchanged_since(facts, app),
        last=facts.now,
        rank=80,
    )


def never_compared(facts: Facts) -> Iterator[Signal]:
    """Yields Applications whose sync state stays Unknown without an error that would tell why.

    While a part of Argo CD that would look at them is not ready, that part is to blame.
    """
    for app in applications(facts):
        if app.sync != "Unknown" or app.has_error:
            continue
        ready = is_engine_ready(facts)
        yield Signal(
            cause="E01",
            at=app.ref,
            root=app.ref,
            field="status.sync.status",
            seen=f"the sync state of {app.name} stays Unknown, and no condition says why",
            expected="Synced or OutOfSync",
            fix=f"kubectl annotate application {app.name} -n {app.ref.namespace} "
            "argocd.argoproj.io/refresh=hard --overwrite",
            need=t2(UNKNOWN_SECONDS) if ready else NEVER,
            since=max(unchanged_since(facts, app), engine_ready_since(facts)),
            last=facts.now,
            rank=90,
        )


def at_another_commit(facts: Facts) -> Iterator[Signal]:
    """Yields Applications that are Synced, and looked at since, but at another commit."""
    wanted = facts.header.revision
    for app in applications(facts):
        operation = app.operation
        busy = operation is not None and operation.running
        if app.sync != "Synced" or app.is_at(wanted) or busy or app.has_error:
            continue
        looked = app.compared > facts.header.started
        shown = app.revisions[0][:8] if app.revisions else "none"
        yield Signal(
            cause="E02",
            at=app.ref,
            root=app.ref,
            field="spec.source.targetRevision",
            seen=f"{app.name} is Synced at {shown}, not at {wanted[:8]}",
            expected=f"Synced at {wanted[:8]}",
            fix="let spec.source.targetRevision follow the branch that was pushed",
            need=t2(OLD_SECONDS) if looked else NEVER,
            since=unchanged_since(facts, app),
            last=facts.now,
            rank=80 if looked else 95,
        )


def idle_jobs(facts: Facts) -> Iterator[Signal]:
    """Yields Jobs that are told to run and that have no pod after minutes."""
    for ref in (w for w in facts.workloads if w.kind == "Job"):
        job = facts.find(ref)
        if job is None or facts.is_ok(ref) or not _has_not_run(facts, job, ref):
            continue
        yield Signal(
            cause="E04",
            at=ref,
            root=ref,
            seen="no pod was ever made for the Job, and nothing refuses one",
            expected="a Job that runs to its end",
            fix=f"kubectl describe job {ref.name} -n {ref.namespace}",
            need=t2(NO_POD_SECONDS),
            since=max(epoch(job["metadata"].get("creationTimestamp")), _start(facts)),
            last=facts.now,
            rank=90,
        )


def _has_not_run(facts: Facts, job: Mapping[str, Any], ref: ObjectRef) -> bool:
    status, spec = job.get("status") or {}, job.get("spec") or {}
    ran = any(int(status.get(key) or 0) for key in ("active", "succeeded", "failed", "ready"))
    ended = any(c.get("type") in {"Failed", "Complete"} for c in status.get("conditions") or [])
    elsewhere = spec.get("suspend") or spec.get("managedBy") or facts.events(ref, "FailedCreate")
    return not (ran or ended or elsewhere or facts.pods_of(ref))


def _start(facts: Facts) -> float:
    return facts.header.started if facts.header.revision else 0.0


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (
    *empty_sets.RULES,
    without_resources,
    never_compared,
    at_another_commit,
    idle_jobs,
)
