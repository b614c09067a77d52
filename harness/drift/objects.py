"""Judges one declared object by what lives in its place: exact, different, missing. Pure.

The rehearsal decides: what a dry run of the declaration would change is a difference. Fields that
nobody declares are found by ownership (`leftovers`), differences that are no drift left out by it
(`excused`). Without a rehearsal the declared fields alone are compared (`by_fields`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from harness.drift.applied_form import comparable, is_own_mark, last_applied
from harness.drift.by_fields import declared_differences
from harness.drift.desired import Desired
from harness.drift.excused import is_autoscaled, is_excused
from harness.drift.fields import ABSENT, Difference, differences, path_text, value_at
from harness.drift.leftovers import dropped, hands, undeclared, updating_appliers
from harness.drift.observe import Reading, is_ending
from harness.drift.ownership import Owner, owner_of, owners
from harness.drift.values import Conceal, told_apart, visible
from harness.model.drift import DriftFinding, DriftKind

Object = dict[str, Any]


class State(StrEnum):
    """What a declared object counts as."""

    EXACT = "exact"
    DIFFERENT = "different"
    MISSING = "missing"
    NOT_JUDGED = "not judged"
    ABSENT_BY_DESIGN = "absent by design"
    """A Job that removes itself when it has ended; it is not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What judging needs besides the object."""

    salt: bytes
    autoscalers: tuple[Object, ...]
    conceal: Conceal


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One declared object, judged."""

    reading: Reading
    state: State
    findings: tuple[DriftFinding, ...] = ()
    ignored: int = 0
    """Differences that the Application asks to ignore."""


def judge(reading: Reading, desired: Desired, around: Surroundings) -> Judged:
    """Returns how a declared object is judged."""
    live = reading.live
    if reading.unread:
        return Judged(reading=reading, state=State.NOT_JUDGED)
    if live is None and _removes_itself(reading.asked.object):
        return Judged(reading=reading, state=State.ABSENT_BY_DESIGN)
    if live is None or is_ending(live):
        missing = _missing(reading, desired)
        return Judged(reading=reading, state=State.MISSING, findings=(missing,))
    found = list(_drifted(reading, live, desired, around))
    kept = [d for d, owner in found if not desired.ignores(*_place(reading, d), _name(owner))]
    findings = tuple(
        _different(reading, live, d, owner, desired, around) for d, owner in found if d in kept
    )
    state = State.DIFFERENT if findings else State.EXACT
    ignored = len(found) - len(kept)
    return Judged(reading=reading, state=state, findings=findings, ignored=ignored)


def _place(reading: Reading, found: Difference) -> tuple[Any, Any]:
    return reading.asked.ref, found.path


def _name(owner: Owner | None) -> str:
    return owner.manager if owner else ""


def _removes_itself(declared: Object) -> bool:
    spec = declared.get("spec") or {}
    return declared.get("kind") == "Job" and spec.get("ttlSecondsAfterFinished") is not None


def _missing(reading: Reading, desired: Desired) -> DriftFinding:
    asked, live = reading.asked, reading.live
    deleted = str(((live or {}).get("metadata") or {}).get("deletionTimestamp") or "")
    return DriftFinding(
        kind=DriftKind.MISSING,
        object=asked.ref,
        application=asked.application,
        declared="declared",
        live="being deleted" if deleted else "",
        time=deleted,
        sync=desired.word(asked.group, asked.ref),
    )


def _drifted(
    reading: Reading, live: Object, desired: Desired, around: Surroundings
) -> Iterator[tuple[Difference, Owner | None]]:
    """Yields every difference that is drift, with who wrote the live value."""
    autoscaled = is_autoscaled(reading.asked.ref, live, around.autoscalers)
    told: list[tuple[str, ...]] = []
    for found in _differences(reading, live, around):
        owner = owner_of(live, found.path) if found.live is not ABSENT else None
        steps = tuple(path_text((step,)) for step in found.path)
        is_told = any(steps[: len(each)] == each for each in told)
        is_mark = is_own_mark(found.path, found.live, desired.name)
        if is_told or is_mark or is_excused(found, owner, autoscaled=autoscaled):
            continue
        told.append(steps)
        yield found, owner


def _differences(reading: Reading, live: Object, around: Surroundings) -> Iterable[Difference]:
    plain = comparable(live, around.salt)
    declared = comparable(reading.asked.object, around.salt)
    if reading.rehearsed is not None:
        yield from differences(comparable(reading.rehearsed, around.salt), plain)
    else:
        yield from declared_differences(declared, plain)
    applied = last_applied(live)
    if applied is not None:
        yield from dropped(comparable(applied, around.salt), declared, plain)
    fresh = comparable(reading.fresh, around.salt) if reading.fresh else None
    found = owners(live)
    yield from undeclared(hands(found), plain, declared, fresh)
    if fresh is not None and applied is None:
        yield from undeclared(updating_appliers(found), plain, declared, fresh)


def _different(
    reading: Reading,
    live: Object,
    found: Difference,
    owner: Owner | None,
    desired: Desired,
    around: Surroundings,
) -> DriftFinding:
    asked = reading.asked
    kind = asked.ref.kind
    declared = visible(kind, found.path, found.declared, around.conceal)
    there = visible(kind, found.path, found.live, around.conceal)
    return DriftFinding(
        kind=DriftKind.DIFFERENT,
        object=asked.ref,
        application=asked.application,
        field=path_text(found.path),
        declared=declared,
        desired=_desired_value(live, found, owner, kind, around),
        live=told_apart(declared, there),
        sync=desired.word(asked.group, asked.ref),
        manager=owner.manager if owner else "",
        operation=owner.how if owner else "",
        time=owner.time if owner else "",
    )


def _desired_value(
    live: Object, found: Difference, owner: Owner | None, kind: str, around: Surroundings
) -> str:
    """Returns what was applied last, as it may be shown; nothing where no note is kept."""
    applied = last_applied(live)
    if applied is not None:
        value = value_at(comparable(applied, around.salt), found.path)
    elif owner is not None and owner.is_engine:
        value = found.live
    else:
        return ""
    return visible(kind, found.path, value, around.conceal)
