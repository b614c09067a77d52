"""The harness as it works in a run of its own: watching since before the first object came.

`harness diagnose` comes from outside when something is already there, and its start counts. In
`harness e2e` the observer runs from before the sync on; that is measured here, with what the case
declares. It is in this process, looks at every change and ends as the stages do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from bench.arena import ENGINE_NAMESPACE, Arena
from bench.manifests import namespaced
from bench.results import Attempt
from bench.verdict import Word, root_texts
from harness.diagnosis.ending import may_end
from harness.io.clock import SystemClock
from harness.io.kube import Kube
from harness.model.finding import Diagnosis, Outcome
from harness.model.timeline import DeclaredObject, Header
from harness.watch.observer import Observer

IN_RUN = "harness in a run"
SYSTEM = ("kube-system", "local-path-storage", ENGINE_NAMESPACE)
COMPLETE_SECONDS = 60.0
STABLE_SECONDS = 5.0
DEBOUNCE_SECONDS = 0.1
LONGEST_LOOK_SECONDS = 1.0


def header(arena: Arena) -> Header:
    """Returns what a run would know of a case before anything is seen."""
    declared = [namespaced(obj, arena.namespace) for obj in arena.case.declared]
    return Header(
        started=time.time(),
        environment="bench",
        namespaces=(arena.namespace,),
        declared=tuple(DeclaredObject(object=o, application=arena.application) for o in declared),
        expected_applications=(arena.application,) if arena.application else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the observer said, and when (epoch seconds)."""

    word: Word
    at: float
    diagnosis: Diagnosis | None = None


class InRun:
    """Watches a namespace from before the delivery until a verdict or until it is left."""

    def __init__(self, arena: Arena, kube: Kube) -> None:
        self._arena = arena
        self._observer = Observer(
            kube,
            header(self._arena),
            clock=SystemClock(),
            watch=(self._arena.namespace, *SYSTEM),
        )
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._said: Said | None = None

    def __enter__(self) -> Self:
        self._observer.__enter__()
        end = time.monotonic() + COMPLETE_SECONDS
        while self._observer.unread(self._observer.diagnosis()[1]):
            if time.monotonic() > end:
                message = f"the view of {self._arena.namespace} was not read"
                raise TimeoutError(message)
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(LONGEST_LOOK_SECONDS * 5)
        self._observer.__exit__()

    def begin(self) -> None:
        """Begins to judge: the objects are delivered."""
        self._thread.start()

    def finish(self, seconds: float) -> None:
        """Lets it come to its end, so long at most."""
        self._thread.join(seconds)

    def _look(self) -> None:
        seen, healthy_since = -1, 0.0
        while not self._stopped.is_set():
            diagnosis, facts = self._observer.diagnosis()
            now = time.time()
            first = min((f.decided_at for f in diagnosis.findings), default=0.0)
            if may_end(diagnosis, facts, first_root_at=first):
                self._said = Said(word=Word.FAILED, at=now, diagnosis=diagnosis)
                return
            healthy = diagnosis.outcome is Outcome.HEALTHY
            healthy_since = (healthy_since or now) if healthy else 0.0
            if healthy and now - healthy_since >= STABLE_SECONDS:
                self._said = Said(word=Word.READY, at=now, diagnosis=diagnosis)
                return
            self._stopped.wait(DEBOUNCE_SECONDS)
            seen = self._observer.view.wait_for_change(seen, LONGEST_LOOK_SECONDS)

    def attempt(self, delivered: float) -> Attempt:
        """Returns how it did; call it after it was left."""
        said = self._said or Said(word=Word.NOTHING, at=time.time())
        return attempt(self._arena, delivered, said)


def attempt(arena: Arena, delivered: float, said: Said) -> Attempt:
    """Returns what the observer said, in the terms of the other tools."""
    found = said.diagnosis.findings if said.diagnosis else ()
    given = tuple(f"{f.cause} {f.object.kind} {f.object.name}" for f in found)
    right = said.word is Word.FAILED and set(given) == root_texts(arena.case.roots)
    return Attempt(
        contestant=IN_RUN,
        word=said.word,
        seconds=round(said.at - delivered, 2),
        exit_code=0,
        named=right,
        given=given,
        first_seen=_after(delivered, (f.first_seen for f in found), min),
        decided=_after(delivered, (f.decided_at for f in found), max),
        output="" if right else "; ".join(f"{f.cause}: {f.seen}" for f in found),
    )


def _after(
    delivered: float, times: Iterable[float], choose: Callable[[list[float]], float]
) -> float | None:
    known = list(times)
    return round(choose(known) - delivered, 2) if known else None
