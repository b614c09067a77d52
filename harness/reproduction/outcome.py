"""What a run came to, and whether another run came to the same. Pure.

Same means: the same verdict, and the same root causes on the same objects; where no cause is
certain, the same stage failed with the same kind of error on the same thing. Times, ids of runs,
the place of the tree and line numbers do not count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.model.finding import Finding
from harness.model.refs import ObjectRef
from harness.model.run import RunRecord, StageState

_COUNTS = re.compile(r"\b\d+ of \d+\b")
"""How many objects were waited for is a matter of the moment."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cause:
    """A root cause on its object."""

    cause: str
    object: ObjectRef
    field: str = ""

    def __str__(self) -> str:
        return f"{self.cause} on {self.object}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended."""

    verdict: str
    exit_code: int
    causes: tuple[Cause, ...] = ()
    stage: str = ""
    """The stage that failed."""
    error: str = ""
    """Kind of its error, with what it was about."""

    def __str__(self) -> str:
        if self.causes:
            return ", ".join(str(cause) for cause in self.causes)
        return f"{self.verdict} at stage {self.stage}: {self.error}" if self.stage else self.verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two endings side by side."""

    then: Ending
    now: Ending
    differences: tuple[str, ...]
    """What differs in the endings; empty where they are the same."""

    @property
    def same(self) -> bool:
        """True when both came to the same verdict."""
        return not self.differences


def ending_of(
    run: RunRecord, findings: Sequence[Finding], *, verdict: str, exit_code: int
) -> Ending:
    """Returns how a run ended; `findings` are the root causes that ended it."""
    causes = {Cause(cause=f.cause, object=f.object, field=f.field) for f in findings}
    failed = [s for s in run.stages if s.state is StageState.FAILED]
    failed.sort(key=lambda s: s.started + s.seconds)
    error = run.error
    told = f"{type(error).__name__} on {error.subject}" if error else ""
    told = _COUNTS.sub("some", told)
    return Ending(
        verdict=verdict,
        exit_code=int(exit_code),
        causes=tuple(sorted(causes)),
        stage=failed[0].name if failed else "",
        error=told.replace(run.repository, "the tree").replace(run.run_id, "…"),
    )


def compare(then: Ending, now: Ending) -> Comparison:
    """Compares what a run came to then with what it came to now."""
    said: list[str] = []
    if then.verdict != now.verdict:
        said.append(f"the verdict was {then.verdict}, now it is {now.verdict}")
    elif then.exit_code != now.exit_code:
        said.append(f"the exit code was {then.exit_code}, now it is {now.exit_code}")
    before, after = _named(then), _named(now)
    said += [f"{cause} was found then and not now" for cause in sorted(before - after)]
    said += [f"{cause} is found now and was not then" for cause in sorted(after - before)]
    if not before | after and then.verdict == now.verdict:
        said += _failures(then, now)
    return Comparison(then=then, now=now, differences=tuple(said))


def _named(ending: Ending) -> set[str]:
    return {str(cause) for cause in ending.causes}


def _failures(then: Ending, now: Ending) -> list[str]:
    if then.stage != now.stage:
        return [f"stage {then.stage or 'none'} failed then, stage {now.stage or 'none'} now"]
    return [] if then.error == now.error else [f"{then.error} ended it then, {now.error} now"]
