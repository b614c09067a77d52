"""Says what a finished run means: one word, one sentence, and the counts behind it.

Every format of the report starts from here, so that none is kinder than another. An object counts
as ready only when it was judged ready; "not judged" counts as neither ready nor failed. Nothing is
drawn or written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.model.errors import ExitCode
from harness.model.run import (
    Health,
    ImageDelivery,
    ObjectStatus,
    RunRecord,
    StageRecord,
    StageState,
)
from harness.report.findings import shown_findings
from harness.report.wording import counted, cut, duration

MOST_URGENT_FIRST = (
    Health.STUCK,
    Health.MISSING,
    Health.TERMINATING,
    Health.PROGRESSING,
    Health.NOT_JUDGED,
)
TOLERATED = frozenset({Health.READY, Health.NOT_JUDGED})
"""What an object may be in a run that passed; one that was not judged is named all the same."""


class Verdict(StrEnum):
    """How a run ended."""

    PASSED = "passed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    INCOMPLETE = "incomplete"
    """Nothing failed, but a stage was skipped or never began: that proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many of each thing came out well, and of how many."""

    stages: tuple[int, int]
    applications: tuple[int, int]
    objects: tuple[int, int]
    proofs: tuple[int, int]
    not_judged: int
    images: int
    substituted: int


def is_ready(status: ObjectStatus) -> bool:
    """True only for an object that was judged ready."""
    return status.health is Health.READY


def waiting(objects: Sequence[ObjectStatus]) -> list[ObjectStatus]:
    """Returns the objects that are not ready, the most urgent first."""
    unready = [status for status in objects if not is_ready(status)]
    return sorted(unready, key=lambda s: (MOST_URGENT_FIRST.index(s.health), s.ref))


def is_substituted(image: ImageDelivery) -> bool:
    """True when something else was delivered under the declared name."""
    return image.origin == "substituted"


def verdict(run: RunRecord) -> Verdict:
    """Returns how the run ended; an interruption outranks the errors it causes."""
    states = {stage.state for stage in run.stages}
    if run.interrupted:
        return Verdict.INTERRUPTED
    if run.error is not None or StageState.FAILED in states:
        return Verdict.FAILED
    if StageState.RUNNING in states:
        return Verdict.INTERRUPTED
    if not run.passed:
        return Verdict.INCOMPLETE
    return Verdict.FAILED if contradictions(run) else Verdict.PASSED


def contradictions(run: RunRecord) -> list[str]:
    """Returns what is not as it should be in a run whose stages all passed; nothing is right."""
    return [
        *(f"Application {a.name}" for a in run.applications if not a.passed),
        *(str(status.ref) for status in run.objects if status.health not in TOLERATED),
        *(f"proof {proof.name}" for proof in run.proofs if not proof.passed),
    ]


def exit_code(run: RunRecord) -> int:
    """Returns the exit code that belongs to the verdict."""
    match verdict(run):
        case Verdict.PASSED:
            return ExitCode.OK
        case Verdict.INTERRUPTED:
            return ExitCode.INTERRUPTED
        case _:
            return run.error.exit_code if run.error else ExitCode.INTERNAL


def tally(run: RunRecord) -> Tally:
    """Returns the counts of the run."""
    return Tally(
        stages=(sum(s.state is StageState.PASSED for s in run.stages), len(run.stages)),
        applications=(sum(a.passed for a in run.applications), len(run.applications)),
        objects=(sum(is_ready(o) for o in run.objects), len(run.objects)),
        proofs=(sum(p.passed for p in run.proofs), len(run.proofs)),
        not_judged=sum(o.health is Health.NOT_JUDGED for o in run.objects),
        images=len(run.images),
        substituted=sum(is_substituted(image) for image in run.images),
    )


def failed_stage(run: RunRecord) -> StageRecord | None:
    """Returns the stage whose error is the run's error, else the first that failed."""
    first = [s for s in run.stages if s.error is not None and s.error is run.error]
    return next(iter(first or [s for s in run.stages if s.state is StageState.FAILED]), None)


def headline(run: RunRecord) -> str:
    """Returns the verdict in one sentence."""
    match verdict(run):
        case Verdict.PASSED:
            return f"{_achievements(run)} in {duration(run.seconds)}."
        case Verdict.FAILED:
            return _failure(run)
        case Verdict.INTERRUPTED:
            cause = f" by {run.interrupted}" if run.interrupted else ""
            return f"Interrupted{cause} after {duration(run.seconds)}{_during(run)}."
        case Verdict.INCOMPLETE:
            passed, total = tally(run).stages
            return f"Only {passed} of {counted(total, 'stage')} ran: this run proves nothing yet."


def _failure(run: RunRecord) -> str:
    stage, findings = failed_stage(run), shown_findings(run)
    if findings:
        named = "; ".join(f"{f.cause} on {f.object}" for f in findings[:3])
        more = f" and {len(findings) - 3} more" if len(findings) > 3 else ""
        return f"Root cause after {duration(run.seconds)}: {named}{more}."
    if stage:
        return f"Stage “{stage.title}” failed after {duration(run.seconds)}."
    wrong = contradictions(run)
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    named = ", ".join(cut(text, 90) for text in wrong[:3])
    return f"Every stage passed, yet not all is well: {named}{more}."


def stage_remark(stage: StageRecord, run: RunRecord) -> str:
    """Returns a stage's detail and its error, unless that is the error the whole run is about."""
    own = stage.error if stage.error is not run.error or run.interrupted else None
    return " ".join(part for part in (stage.detail, own.paragraph() if own else "") if part)


def _achievements(run: RunRecord) -> str:
    counts = tally(run)
    said = [
        f"{good} of {counted(total, noun)} {word}"
        for (good, total), noun, word in (
            (counts.applications, "Application", "synced"),
            (counts.objects, "workload", "ready"),
            (counts.proofs, "proof", "held"),
        )
        if total
    ]
    if counts.not_judged:
        said.append(f"{counts.not_judged} not judged")
    return ", ".join(said) or f"{counted(counts.stages[0], 'stage')} passed"


def _during(run: RunRecord) -> str:
    running = [f"“{s.title}”" for s in run.stages if s.state is StageState.RUNNING]
    return f" during {' and '.join(running)}" if running else ""
