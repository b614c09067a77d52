"""Objects that the API server or Argo CD refused in a sync, with who asked for them.

Argo CD's own words for a failed operation (`one or more objects failed to apply`, `one or more
synchronization tasks are not valid`) are pointers: the refused object's own result says why. While
an operation is retried the results are those of the attempt that failed. Results of another commit
than the wanted one say nothing about it and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.diagnosis.facts import Facts
from harness.diagnosis.rules.argocd.application_facts import (
    ApplicationFact,
    applications,
    concerns_wanted,
)
from harness.diagnosis.rules.argocd.engine_texts import decisive
from harness.diagnosis.rules.argocd.operations import Operation, SyncResult
from harness.diagnosis.rules.standing import observations
from harness.diagnosis.signal import T0, Need, Signal
from harness.manifests.pods import Object
from harness.model.refs import ObjectRef

_CONDITION = re.compile(r"^(?:ComparisonError|InvalidSpecError): ")
_INVALID_FIELD = re.compile(r"is invalid: \[?(?P<field>[A-Za-z_][^\s:]*): ")
_SUBJECT = re.compile(r"^[A-Z]\w*(?:\.[\w.]+)? \"[^\"]*\" is invalid: ")
_INDEX = re.compile(r"^(?P<key>[^\[]+)\[(?P<index>\d+)\]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One object that a sync could not apply."""

    app: ApplicationFact
    operation: Operation
    result: SyncResult

    @property
    def ref(self) -> ObjectRef:
        """The refused object; the Application itself where Argo CD names none."""
        return self.result.ref

    @property
    def message(self) -> str:
        """Why, on one line."""
        return " ".join(self.result.message.split())

    def attempts(self, facts: Facts) -> int:
        """Returns how often it was refused; a refusal that nobody retries any more stands."""
        over = observations(facts, self.operation.ended) if self.operation.failed else 0
        return max(1, self.operation.attempts) + over

    def signal(
        self, facts: Facts, cause: str, *, seen: str, expected: str, fix: str,
        root: ObjectRef | None = None, field: str = "", need: Need = T0,
    ) -> Signal:  # fmt: skip
        """Returns a signal about the refused object, or about what else must be mended."""
        own = root is None or root == self.ref
        # An object outside the namespaces under diagnosis is no node of it: its Application is.
        here = own and (not self.ref.namespace or facts.in_scope(self.ref.namespace))
        return Signal(
            cause=cause,
            at=self.ref if here else self.app.ref,
            root=root or self.ref,
            field=field,
            seen=seen,
            expected=expected,
            fix=fix,
            need=need,
            count=self.attempts(facts),
            since=self.operation.started or facts.first_seen(self.app.ref),
            last=facts.now,
            by_text=True,
            explains=(self.app.ref,) if self.ref != self.app.ref else (),
        )


def refusals(facts: Facts) -> tuple[Refusal, ...]:
    """Returns every refused object of every Application under diagnosis."""
    found: tuple[Refusal, ...] = facts.memo("refusals", lambda: tuple(_refusals(facts)))
    return found


def _refusals(facts: Facts) -> Iterator[Refusal]:
    for app in applications(facts):
        operation = app.operation
        if operation is None or not concerns_wanted(facts, app, operation):
            continue
        for result in [r for r in operation.results if _is_refused(r)] or _nameless(app, operation):
            yield Refusal(app=app, operation=operation, result=result)


def _is_refused(result: SyncResult) -> bool:
    return result.status == "SyncFailed"


def _nameless(app: ApplicationFact, operation: Operation) -> list[SyncResult]:
    """The operation's own message, where it failed and names no object."""
    unhappy = operation.failed or operation.retrying
    if not unhappy or _CONDITION.match(operation.message):
        return []
    message = operation.message
    return [SyncResult(ref=app.ref, group="", version="", status="SyncFailed", message=message)]


def invalid_field(message: str) -> str:
    """Returns the field that the API server calls invalid; empty when it names none."""
    found = _INVALID_FIELD.search(message)
    return found["field"] if found else ""


def named_field(field: str, obj: Object | None) -> str:
    """Returns a field path with list items by name, as `containers[order]` for `containers[0]`."""
    here: object = obj or {}
    steps = []
    for step in field.split("."):
        match = _INDEX.match(step)
        key = match["key"] if match else step
        below = here.get(key) if isinstance(here, dict) else None
        name = step
        if match and isinstance(below, list) and int(match["index"]) < len(below):
            below = below[int(match["index"])]
            named = below.get("name") if isinstance(below, dict) else None
            name = f"{key}[{named}]" if named else step
        steps.append(name)
        here = below
    return ".".join(steps)


def wanted_object(facts: Facts, ref: ObjectRef) -> Object | None:
    """Returns an object as it is declared, else as it lives."""
    declared = facts.declared.get(ref)
    if declared is not None:
        return declared.object
    live = facts.find(ref)
    return dict(live) if live is not None else None


def why(refusal: Refusal) -> str:
    """Returns the decisive part of a refusal, without the object's name in front."""
    return decisive(_SUBJECT.sub("", refusal.message))
