"""Waits for the verdict on one published revision, and goes on watching until it is superseded.

Runs in a thread of its own, with an observer of its own that knows this revision only: what an
older commit left behind is never judged by it, and all it has seen is dropped with it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.io.kube import KubeError
from harness.loop.freeing import free_claims
from harness.loop.judging import (
    FindingKeys,
    Fresh,
    Judge,
    deployed,
    finding_keys,
    pod_start_seconds,
    unlike,
)
from harness.loop.preparing import Prepared
from harness.loop.refreshing import Refresher
from harness.loop.rolling import roll, wanted_digests
from harness.loop.screen import Shown
from harness.loop.trouble import as_harness_error, trouble_of
from harness.loop.verdicts import AuditChange, LoopVerdict, Trigger, Trouble, Word
from harness.model.finding import Finding, Outcome
from harness.stages.context import Context, Found
from harness.stages.observe import observer
from harness.stages.verdict import suspects_text, with_verdict
from harness.watch.observer import Observer
from harness.watch.readiness import application_statuses
from harness.watch.settle import Settled, Standing, settle
from harness.watch.view import ClusterView

STABLE_SECONDS = 1.0
"""So long everything must stay ready: the watching goes on and would take the word back."""
REFRESH_SECONDS = 3.0
FRESH_SECONDS = 3600.0
"""An observer is made anew after so long, so that what it remembers stays bounded."""
ENDINGS = {
    Word.SUPERSEDED: "a newer revision was published before there was a verdict",
    Word.INTERRUPTED: "the loop ended before there was a verdict",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What is known of a round before its verdict."""

    number: int
    trigger: Trigger
    began: float
    """Monotonic seconds of the save."""
    began_at: float
    """The same in epoch seconds."""
    files: tuple[str, ...] = ()
    previous: FindingKeys = frozenset()
    """The findings of the round before: they are believed again only when they last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """Who is told what."""

    verdict: Callable[[LoopVerdict], None]
    show: Callable[[Shown], None]
    note: Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class _Times:
    synced: float | None = None
    replaced: int = 0


@dataclass(slots=True, kw_only=True)
class Wait:
    """The waiting for one revision."""

    round: Round
    prepared: Prepared
    listeners: Listeners
    word: Word | None = None
    """The last verdict of this round."""
    _ending: Word = Word.SUPERSEDED
    _times: _Times = field(default_factory=_Times)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to wait."""
        name = f"round-{self.round.number}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def cancel(self, word: Word = Word.SUPERSEDED) -> None:
        """Ends the waiting soon; a round without a verdict ends with that word."""
        self._ending = word
        self.context.stopped.set()

    def join(self, seconds: float) -> None:
        """Waits for the end of the thread."""
        if self._thread is not None:
            self._thread.join(seconds)

    @property
    def context(self) -> Context:
        """The context of the round."""
        return self.prepared.context

    def _run(self) -> None:
        try:
            self._free()
            self._times.replaced = roll(self.context, self.prepared.delivered)
            while not self.context.stopped.is_set():
                self._watch()
        except Exception as error:  # a thread that dies would leave the round without a word
            if not self.context.stopped.is_set():
                trouble = trouble_of(as_harness_error(error), self.context.options.repository)
                self._tell(Word.FAILED, trouble.paragraph, trouble=trouble)
        if self.word is None:
            self._tell(self._ending, ENDINGS[self._ending])

    def _free(self) -> None:
        for text in free_claims(self.context.kube.get(), self.context.declaration.get()):
            self.listeners.note(text)

    def _watch(self) -> None:
        """Waits with one observer until it is too old or the round is over."""
        self.context.observer = Found("the observer")
        watching = observer(self.context)
        done = threading.Event()
        try:
            if self.word is None:
                refreshing = threading.Thread(target=self._refresh, args=(done,), daemon=True)
                refreshing.start()
            self._judge(watching)
        finally:
            done.set()
            watching.__exit__(None, None, None)

    def _judge(self, watching: Observer) -> None:
        clock, end = self.context.clock, self.context.clock.monotonic() + FRESH_SECONDS
        goal = deployed(
            self.context.declaration.get(),
            self.context.revision.get(),
            wanted_digests(self.context),
            clock,
            self._synced,
        )
        fresh = Fresh(
            declaration=self.context.declaration.get(),
            revision=self.context.revision.get(),
            previous=self.round.previous if self.word is None else frozenset(),
            clock=clock,
            began=clock.monotonic(),
        )
        judge = self._showing(
            fresh.judge(with_verdict(goal, self.context, watching), self._findings), fresh
        )
        while not self.context.stopped.is_set() and clock.monotonic() < end:
            known = finding_keys(self.context.run.diagnosis) if self.word else frozenset()
            ended = settle(
                watching.view,
                unlike(self.word, known, judge, lambda: finding_keys(self.context.run.diagnosis)),
                clock=clock,
                deadline_seconds=self._deadline(end - clock.monotonic()),
                stable_seconds=STABLE_SECONDS,
                cancelled=self.context.stopped,
            )
            if not self.context.stopped.is_set():
                self._ended(ended, watching.view)

    def _deadline(self, left: float) -> float:
        limits = self.context.settings.deadlines
        return left if self.word is not None else limits.sync + limits.ready

    def _findings(self) -> tuple[Finding, ...]:
        diagnosis = self.context.run.diagnosis
        return diagnosis.findings if diagnosis else ()

    def _showing(self, judge: Judge, fresh: Fresh) -> Judge:
        declaration, revision = self.context.declaration.get(), self.context.revision.get()

        def judged(view: ClusterView) -> Standing:
            standing, run = judge(view), self.context.run
            run.applications = application_statuses(view, declaration.applications, revision)
            run.objects = list(standing.objects) or run.objects
            self.listeners.show(
                Shown(
                    line=standing.line,
                    revision=revision,
                    applications=tuple(run.applications),
                    objects=tuple(run.objects),
                    diagnosis=None if fresh.holding else run.diagnosis,
                )
            )
            return standing

        return judged

    def _synced(self) -> None:
        if self._times.synced is None:
            self._times.synced = self.context.clock.monotonic() - self.round.began

    def _refresh(self, done: threading.Event) -> None:
        """Has Argo CD look at the new commit, and again at what failed meanwhile."""
        refresher = Refresher(
            kube=self.context.kube.get(),
            revision=self.context.revision.get(),
            statuses=lambda: tuple(self.context.run.applications),
        )
        while not (done.is_set() or self.context.stopped.is_set()):
            refresher.ask()
            with contextlib.suppress(KubeError):
                self._free()
            if self._times.synced is not None or self.word is not None:
                return
            done.wait(REFRESH_SECONDS)

    def _ended(self, ended: Settled, view: ClusterView) -> None:
        diagnosis = self.context.run.diagnosis
        if ended.standing.failed:
            outcome = diagnosis.outcome if diagnosis else Outcome.FAILED
            word = Word.RUNNER if outcome is Outcome.RUNNER else Word.FAILED
            self._tell(word, ended.standing.line)
        elif ended.ok:
            self._tell(Word.HEALTHY, self._healthy_line(ended.standing), self._started(view))
        elif self.word is None:
            suspects = suspects_text(diagnosis)
            said = f"; suspected: {suspects}" if suspects else ""
            self._tell(Word.STALLED, f"{ended.standing.line}{said}")

    def _healthy_line(self, standing: Standing) -> str:
        count, revision = len(self.context.run.applications), self.context.revision.get()
        return f"{standing.count}, {count} Applications synced at {revision[:8]}"

    def _started(self, view: ClusterView) -> float | None:
        places = self.context.declaration.get().namespaces
        pods = [pod for place in places for pod in view.all("Pod", place)]
        return pod_start_seconds(list(pods), self.round.began_at)

    def _tell(
        self,
        word: Word,
        line: str,
        started: float | None = None,
        trouble: Trouble | None = None,
    ) -> None:
        again, run, round_ = self.word is not None, self.context.run, self.round
        self.word = word
        certain = word not in {Word.SUPERSEDED, Word.INTERRUPTED}
        verdict = LoopVerdict(
            round=round_.number,
            word=word,
            trigger=Trigger.CLUSTER if again else round_.trigger,
            at=self.context.clock.now().timestamp(),
            seconds=self.context.clock.monotonic() - round_.began,
            synced_seconds=self._times.synced,
            pod_start_seconds=started,
            revision=self.context.revision.get(),
            files=round_.files,
            steps=self.prepared.steps,
            built=self.prepared.delivered,
            replaced=self._times.replaced,
            line=line,
            diagnosis=run.diagnosis if certain else None,
            trouble=trouble,
            audit=AuditChange() if again else self.prepared.audit,
        )
        self.listeners.verdict(verdict)
