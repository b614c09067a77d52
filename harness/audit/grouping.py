"""Faults with the same root become one finding, in the order of severity, then of reach. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from harness.audit.catalogue import rules
from harness.audit.finding import AuditFinding, Fault, Severity
from harness.audit.scope import distinct

Locate = Callable[[Fault], tuple[str, int]]
"""Gives file and line of a fault; an empty file where they are not known."""
ORDER = tuple(Severity)


def findings(faults: Iterable[Fault], locate: Locate) -> tuple[AuditFinding, ...]:
    """Returns one finding per root.

    Two faults have the same root when rule, severity, kind and name of the object agree, and
    namespace and field too, or else the line that must change. Of a rule that merges, the same fix
    is one root.
    """
    by_root: dict[tuple[object, ...], AuditFinding] = {}
    by_place: dict[tuple[object, ...], tuple[object, ...]] = {}
    for fault in faults:
        found = _finding(fault, locate)
        if rules()[found.rule].merges:
            habit = (found.rule, found.severity, found.fix)
            found = replace(found, users=found.users or (found.object,))
            by_root[habit] = _merged(by_root[habit], found) if habit in by_root else found
            continue
        name = (found.rule, found.severity, found.object.kind, found.object.name)
        root = (*name, found.object.namespace, found.field)
        place = (*name, found.file, found.line) if found.line else root
        key = by_place.setdefault(place, root)
        by_root[key] = _merged(by_root[key], found) if key in by_root else found
    return tuple(sorted(by_root.values(), key=_rank))


def _finding(fault: Fault, locate: Locate) -> AuditFinding:
    file, line = (fault.file, fault.line) if fault.file else locate(fault)
    return AuditFinding(
        rule=fault.rule,
        severity=fault.severity or rules()[fault.rule].severity,
        object=fault.object,
        message=fault.message,
        expected=fault.expected,
        fix=fault.fix,
        cause=fault.cause,
        field=fault.field if fault.user is None else "",
        overlays=(fault.source,) if fault.source else (),
        users=(fault.user,) if fault.user else (),
        file=file,
        line=line,
    )


def _merged(one: AuditFinding, other: AuditFinding) -> AuditFinding:
    return replace(
        one,
        overlays=tuple(dict.fromkeys((*one.overlays, *other.overlays))),
        users=distinct((*one.users, *other.users)),
    )


def _rank(found: AuditFinding) -> tuple[int, int, str, str, str, int]:
    return (
        ORDER.index(found.severity),
        -len(found.users),
        found.rule,
        str(found.object),
        found.file,
        found.line,
    )
