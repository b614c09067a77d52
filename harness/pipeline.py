"""Runs the stages of a run in their order, side by side where they do not depend on each other.

A stage starts when all it comes after have passed. The first failure stops new stages; stages that
already run are given a moment to end. What the stages do is `harness.stages`; what follows a run
(evidence, reports, clean-up) is `harness.compose`.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.io.clock import Clock
from harness.model.errors import HarnessError
from harness.model.run import RunRecord, StageRecord, StageState
from harness.stages.stage import Listener, Stage, Voice

GRACE_SECONDS = 20.0
TICK_SECONDS = 0.2


@dataclass(slots=True, kw_only=True)
class _Progress:
    records: dict[str, StageRecord]
    threads: dict[str, threading.Thread] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def running(self) -> list[StageRecord]:
        return [r for r in self.records.values() if r.state is StageState.RUNNING]

    def failed(self) -> bool:
        return any(r.state is StageState.FAILED for r in self.records.values())

    def ready(self, stage: Stage) -> bool:
        waiting = self.records[stage.name].state is StageState.WAITING
        return waiting and all(self.records[a].state is StageState.PASSED for a in stage.after)


def run_stages(
    stages: Sequence[Stage],
    run: RunRecord,
    *,
    listener: Listener,
    clock: Clock,
    cancelled: threading.Event,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Runs the stages and fills `run.stages`; never raises for a failed stage.

    Args:
        stages: In an order in which each comes after what it depends on.
        run: Gets the records.
        listener: Is told of every change.
        clock: Times the stages.
        cancelled: Set by whoever interrupts the run.
        on_stop: Called once when a stage failed or the run was cancelled; it should make the
            stages that still run end soon.

    Raises:
        ValueError: A stage comes after one that does not stand before it in the list.
    """
    _check_order(stages)
    start = clock.monotonic()
    records = {s.name: StageRecord(name=s.name, title=s.title) for s in stages}
    run.stages = list(records.values())
    progress = _Progress(records=records)
    while True:
        with progress.changed:
            stopping = progress.failed() or cancelled.is_set()
            startable = [] if stopping else [s for s in stages if progress.ready(s)]
            if not startable and not progress.running():
                break
            if stopping:
                break
        for stage in startable:
            _start(stage, progress, start, listener, clock)
        with progress.changed:
            progress.changed.wait(TICK_SECONDS)
    if progress.failed() or cancelled.is_set():
        on_stop()
    _let_end(progress, clock)
    _close(run, progress, start, clock, cancelled)


def _check_order(stages: Sequence[Stage]) -> None:
    known: set[str] = set()
    for stage in stages:
        if set(stage.after) - known:
            message = f"stage {stage.name} comes after unknown {set(stage.after) - known}"
            raise ValueError(message)
        known.add(stage.name)


def _start(
    stage: Stage, progress: _Progress, start: float, listener: Listener, clock: Clock
) -> None:
    record = progress.records[stage.name]
    record.state = StageState.RUNNING
    record.started = clock.monotonic() - start
    listener.stage(record)
    thread = threading.Thread(
        target=_run,
        args=(stage, record, progress, start, listener, clock),
        name=f"stage-{stage.name}",
        daemon=True,
    )
    progress.threads[stage.name] = thread
    thread.start()


def _run(
    stage: Stage,
    record: StageRecord,
    progress: _Progress,
    start: float,
    listener: Listener,
    clock: Clock,
) -> None:
    error: HarnessError | None = None
    detail = ""
    try:
        detail = stage.action(Voice(record, listener))
    except HarnessError as raised:
        error = raised
    except Exception as raised:
        error = _bug(stage, raised)
    with progress.changed:
        if record.state is not StageState.RUNNING:
            return  # the run was closed without us
        record.seconds = clock.monotonic() - start - record.started
        record.error = error
        record.detail = detail or record.detail
        record.state = StageState.FAILED if error else StageState.PASSED
        progress.changed.notify_all()
    listener.stage(record)


def _bug(stage: Stage, raised: Exception) -> HarnessError:
    frame = traceback.extract_tb(raised.__traceback__)[-1]
    return HarnessError(
        attempted="Running the stage",
        subject=stage.title,
        seen=f"{type(raised).__name__}: {raised} ({frame.filename.rsplit('/', 1)[-1]}"
        f":{frame.lineno})",
        expected="no such error: this is a defect of the harness",
        next_step="report it with the evidence folder",
    )


def _let_end(progress: _Progress, clock: Clock) -> None:
    deadline = clock.monotonic() + GRACE_SECONDS
    for thread in progress.threads.values():
        thread.join(max(0.0, deadline - clock.monotonic()))


def _close(
    run: RunRecord,
    progress: _Progress,
    start: float,
    clock: Clock,
    cancelled: threading.Event,
) -> None:
    with progress.changed:
        for record in progress.records.values():
            if record.state is StageState.RUNNING:
                record.state = StageState.SKIPPED
                record.seconds = clock.monotonic() - start - record.started
                record.detail = "cut off"
            elif record.state is StageState.WAITING:
                record.state = StageState.SKIPPED
                record.detail = "interrupted" if cancelled.is_set() else "an earlier stage failed"
        run.seconds = clock.monotonic() - start
