"""A28: Argo CD answers from a stale manifest cache.

Two ways show in the API. An Application is Synced at the wanted commit, and objects that it calls
Synced hold other images, variables or settings than that commit renders to (argo-cd#26530: an entry
made from an older checkout under the new commit; a hard refresh does not help). Or a condition
repeats an error that passes by itself, marked `(cached)`, although the repo server is ready: after
three failures generation pauses for an hour (`ARGOCD_PAUSE_GEN_*`), and a hard refresh helps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd.application_facts import (
    ApplicationFact,
    Condition,
    applications,
    unchanged_since,
)
from harness.diagnosis.rules.argocd.engine_parts import (
    REDIS,
    REPO_SERVER,
    engine_part,
    engine_ready_since,
    is_engine_ready,
)
from harness.diagnosis.rules.argocd.engine_texts import decisive
from harness.diagnosis.rules.argocd.ignored_differences import may_differ
from harness.diagnosis.rules.argocd.manifest_differences import Difference, differences
from harness.diagnosis.rules.standing import observations
from harness.diagnosis.signal import NEVER, Signal, t1
from harness.model.refs import ObjectRef
from harness.model.wording import listed

CACHED = "Manifest generation error (cached)"
_OVERRIDES = ("kustomize", "helm", "plugin", "directory")


def old_manifests(facts: Facts) -> Iterator[Signal]:
    """Yields Applications that are Synced at the wanted commit with manifests of another one."""
    for app in applications(facts) if facts.header.revision else ():
        if _is_settled(facts, app):
            found = tuple(_differences(facts, app))
            if found:
                yield _old(facts, app, found)


def _is_settled(facts: Facts, app: ApplicationFact) -> bool:
    """Tells whether Argo CD says that all of the wanted commit is applied, and nothing else."""
    operation = app.operation
    busy = operation is not None and operation.running
    changed = any(s.get(key) for s in app.sources for key in _OVERRIDES)
    wanted = app.expected and app.is_at(facts.header.revision)
    return wanted and app.sync == "Synced" and not (busy or changed or app.has_error)


def _differences(facts: Facts, app: ApplicationFact) -> Iterator[Difference]:
    synced = {
        (str(r.get("kind")), str(r.get("namespace") or ""), str(r.get("name")))
        for r in app.resources
        if r.get("status") == "Synced"
    }
    for ref, declared in facts.declared.items():
        live = facts.find(ref)
        own = declared.application == app.name and (ref.kind, ref.namespace, ref.name) in synced
        if own and live is not None and not may_differ(facts, app, ref):
            yield from differences(ref, declared.object, live)


def _old(facts: Facts, app: ApplicationFact, found: tuple[Difference, ...]) -> Signal:
    server, first = engine_part(facts, REPO_SERVER), found[0]
    namespace, redis = server.namespace, engine_part(facts, REDIS)
    since = max(unchanged_since(facts, app), facts.header.started)
    return Signal(
        cause="A28",
        at=app.ref,
        root=server,
        seen=f"{app.name} is Synced at {facts.header.revision[:8]}, but {first.ref} has "
        f"{first.field} {first.live}; that commit renders to {first.declared}"
        + (f"; also: {listed((str(d.ref) for d in found[1:]), 3)}" if found[1:] else ""),
        expected="the objects that the commit renders to",
        fix=f"kubectl -n {namespace} rollout restart {_typed(server)} {_typed(redis)}",
        need=t1(2, 60),
        count=observations(facts, since),
        since=since,
        last=facts.now,
        rank=60,
        explains=tuple(dict.fromkeys(d.ref for d in found)),
    )


def _typed(ref: ObjectRef) -> str:
    return f"{ref.kind.lower()}/{ref.name}"


def is_cached(message: str) -> bool:
    """Tells whether the repo server repeats an error of an earlier attempt."""
    return CACHED in message


def cached_error(
    facts: Facts, app: ApplicationFact, condition: Condition, root: ObjectRef
) -> Signal:
    """Returns the signal that an error which passes by itself is repeated from the cache."""
    begun = max(condition.since or facts.first_seen(app.ref), engine_ready_since(facts))
    since = max(begun, facts.header.started) if facts.header.revision else begun
    return Signal(
        cause="A28",
        at=app.ref,
        root=root,
        seen="Argo CD repeats the error of an earlier attempt from its cache: "
        f"{decisive(condition.message)}",
        expected="manifests generated anew, now that the repo server is ready",
        fix=f"kubectl annotate application {root.name} -n {root.namespace} "
        "argocd.argoproj.io/refresh=hard --overwrite",
        need=t1(2, 60) if is_engine_ready(facts) else NEVER,
        count=observations(facts, since),
        since=since,
        last=facts.now,
        rank=80,
    )


RULES: tuple[Callable[[Facts], Iterable[Signal]], ...] = (old_manifests,)
