"""Judges what runs to an end: Job and CronJob.

A Job counts its attempts itself; only its own word (`Failed`) makes it stuck. A CronJob is ready
when it is accepted: its runs are nobody's precondition.
"""

from __future__ import annotations

from harness.health.reading import (
    Judgement,
    Object,
    condition,
    count,
    has_passed,
    holds,
    spec_of,
    status_of,
    words,
)
from harness.model.run import Health


def judge_job(obj: Object, now: float) -> Judgement:
    """Ready when complete; a failed Job is stuck, a suspended one has proven nothing."""
    if holds(obj, "Failed"):
        return Health.STUCK, words(condition(obj, "Failed"), "failed")
    if holds(obj, "Complete"):
        return Health.READY, "complete"
    if spec_of(obj).get("suspend"):
        return Health.PROGRESSING, "suspended: it never ran"
    return Health.PROGRESSING, _count(obj) + _overdue(obj, now)


def _count(obj: Object) -> str:
    status, wanted = status_of(obj), spec_of(obj).get("completions")
    failed = count(status, "failed")
    text = f"{count(status, 'succeeded')} completed so far"
    text += f" of {wanted}" if wanted and int(wanted) > 1 else ""
    return text + (f", {failed} failed" if failed else "")


def _overdue(obj: Object, now: float) -> str:
    seconds = spec_of(obj).get("activeDeadlineSeconds")
    passed = has_passed(status_of(obj).get("startTime"), seconds, now)
    return f"; its deadline of {seconds} s has passed" if passed else ""


def judge_cron_job(obj: Object, _: float) -> Judgement:
    """Ready when it is accepted; its runs are not waited for."""
    return Health.READY, "suspended" if spec_of(obj).get("suspend") else "scheduled"
