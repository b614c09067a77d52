"""Brings a cluster with Argo CD up for the loop, or takes the kept one; the tree comes afterwards.

The stages are those of a run, without what concerns one revision. A tree that cannot be rendered
or whose images cannot be built does not end the loop: it is said, and a save is waited for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.compose import stages_of
from harness.config import load_settings
from harness.loop.adapting import adaptation_key
from harness.loop.delivering import remember
from harness.loop.image_sources import prints
from harness.loop.preparing import addressed
from harness.loop.session import Session
from harness.model.errors import ImageError
from harness.model.run import StageRecord
from harness.pipeline import run_stages
from harness.stages.context import Context
from harness.stages.images import images
from harness.stages.names import Names
from harness.stages.stage import Listener, Stage, Voice

MACHINE = ("doctor", "bundle")
TREE = ("audit",)
LATER = frozenset({"source", "secrets", "sync"})
"""What a round does; the stages after `sync` belong to rounds too."""


class Starting:
    """Runs the stages of the start, group by group, on one context."""

    def __init__(self, context: Context, listener: Listener) -> None:
        """Prepares the start.

        Args:
            context: Of the loop; it gets what the stages find out.
            listener: Is told of the stages.
        """
        self._context, self._listener = context, listener
        self._shared = Names()
        self._records: list[StageRecord] = []

    def machine(self) -> None:
        """Examines the machine and finds the bundle.

        Raises:
            HarnessError: What a stage ended with.
        """
        self._run(MACHINE)

    def tree(self) -> None:
        """Renders the tree and plans its images; may be tried again after a save.

        Raises:
            HarnessError: The tree cannot be rendered, or an image is not to be had.
        """
        self._context.settings = load_settings(self._context.options.repository)
        self._run(TREE)

    def cluster(self) -> Session:
        """Starts or reuses the cluster, delivers the images, installs Argo CD.

        Raises:
            HarnessError: What a stage ended with.
        """
        plan = self._context.plan.get()
        before, adapted = prints(plan), adaptation_key(self._context)
        names = [stage.name for stage in stages_of(self._context, "sync")]
        self._run([n for n in names if n not in {*MACHINE, *TREE, *LATER}])
        session = Session(base=self._context, shared=self._shared)
        session.addressed, session.adapted = addressed(self._context), adapted
        remember(session, plan, self._context.run.images, before)
        return session

    def _run(self, wanted: Sequence[str]) -> None:
        context = self._context
        context.runner.resume()
        context.stopped.clear()
        stages = stages_of(context, "sync", shared=self._shared)
        run_stages(
            [self._bounded(stage, wanted) for stage in stages if stage.name in wanted],
            context.run,
            listener=self._listener,
            clock=context.clock,
            cancelled=context.cancelled,
            on_stop=self._stop,
        )
        error = context.run.error
        kept = [record for record in self._records if record.name not in wanted]
        context.run.stages = self._records = [*kept, *context.run.stages]
        if error is not None:
            raise error

    def _bounded(self, stage: Stage, wanted: Sequence[str]) -> Stage:
        """Returns a stage that only comes after others of its group."""
        after = tuple(name for name in stage.after if name in wanted)
        action = self._images if stage.name == "images" else stage.action
        return replace(stage, after=after, action=action)

    def _images(self, voice: Voice) -> str:
        """Delivers the images; what fails is tried and told again by the first round."""
        try:
            return images(self._context, voice, self._shared)
        except ImageError as error:
            return f"not all: {error.seen[:120]}"

    def _stop(self) -> None:
        self._context.stopped.set()
        self._context.runner.cancel()
