"""The loop itself: start, then a round for every save, until a person ends it.

One thread prepares rounds, one waits for the verdict on the published revision, one watches the
files, one reads keys. A save during a round is prepared beside its waiting; as soon as the newer
revision is published, the older round is superseded. What cannot be prepared changes nothing.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.gitops.tree_listing import Git
from harness.io.kube import KubeError
from harness.loop.actions import full_run, show_log, take_evidence
from harness.loop.ending import interruptible, keep_or_remove
from harness.loop.events import (
    HELP,
    Event,
    Means,
    Pressed,
    Quit,
    Saved,
    Waiting,
    Wishes,
    coalesced,
)
from harness.loop.judging import FindingKeys, finding_keys
from harness.loop.keys import DOWN, UP
from harness.loop.saves import QUIET_MILLISECONDS, SaveWatch
from harness.loop.screen import LoopScreen
from harness.loop.session import Session
from harness.loop.tree_files import listed_files, mattering
from harness.loop.trouble import as_harness_error, trouble_of
from harness.loop.verdicts import History, LoopVerdict, Trigger, Word
from harness.loop.waiting import Listeners, Round
from harness.model.errors import HarnessError, ImageError, RepositoryError, UsageError
from harness.stages.context import Context
from harness.stages.names import bare_repository

LIST_SECONDS = 30.0
ENDING_SECONDS = 5.0


@dataclass(slots=True, kw_only=True)
class Loop:
    """One loop on one context."""

    context: Context
    screen: LoopScreen
    wishes: Wishes
    means: Means = field(default_factory=Means)
    history: History = field(default_factory=History)
    _events: queue.SimpleQueue[Event] = field(default_factory=queue.SimpleQueue)
    _wait: Waiting | None = None
    _session: Session | None = None
    _rounds: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> int:
        """Runs until a person ends it; returns the exit code of the last verdict.

        Raises:
            HarnessError: The machine, the bundle or the cluster cannot be had.
        """
        root, environment = self.context.options.repository, self.context.options.environment
        self.screen.begin(f"loop on {root}, environment {environment}")
        watch = SaveWatch(
            root,
            self._written,
            apart=(self.context.options.output, self.context.folder.path),
            say=self.screen.note,
        )
        with interruptible(self.stop):
            watch.start()
            try:
                self._session = self._started()
                if self._session is not None and not self._over.is_set():
                    self._round(self._session, Trigger.START, (), self._now())
                    self._guarded(self._list_files)
                    self._serve(self._session)
            finally:
                self._end(watch)
        return self.history.exit_code

    def key(self, key: str) -> None:
        """Takes a key; quick ones act at once, the others in their turn."""
        if key in {"q", "Q"}:
            self.stop()
        elif key == "?":
            self.screen.help(HELP)
        elif key in {UP, DOWN}:
            self.screen.select(-1 if key == UP else 1)
        elif key == "l":
            wait = self._wait
            show_log(wait.context if wait else None, self.screen)
        elif key in {"r", "e", "f"}:
            self._events.put(Pressed(key=key))

    def stop(self) -> None:
        """Ends the loop soon; safe to call from a signal handler."""
        self._over.set()
        self.context.cancelled.set()
        self.context.stopped.set()
        preparing = self._session.preparing if self._session else None
        if preparing is not None:
            preparing.stopped.set()
        self._events.put(Quit())
        # In a thread, as the one that is interrupted here may hold the lock of the processes.
        threading.Thread(target=self.context.runner.cancel, daemon=True).start()

    # -- the start ---------------------------------------------------------------------------

    def _started(self) -> Session | None:
        starting = self.means.begin(self.context, self.screen)
        starting.machine()
        while not self._over.is_set():
            began = self._now()
            try:
                starting.tree()
                return None if self._over.is_set() else starting.cluster()
            except (RepositoryError, UsageError, ImageError) as error:
                if self.context.kube.known:
                    raise
                self._tell_broken(error, Trigger.START, (), began)
            self._next_save()
        return None

    def _next_save(self) -> None:
        """Waits for a save before anything is deployed."""
        while not isinstance(self._events.get(), (Saved, Quit)):
            pass

    # -- the rounds --------------------------------------------------------------------------

    def _serve(self, session: Session) -> None:
        while not self._over.is_set():
            event = self._events.get()
            match event:
                case Saved():
                    self._saved(session, coalesced(event, self._events))
                case Pressed(key="r"):
                    self._round(session, Trigger.RETRY, (), self._now())
                case Pressed(key="e"):
                    self._guarded(lambda: take_evidence(self._current(), self.screen))
                case Pressed(key="f"):
                    self._full_run()
                case _:
                    pass

    def _saved(self, session: Session, saved: Saved) -> None:
        try:
            files = self._mattering(session, saved.files)
        except HarnessError as error:
            self._tell_broken(error, Trigger.SAVE, saved.files, saved.at)
            return
        if files:
            self._round(session, Trigger.SAVE, files, saved.at)

    def _mattering(self, session: Session, written: tuple[str, ...]) -> tuple[str, ...]:
        before = session.files
        self._list_files()
        return mattering(written, before, session.files, session.contexts)

    def _list_files(self) -> None:
        """Remembers which files Git counts to the tree."""
        if self._session is None:
            return
        git = Git(
            runner=self.context.runner,
            tree=self.context.options.repository,
            deadline_seconds=LIST_SECONDS,
        )
        self._session.files = listed_files(git, bare=bare_repository(self.context))

    def _round(
        self, session: Session, trigger: Trigger, files: tuple[str, ...], began: float
    ) -> None:
        self._rounds += 1
        clock = self.context.clock
        round_ = Round(
            number=self._rounds,
            trigger=trigger,
            began=began,
            began_at=clock.now().timestamp() - (clock.monotonic() - began),
            files=files,
            previous=self._previous(),
        )
        self.screen.saved(round_.number, files)
        try:
            prepared = self.means.prepare(session, files, self.screen)
        except (HarnessError, KubeError, OSError) as error:
            if not self._over.is_set():
                self._tell_broken(as_harness_error(error), trigger, files, began)
            return
        if trigger is Trigger.SAVE and not (prepared.published or prepared.delivered):
            self.screen.note(f"round {round_.number}: nothing that is deployed changed")
            return
        if self._wait is not None:
            self._wait.cancel()
        listeners = Listeners(
            verdict=self._judged, show=self.screen.standing, note=self.screen.note
        )
        self._wait = self.means.wait(round_, prepared, listeners)
        self._wait.start()

    def _previous(self) -> FindingKeys:
        """What the round before said, as far as it came."""
        wait = self._wait
        return finding_keys(wait.context.run.diagnosis) if wait else frozenset()

    def _judged(self, verdict: LoopVerdict) -> None:
        self.history.add(verdict)
        self.screen.verdict(verdict)
        if verdict.word is Word.HEALTHY and self.wishes.once_green:
            self.stop()

    def _tell_broken(
        self, error: HarnessError, trigger: Trigger, files: tuple[str, ...], began: float
    ) -> None:
        trouble = trouble_of(error, self.context.options.repository)
        revision = self._session.revision if self._session else ""
        stays = f"; {revision[:8]} stays deployed" if revision else ""
        self._judged(
            LoopVerdict(
                round=self._rounds,
                word=Word.BROKEN,
                trigger=trigger,
                at=self.context.clock.now().timestamp(),
                seconds=self._now() - began,
                revision=revision,
                files=files,
                line=f"{error.attempted} {error.subject} failed{stays}",
                trouble=trouble,
            )
        )

    # -- keys --------------------------------------------------------------------------------

    def _current(self) -> Context:
        return self._wait.context if self._wait else self.context

    def _full_run(self) -> None:
        wait = self._wait
        if wait is None or wait.word is not Word.HEALTHY:
            self.screen.note("not everything is ready; a full run proves what is ready")
            return
        output = self.context.options.output
        self._judged(full_run(wait.context, wait.round, self.screen, output))

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except (HarnessError, KubeError, OSError) as error:
            self.screen.note(as_harness_error(error).paragraph())

    # -- the end -----------------------------------------------------------------------------

    def _end(self, watch: SaveWatch) -> None:
        watch.stop()
        if self._wait is not None:
            self._wait.cancel(Word.INTERRUPTED)
            self._wait.join(ENDING_SECONDS)
        self.context.runner.resume()
        try:
            keep_or_remove(self.context, self.screen.note, down=self.wishes.down)
        finally:
            self.screen.finish()

    def _written(self, files: tuple[str, ...]) -> None:
        # The watching tells of a batch when nothing was written for so long.
        self._events.put(Saved(files=files, at=self._now() - QUIET_MILLISECONDS / 1000))

    def _now(self) -> float:
        return self.context.clock.monotonic()
