"""A failing probe as a signal: what all rules about probes fill in alike. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from harness.diagnosis.rules.probe.probe_failures import Failing
from harness.diagnosis.signal import Need, Signal

LONGEST = 200
BEGINNING = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """What to change in the workload."""

    field: str
    expected: str
    fix: str


def pinned(each: Failing, cause: str, need: Need, mend: Mend, *, seen: str = "") -> Signal:
    """Returns the signal of a fault that its text or the manifest pins."""
    workload = each.container.workload
    return Signal(
        cause=cause,
        at=workload,
        root=workload,
        field=mend.field,
        seen=seen or told(each),
        expected=mend.expected,
        fix=mend.fix,
        need=need,
        count=each.count,
        since=each.since,
        # The pod is unready now, whenever the newest event that was not lost is from.
        last=each.now,
        by_text=True,
    )


def told(each: Failing) -> str:
    """Returns the kubelet's newest text, and how often and how long it was told."""
    failure = each.failure
    lasting = each.now - each.since
    if failure is not None:
        lasting = max(lasting, failure.last - failure.first)
    times = f"{each.count} times in {lasting:.0f} s" if each.count > 1 else "once"
    return f'{each.pod.ref.name}: "{shortened(each.text)}", {times}'


def shortened(text: str) -> str:
    """Returns a text of the kubelet on one line: a long one tells its reason at the end."""
    line = " ".join(text.split())
    if len(line) <= LONGEST:
        return line
    return f"{line[:BEGINNING]} … {line[BEGINNING - LONGEST :]}"
