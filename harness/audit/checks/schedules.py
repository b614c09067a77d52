"""Schedules of CronJobs as Kubernetes parses them: five fields, or a descriptor. Pure.

Source: robfig/cron v3 `ParseStandard` (no seconds, no `L`, `W`, `#`; the day of the week ends at 6)
and Kubernetes `pkg/apis/batch/validation` (no `TZ=` before it: `spec.timeZone`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.audit.finding import Fault, NotJudged
from harness.audit.reading import group_of, is_placeholder, text_at
from harness.audit.scope import Declared, Scope
from harness.audit.world import world

if TYPE_CHECKING:  # all_checks imports this module
    from harness.audit.checks.all_checks import ScopeCheck

DESCRIPTORS = frozenset(
    {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 6, _DAYS),
)
_EVERY = re.compile(r"@every (?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+")
_RANGE = re.compile(r"(?P<low>[^-/]+)(?:-(?P<high>[^-/]+))?(?:/(?P<step>[^-/]+))?")


def schedules_are_valid(scope: Scope) -> Iterable[Fault | NotJudged]:
    """Yields the CronJobs whose schedule cannot be parsed."""
    for each in world(scope).of_kind("CronJob"):
        schedule = text_at(each.object, "spec", "schedule")
        if schedule and not is_placeholder(schedule) and group_of(each.object) == "batch":
            wrong = fault_of(schedule)
            if wrong:
                yield _fault(each, schedule, wrong)


def fault_of(schedule: str) -> str:
    """Returns what is wrong with a schedule; empty for a right one."""
    if schedule.startswith(("TZ=", "CRON_TZ=")):
        return "a time zone belongs into spec.timeZone"
    if schedule.startswith("@"):
        is_known = schedule in DESCRIPTORS or _EVERY.fullmatch(schedule)
        return "" if is_known else f"{schedule} is no descriptor"
    words = schedule.split()
    if len(words) != len(_FIELDS):
        return f"it has {len(words)} fields in place of 5"
    wrong = (_fault_of_field(w, *f) for w, f in zip(words, _FIELDS, strict=True))
    return next((each for each in wrong if each), "")


def _fault_of_field(word: str, title: str, low: int, high: int, names: tuple[str, ...]) -> str:
    for part in filter(None, word.split(",")):
        if not _is_range(part, low, high, names):
            return f"{part} is no {title} ({low} to {high})"
    return ""


def _is_range(part: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    found = _RANGE.fullmatch(part)
    if found is None:
        return False
    step = found["step"]
    if step is not None and (not step.isdecimal() or int(step[:9]) == 0):
        return False
    if found["low"] in {"*", "?"}:
        return True
    first = _number(found["low"], low, names)
    last = first if found["high"] is None else _number(found["high"], low, names)
    return first is not None and last is not None and low <= first <= last <= high


def _number(word: str, low: int, names: tuple[str, ...]) -> int | None:
    if word.lower() in names:
        return names.index(word.lower()) + low
    return int(word[:9]) if word.isdecimal() and word.isascii() else None


def _fault(each: Declared, schedule: str, wrong: str) -> Fault:
    return Fault(
        rule="cronjob-schedule-invalid",
        object=each.ref,
        cause="A13",
        message=f"spec.schedule of {each.ref} is {schedule!r}: {wrong}",
        expected="minute, hour, day of month, month, day of week, e.g. 30 2 * * 0",
        fix=f"correct spec.schedule of {each.ref}",
        field="spec.schedule",
        value=schedule,
        source=each.source.path,
    )


CHECKS: tuple[ScopeCheck, ...] = (schedules_are_valid,)
