"""Runs steps of a round one after the other, each timed and shown like a stage of a run."""

from __future__ import annotations

from collections.abc import Callable

from harness.io.clock import Clock
from harness.model.errors import HarnessError
from harness.model.run import RunRecord, StageRecord, StageState
from harness.stages.stage import Listener, Voice


class Steps:
    """The steps of one round; their records are the stages of its run."""

    def __init__(self, run: RunRecord, listener: Listener, clock: Clock) -> None:
        self._run, self._listener, self._clock = run, listener, clock
        self._began = clock.monotonic()

    def do(self, name: str, title: str, action: Callable[[Voice], str]) -> None:
        """Runs one step.

        Raises:
            HarnessError: What the step raises; it is in the record too.
        """
        record = StageRecord(name=name, title=title, state=StageState.RUNNING)
        record.started = self._clock.monotonic() - self._began
        self._run.stages.append(record)
        self._listener.stage(record)
        try:
            record.detail = action(Voice(record, self._listener)) or record.detail
            record.state = StageState.PASSED
        except HarnessError as error:
            record.error, record.state = error, StageState.FAILED
            raise
        finally:
            if record.state is StageState.RUNNING:
                record.state = StageState.FAILED
            record.seconds = self._clock.monotonic() - self._began - record.started
            self._run.seconds = self._clock.monotonic() - self._began
            self._listener.stage(record)
