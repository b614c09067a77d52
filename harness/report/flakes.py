"""What earlier runs say about this one: slower than the last ten, failed twice in ten, flaky.

Pure: one `Past` per run, the oldest first; what is compared is of the same repository and
environment. A run is slow when it takes longer than every one of the last ten that passed, and half
as long again as their median, and by ten seconds or more. The file is `flakes_file`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from statistics import median

from harness.model.run import RunRecord, StageState
from harness.report.findings import shown_findings
from harness.report.verdict import Verdict, failed_stage, verdict
from harness.report.wording import counted, duration

LAST = 10
FEWEST = 3
"""With fewer runs to compare with, nothing is said about times."""
SLOWER = 1.5
SLOWER_SECONDS = 10.0
SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One run as it is remembered."""

    at: str
    """When it began: UTC, ISO 8601."""
    repository: str
    """Name of its folder; a checkout lies elsewhere on every machine."""
    environment: str
    verdict: str
    seconds: float
    revision: str = ""
    reasons: tuple[str, ...] = ()
    """Cause and object of each root cause, else the stage that failed."""
    times: dict[str, float] = field(default_factory=dict)
    """Seconds of each stage (`stage sync`) and until each workload was ready."""

    @property
    def passed(self) -> bool:
        """True for a run that passed."""
        return self.verdict == Verdict.PASSED


def remembered(run: RunRecord) -> Past:
    """Returns what is kept of a run."""
    stage = failed_stage(run)
    reasons = tuple(f"{f.cause} on {f.object}" for f in shown_findings(run))
    stages = {f"stage {s.name}": s.seconds for s in run.stages if s.state is StageState.PASSED}
    ready = {str(o.ref): o.ready_after_seconds for o in run.objects}
    return Past(
        at=run.started_at,
        repository=PurePath(run.repository).name,
        environment=run.environment,
        verdict=str(verdict(run)),
        seconds=round(run.seconds, 1),
        revision=run.facts.get("revision", ""),
        reasons=reasons or ((f"stage {stage.name}",) if stage else ()),
        times={
            name: round(seconds, 1)
            for name, seconds in {**stages, **ready}.items()
            if seconds is not None
        },
    )


def remarks(now: Past, history: Sequence[Past]) -> list[str]:
    """Returns what the earlier runs say about a run, the most telling first; often nothing."""
    past = [
        p for p in history if (p.repository, p.environment) == (now.repository, now.environment)
    ]
    counted_ones = [p for p in past if p.verdict in {Verdict.PASSED, Verdict.FAILED}]
    if now.verdict not in {Verdict.PASSED, Verdict.FAILED}:
        return []
    return [
        *_same_revision(now, counted_ones),
        *_failures([*counted_ones, now][-LAST:]),
        *_slower(now, [p for p in counted_ones if p.passed][-LAST:]),
    ]


def _same_revision(now: Past, past: Sequence[Past]) -> list[str]:
    other = [p for p in past if p.revision == now.revision and p.passed != now.passed]
    if not now.revision or not other:
        return []
    last = other[-1]
    word = "passed" if last.passed else f"failed ({_reasons(last)})"
    return [f"flaky: the same revision {now.revision[:8]} {word} at {last.at}"]


def _failures(window: Sequence[Past]) -> list[str]:
    failed = [p for p in window if not p.passed]
    if len(failed) < 2 or len(failed) == len(window):
        return []
    tally = Counter(reason for p in failed for reason in p.reasons)
    named = ", ".join(
        f"{reason} ({counted(times, 'time')})" for reason, times in tally.most_common(SHOWN)
    )
    said = f"{len(failed)} of the last {len(window)} runs failed"
    return [f"{said}: {named}" if named else said]


def _reasons(past: Past) -> str:
    return ", ".join(past.reasons[:SHOWN]) or "no reason was kept"


def _slower(now: Past, past: Sequence[Past]) -> list[str]:
    if not now.passed or len(past) < FEWEST:
        return []
    whole = _slow_text("the run", now.seconds, [p.seconds for p in past])
    parts = []
    for name, seconds in now.times.items():
        before = [p.times[name] for p in past if name in p.times]
        text = _slow_text(name, seconds, before) if len(before) >= FEWEST else ""
        if text:
            parts.append((seconds - median(before), text))
    parts.sort(reverse=True)
    return [text for text in (whole, *(text for _, text in parts[:SHOWN])) if text]


def _slow_text(what: str, seconds: float, before: Sequence[float]) -> str:
    usual = median(before)
    limit = max(*before, usual * SLOWER, usual + SLOWER_SECONDS)
    if seconds <= limit:
        return ""
    return (
        f"{what} took {duration(seconds)}, longer than each of the last {len(before)} that passed "
        f"(median {duration(usual)})"
    )
