"""Gives one case to every contestant at the same moment and notes how each ends.

All are processes of their own with the same limit, side by side on the same cluster: what counts is
how they compare within one contest, not the seconds of this machine.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.arena import Arena
from bench.case import Case
from bench.contestants import CONTESTANTS, ROOT, Command, Contestant
from bench.delivery import (
    deliver,
    deliver_late,
    prepare_namespace,
    provisioner_away,
    take_away,
)
from bench.in_run import InRun
from bench.results import Attempt, Measured
from bench.series import Due
from bench.sight import Lookout, first_sight
from bench.tools import Tool
from bench.verdict import Word, judgement, names, root_texts, said
from harness.io.kube import Kube
from harness.io.process import Completed, Runner

GRACE_SECONDS = 20.0
"""A tool that ignores its own limit is ended this long after it; the slowest may need it, too."""
KEPT_CHARACTERS = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Where contests take place."""

    kube: Kube
    kubeconfig: Path
    work: Path
    """Folder for the files of the cases."""
    tools: Mapping[str, Tool]
    runner: Runner
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended, and when (epoch seconds)."""

    contestant: Contestant
    done: Completed
    at: float


def hold(ring: Ring, due: Due, *, seconds: float) -> Measured:
    """Holds one contest and returns what was measured; the case is removed at the end."""
    case, arena = due.case, _arena(ring, due, seconds)
    prepare_namespace(ring.kube, arena.namespace)
    try:
        with (
            Lookout(ring.kube, arena.namespace) as lookout,
            _absence(ring, case) as back,
            InRun(arena, Kube(ring.kubeconfig)) as in_run,
        ):
            delivered = deliver(ring.kube, arena)
            in_run.begin()
            with (
                later(case.away_seconds, back),
                later(case.late_seconds, lambda: deliver_late(ring.kube, arena)),
            ):
                ended = _run_all(ring, arena)
                in_run.finish(GRACE_SECONDS)
    finally:
        take_away(ring.kube, arena)
    attempts = (in_run.attempt(delivered), *(attempt(arena, delivered, e) for e in ended))
    return _measured(arena, due, delivered, lookout.seen, attempts)


def _arena(ring: Ring, due: Due, seconds: float) -> Arena:
    case = due.case
    folder = ring.work / f"{case.name}-{due.route}-{due.repetition}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    own = f"case-{case.name}-{due.repetition}"
    arena = Arena(
        case=case,
        namespace=engine_namespace(case) if due.by_engine else own,
        kubeconfig=ring.kubeconfig,
        folder=folder,
        seconds=seconds,
        application=f"bench-{case.name}" if due.by_engine else "",
    )
    arena.prepare()
    return arena


def engine_namespace(case: Case) -> str:
    """Returns the namespace that the published overlay of a case names."""
    return f"case-{case.name}-argo"


@contextmanager
def _absence(ring: Ring, case: Case) -> Iterator[Callable[[], None]]:
    away = provisioner_away(ring.kube) if case.away_seconds else nullcontext(lambda: None)
    with away as back:
        yield back


@contextmanager
def later(seconds: float, do: Callable[[], None]) -> Iterator[None]:
    """Does something after some seconds, unless it is left before; never for 0 seconds."""
    if not seconds:
        yield
        return
    timer = threading.Timer(seconds, do)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _run_all(ring: Ring, arena: Arena) -> list[Ended]:
    started = [
        (contestant, contestant.command(arena, ring.tools))
        for contestant in CONTESTANTS
        if not contestant.missing(ring.tools)
    ]
    entered = [(contestant, command) for contestant, command in started if command.argv]
    with ThreadPoolExecutor(max_workers=len(entered)) as pool:
        return list(pool.map(lambda pair: _run(ring, arena, *pair), entered))


def _run(ring: Ring, arena: Arena, contestant: Contestant, command: Command) -> Ended:
    done = ring.runner.run(
        command.argv,
        deadline_seconds=arena.seconds + GRACE_SECONDS,
        cwd=ROOT if contestant.ours else arena.folder,
        env=command.environment,
    )
    return Ended(contestant=contestant, done=done, at=time.time())


def _measured(
    arena: Arena,
    due: Due,
    delivered: float,
    seen: tuple[tuple[float, str], ...],
    attempts: tuple[Attempt, ...],
) -> Measured:
    visible = first_sight(seen, arena.case.sight)
    return Measured(
        case=arena.case.name,
        route=due.route,
        repetition=due.repetition,
        visible=None if visible is None else round(visible - delivered, 3),
        limit_seconds=arena.seconds,
        attempts=attempts,
        lines=tuple(f"{at - delivered:7.2f} {line}" for at, line in seen),
    )


def attempt(arena: Arena, delivered: float, ended: Ended) -> Attempt:
    """Returns how one contestant did."""
    done, seconds = ended.done, ended.at - delivered
    output = f"{done.stdout}\n{done.stderr}".strip()
    if ended.contestant.ours:
        return _own_attempt(arena, delivered, ended, output)
    return Attempt(
        contestant=ended.contestant.name,
        word=said(done.returncode, seconds, arena.seconds, output),
        seconds=round(seconds, 2),
        exit_code=done.returncode,
        named=names(output, arena.case.telling),
        output=output[-KEPT_CHARACTERS:],
    )


def _own_attempt(arena: Arena, delivered: float, ended: Ended, output: str) -> Attempt:
    found = judgement(ended.done.stdout, lambda text: datetime.fromisoformat(text).timestamp())
    wanted = root_texts(arena.case.roots)
    right = found.word is Word.FAILED and set(found.given) == wanted
    return Attempt(
        contestant=ended.contestant.name,
        word=found.word,
        seconds=round(ended.at - delivered, 2),
        exit_code=ended.done.returncode,
        named=right,
        given=found.given,
        first_seen=None if found.first_seen is None else round(found.first_seen - delivered, 2),
        decided=None if found.decided is None else round(found.decided - delivered, 2),
        output=output[-KEPT_CHARACTERS:] if not right else "",
    )
