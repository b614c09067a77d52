"""Argo CD ApplicationSets as facts: error, generators, the Applications they own. Pure reading.

Under diagnosis are those of a run of the harness, those that the repository declares, and those
that own an Application under diagnosis. `SetReport` makes signals about one of them, with the age
of what was seen: a condition that is older than the run may be of an older commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd.application_facts import (
    ApplicationFact,
    Condition,
    applications,
    conditions_of,
)
from harness.diagnosis.rules.standing import observations
from harness.diagnosis.signal import T0, Need, Signal, t1
from harness.model.refs import ObjectRef

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFact:
    """One live ApplicationSet."""

    ref: ObjectRef
    object: Object

    @property
    def error(self) -> Condition | None:
        """Its error condition, when it is true."""
        return next((c for c in self._true("ErrorOccurred")), None)

    def _true(self, kind: str) -> list[Condition]:
        return [c for c in conditions_of(self.object) if c.type == kind and c.status == "True"]

    @property
    def done_since(self) -> float:
        """Epoch seconds since which all its Applications are made; 0 when they are not."""
        found = self._true("ResourcesUpToDate")
        return found[0].since if found and self.error is None else 0.0

    @property
    def spec(self) -> Object:
        """Its specification."""
        found: Object = self.object.get("spec") or {}
        return found

    def owns(self, app: ApplicationFact) -> bool:
        """Tells whether it has made an Application."""
        owners = (app.object.get("metadata") or {}).get("ownerReferences") or []
        return any((o.get("kind"), o.get("name")) == self.key for o in owners)

    @property
    def key(self) -> tuple[str, str]:
        """Its kind and name, as owner references have them."""
        return self.ref.kind, self.ref.name


def application_sets(facts: Facts) -> tuple[SetFact, ...]:
    """Returns the ApplicationSets under diagnosis that are not being deleted."""
    live = [
        SetFact(ref=ObjectRef.of({**obj, "kind": "ApplicationSet"}), object=dict(obj))
        for obj in facts.all("ApplicationSet", facts.header.engine_namespace)
        if not obj["metadata"].get("deletionTimestamp")
    ]
    ours = [s for s in live if facts.header.revision or s.ref in facts.declared]
    apps = applications(facts)
    return tuple(s for s in live if s in ours or any(s.owns(a) for a in apps))


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReport:
    """Something seen of one ApplicationSet since a moment."""

    facts: Facts
    found: SetFact
    seen_since: float
    """Epoch seconds; 0 where the API does not say."""

    def signal(
        self, cause: str, *, seen: str, expected: str, fix: str,
        root: ObjectRef | None = None, field: str = "", need: Need | None = None,
    ) -> Signal:  # fmt: skip
        """Returns a signal, certain as the age of what was seen allows, or as `need` says."""
        certain, since = self._certainty()
        return Signal(
            cause=cause,
            at=self.found.ref,
            root=root or self.found.ref,
            field=field,
            seen=seen,
            expected=expected,
            fix=fix,
            need=need or certain,
            count=observations(self.facts, since),
            since=since,
            last=self.facts.now,
            by_text=True,
            explains=missing_applications(self.facts),
        )

    def _certainty(self) -> tuple[Need, float]:
        since = self.seen_since or self.facts.first_seen(self.found.ref)
        if not self.facts.header.revision:
            return t1(2, 20), since
        if since >= self.facts.header.started:
            return T0, since
        return t1(2, 20), self.facts.header.started


def missing_applications(facts: Facts) -> tuple[ObjectRef, ...]:
    """Returns the expected Applications that do not exist."""
    live = {a.name for a in applications(facts)}
    names = {n for n in facts.header.expected_applications if n and n not in live}
    return tuple(ObjectRef("Application", facts.header.engine_namespace, n) for n in sorted(names))
