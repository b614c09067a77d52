"""The stages of a run on an existing cluster, in their order.

Those that make something exist only where that was asked for. What follows the stages there is
`harness.stages.existing.removal`.
"""

from __future__ import annotations

from harness.stages.context import Context
from harness.stages.existing.audit import audit
from harness.stages.existing.connection import connect
from harness.stages.existing.drift import drift
from harness.stages.existing.engine import engine
from harness.stages.existing.place import Place
from harness.stages.existing.provide import provide
from harness.stages.existing.ready import ready
from harness.stages.existing.request import ExistingCluster
from harness.stages.existing.sync import sync
from harness.stages.stage import Stage


def existing_stages(context: Context, asked: ExistingCluster) -> tuple[Stage, ...]:
    """Returns the stages: nothing is made unless it was asked for."""
    place = Place()
    provides = asked.apply or asked.make_secrets
    plan = (
        Stage(
            name="connect",
            title="Connect",
            after=(),
            action=lambda v: connect(context, v, asked, place),
        ),
        Stage(
            name="audit",
            title="Audit",
            after=("connect",),
            action=lambda v: audit(context, v, asked, place),
        ),
        Stage(
            name="engine",
            title="Argo CD",
            after=("audit",),
            action=lambda v: engine(context, v, asked, place),
        ),
        Stage(
            name="provide",
            title="Provide",
            after=("engine",),
            action=lambda v: provide(context, v, asked, place),
        ),
        Stage(
            name="sync",
            title="Sync",
            after=("provide",) if provides else ("engine",),
            action=lambda v: sync(context, v, asked, place),
        ),
        Stage(name="ready", title="Ready", after=("sync",), action=lambda v: ready(context, v)),
        Stage(
            name="drift", title="Drift", after=("ready",), action=lambda v: drift(context, v, place)
        ),
    )
    return tuple(s for s in plan if provides or s.name != "provide")
