"""Argo CD Applications as facts: conditions with times, sync state, sources, what they hold.

A thin, typed reading, and the choice of the Applications that are under diagnosis: all of Argo
CD's namespace in a run of the harness; on a cluster that others use too, those that were expected,
that deploy into the namespaces under diagnosis, or that such an Application brings about (a parent
is Healthy whatever its children do, so every child is judged on its own). What it means is the
rules' business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.diagnosis.events import epoch
from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd.operations import Operation, operation_of
from harness.model.refs import ObjectRef

Object = Mapping[str, Any]
PLACEHOLDER = re.compile(r"<no value>|\{\{.*?\}\}")
"""What an ApplicationSet leaves where a key of its template has no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of an Application or ApplicationSet."""

    type: str
    status: str
    reason: str
    message: str
    since: float
    """Epoch seconds since which it stands with this message; 0 where the API does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationFact:
    """One live Application."""

    ref: ObjectRef
    object: Object
    expected: bool
    """True when the repository under test declares it, so that its commit is the wanted one."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.ref.name

    @property
    def spec(self) -> Object:
        """Its specification."""
        return _mapping(self.object, "spec")

    @property
    def status(self) -> Object:
        """Its status; empty while no controller has looked at it."""
        return _mapping(self.object, "status")

    @property
    def sources(self) -> tuple[Object, ...]:
        """Its sources, one or several."""
        return tuple(self.spec.get("sources") or [self.spec.get("source") or {}])

    @property
    def path(self) -> str:
        """The folder of its first source that has one."""
        return next((str(s["path"]).strip("/") for s in self.sources if s.get("path")), "")

    @property
    def repository(self) -> str:
        """The URL of its first source."""
        return str(self.sources[0].get("repoURL") or "")

    @property
    def project(self) -> ObjectRef:
        """The AppProject it names."""
        name = str(self.spec.get("project") or "default")
        return ObjectRef("AppProject", self.ref.namespace, name)

    @property
    def destination(self) -> Object:
        """The cluster and the namespace it deploys into."""
        return _mapping(self.spec, "destination")

    @property
    def namespace(self) -> str:
        """The namespace it deploys into."""
        return str(self.destination.get("namespace") or "")

    @property
    def sync(self) -> str:
        """`Synced`, `OutOfSync`, `Unknown`, or empty while nobody has looked."""
        return str(_mapping(self.status, "sync").get("status") or "")

    @property
    def revisions(self) -> tuple[str, ...]:
        """The commits it was last compared with."""
        sync = _mapping(self.status, "sync")
        one = str(sync.get("revision") or "")
        return tuple(str(r) for r in sync.get("revisions") or []) or ((one,) if one else ())

    @property
    def health(self) -> str:
        """Argo CD's word for its health."""
        return str(_mapping(self.status, "health").get("status") or "")

    @property
    def operation(self) -> Operation | None:
        """The running or last operation."""
        return operation_of(self.object)

    @property
    def resources(self) -> tuple[Object, ...]:
        """What it holds, hooks left out."""
        return tuple(r for r in self.status.get("resources") or [] if not r.get("hook"))

    @property
    def automated(self) -> bool:
        """True when Argo CD syncs it by itself."""
        policy = (self.spec.get("syncPolicy") or {}).get("automated")
        return policy is not None and policy.get("enabled") is not False

    @property
    def options(self) -> tuple[str, ...]:
        """Its sync options."""
        return tuple((self.spec.get("syncPolicy") or {}).get("syncOptions") or [])

    @property
    def created(self) -> float:
        """Epoch seconds of its creation."""
        return epoch(_mapping(self.object, "metadata").get("creationTimestamp"))

    @property
    def compared(self) -> float:
        """Epoch seconds of the last comparison with Git; 0 when there was none."""
        return epoch(self.status.get("reconciledAt"))

    def conditions(self, *types: str) -> tuple[Condition, ...]:
        """Returns its conditions of these types, all when none is named."""
        return tuple(c for c in conditions_of(self.object) if not types or c.type in types)

    @property
    def has_error(self) -> bool:
        """True when a condition says that it cannot be compared or synced."""
        return any(c.type.endswith("Error") for c in self.conditions())

    @property
    def unfilled(self) -> bool:
        """True when an ApplicationSet has left a placeholder in it: the set is to blame (A22)."""
        owners = (self.object.get("metadata") or {}).get("ownerReferences") or []
        made = any(o.get("kind") == "ApplicationSet" for o in owners)
        texts = (*(str(v) for s in self.sources for v in s.values()), self.namespace)
        return made and any(PLACEHOLDER.search(t) for t in texts)

    def is_at(self, revision: str) -> bool:
        """Tells whether it was compared with this commit; true when none is wanted."""
        return not revision or not self.expected or revision in self.revisions


def _mapping(holder: Object, key: str) -> Object:
    found: Object = holder.get(key) or {}
    return found


def conditions_of(obj: Object) -> tuple[Condition, ...]:
    """Returns the conditions of an Application or ApplicationSet."""
    return tuple(
        Condition(
            type=str(c.get("type") or ""),
            status=str(c.get("status") or "True"),
            reason=str(c.get("reason") or ""),
            message=str(c.get("message") or ""),
            since=epoch(c.get("lastTransitionTime")),
        )
        for c in (obj.get("status") or {}).get("conditions") or []
    )


def applications(facts: Facts) -> tuple[ApplicationFact, ...]:
    """Returns the Applications under diagnosis that are not being deleted."""
    found: tuple[ApplicationFact, ...] = facts.memo("applications", lambda: _applications(facts))
    return found


def _applications(facts: Facts) -> tuple[ApplicationFact, ...]:
    expected = set(facts.header.expected_applications)
    live = [
        ApplicationFact(
            ref=ObjectRef.of({**obj, "kind": "Application"}),
            object=obj,
            expected=str(obj["metadata"]["name"]) in expected,
        )
        for obj in facts.all("Application")
        if not obj["metadata"].get("deletionTimestamp")
    ]
    live.sort(key=lambda a: a.ref)
    if facts.header.revision:
        return tuple(a for a in live if a.expected or a.ref.namespace == _engine(facts))
    return tuple(_with_children(live, [a for a in live if _concerns(facts, a)]))


def _engine(facts: Facts) -> str:
    return facts.header.engine_namespace


def _concerns(facts: Facts, app: ApplicationFact) -> bool:
    return app.expected or facts.in_scope(app.namespace)


def _with_children(
    live: list[ApplicationFact], chosen: list[ApplicationFact]
) -> list[ApplicationFact]:
    names = {a.ref.name for a in chosen}
    pending = list(chosen)
    while pending:
        held = pending.pop().resources
        children = {str(r.get("name")) for r in held if r.get("kind") == "Application"}
        new = [a for a in live if a.ref.name in children - names]
        names |= {a.ref.name for a in new}
        pending += new
    return [a for a in live if a.ref.name in names]


def unchanged_since(facts: Facts, app: ApplicationFact) -> float:
    """Returns since when nothing about an Application has changed, as far as anybody saw.

    Argo CD writes no time at which a sync state began; a comparison or an operation that has just
    ended may change it at any moment.
    """
    operation = app.operation
    ended = operation.ended if operation else 0.0
    return max(facts.seen_at(app.ref), app.created, ended)


def concerns_wanted(facts: Facts, app: ApplicationFact, operation: Operation) -> bool:
    """Tells whether an operation is one of the wanted commit, so that its results count."""
    wanted = facts.header.revision
    known = bool(wanted) and app.expected and bool(operation.revisions)
    return not known or wanted in operation.revisions
