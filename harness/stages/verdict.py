"""Joins a wait with the diagnosis: the goal is reached, or a root cause ends the wait at once.

The diagnosis is computed whenever the cluster changes. Nothing is claimed, freed or ended before it
knows everything that was listed. A first root is shown immediately; the wait ends when no second,
independent fault is about to show (`harness.diagnosis.ending`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.diagnosis.ending import may_end
from harness.model.errors import HarnessError, RootCauseError, RunnerError
from harness.model.finding import Diagnosis, Finding, Outcome
from harness.repo.places import Places
from harness.stages.context import Context
from harness.stages.unjam import Unjammer, added_notes
from harness.watch.observer import Diagnosing
from harness.watch.settle import READING, Standing
from harness.watch.view import ClusterView

Judge = Callable[[ClusterView], Standing]


def with_verdict(goal: Judge, context: Context, observer: Diagnosing) -> Judge:
    """Returns the judgement that also fails when a root cause is certain."""
    places, unjammer = Places(context.declaration.get()), Unjammer(context.kube.get())
    is_ours = context.options.existing is None  # of others nothing is freed

    def judge(view: ClusterView) -> Standing:
        standing = goal(view)
        diagnosis, facts = observer.diagnosis()
        if observer.unread(facts):
            return replace(standing, reached=False, line=READING)
        context.run.diagnosis = places.filled(diagnosis)
        if is_ours:
            unjammer.free(facts)
        context.run.notes += added_notes(unjammer, context.run.notes)
        if not diagnosis.findings:
            return standing
        first = min(f.decided_at for f in diagnosis.findings)
        standing = replace(standing, reached=False, line=_headline(diagnosis.findings))
        if may_end(diagnosis, facts, first_root_at=first, keep_going=context.options.keep_going):
            return replace(standing, failed=standing.line)
        return standing

    return judge


def verdict_error(diagnosis: Diagnosis) -> HarnessError:
    """Returns the error that a run with these findings ends with."""
    lead, more = diagnosis.findings[0], diagnosis.findings[1:]
    kind = RunnerError if diagnosis.outcome is Outcome.RUNNER else RootCauseError
    others = f" (and {len(more)} more: {', '.join(_name(f) for f in more)})" if more else ""
    return kind(
        attempted="Bringing up",
        subject=f"{lead.object}{others}",
        seen=f"{lead.cause}: {lead.seen}",
        expected=lead.expected,
        next_step=_next_step(lead),
    )


def suspects_text(diagnosis: Diagnosis | None, shown: int = 3) -> str:
    """Returns the most probable causes that are not certain, in one clause; empty for none."""
    suspects = diagnosis.suspects if diagnosis else ()
    return "; ".join(f"{s.cause} on {s.object}: {s.seen}" for s in suspects[:shown])


def _next_step(finding: Finding) -> str:
    where = f" ({finding.file}:{finding.line})" if finding.file else ""
    return f"{finding.fix}{where}"


def _name(finding: Finding) -> str:
    return f"{finding.cause} on {finding.object}"


def _headline(findings: Sequence[Finding]) -> str:
    return f"root cause: {', '.join(_name(f) for f in findings)}"
