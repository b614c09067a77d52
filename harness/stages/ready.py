"""Stage "ready": everything declared is ready and stays so for some seconds."""

from __future__ import annotations

from dataclasses import replace

from harness.model.errors import NotReadyError
from harness.model.refs import ObjectRef
from harness.model.run import Health, ObjectStatus
from harness.stages.context import Context
from harness.stages.observe import observer
from harness.stages.roll import roll_changed_images
from harness.stages.scaling import scaling_ready
from harness.stages.stage import Voice
from harness.stages.verdict import suspects_text, verdict_error, with_verdict
from harness.watch.readiness import declared_workloads, workload_judgement
from harness.watch.settle import Settled, Standing, settle


def ready(context: Context, voice: Voice) -> str:
    """Watches the declared workloads until all are ready and stable, or the deadline."""
    declaration, limits = context.declaration.get(), context.settings.deadlines
    workloads = declared_workloads(declaration.applications)
    if not workloads:
        raise NotReadyError(
            attempted="Waiting for",
            subject=f"the workloads of {declaration.environment}",
            seen="the overlays declare no workload, so there is nothing to prove",
            expected="at least one Deployment, StatefulSet, DaemonSet, Job or Pod",
            next_step="check that the overlay lists its bases under resources",
        )
    if context.reused:
        replaced = roll_changed_images(context)
        voice.say(f"{replaced} pods replaced because their image changed")
    started = context.clock.monotonic()
    times: dict[ObjectRef, float] = {}

    def show(standing: Standing) -> None:
        for status in standing.objects:
            if status.health is Health.READY:
                times.setdefault(status.ref, context.clock.monotonic() - started)
            else:
                times.pop(status.ref, None)
        voice.say(standing.count)
        voice.objects(standing.objects)

    watching = observer(context)
    ended = settle(
        watching.view,
        with_verdict(workload_judgement(workloads, context.clock), context, watching),
        clock=context.clock,
        deadline_seconds=limits.ready,
        stable_seconds=limits.stable,
        on_change=show,
        cancelled=context.stopped,
    )
    context.run.objects = [
        replace(s, ready_after_seconds=times.get(s.ref)) for s in ended.standing.objects
    ]
    if ended.standing.failed and context.run.diagnosis:
        raise verdict_error(context.run.diagnosis)
    if not ended.ok:
        raise _not_ready(ended, limits.ready, suspects_text(context.run.diagnosis))
    scaling = scaling_ready(context, voice)
    context.run.objects += scaling
    more = f", {len(scaling)} autoscalers and budgets settled" if scaling else ""
    return f"{len(ended.standing.objects)} objects ready, stable for {limits.stable:.0f} s{more}"


def _not_ready(ended: Settled, deadline_seconds: float, suspects: str) -> NotReadyError:
    waiting = [s for s in ended.standing.objects if s.health is not Health.READY]
    return NotReadyError(
        attempted="Waiting for",
        subject=f"{len(waiting)} of {len(ended.standing.objects)} objects",
        seen="; ".join(_line(s) for s in waiting[:6])
        + (f"; and {len(waiting) - 6} more" if len(waiting) > 6 else "")
        + (f". No cause is certain; suspected: {suspects}" if suspects else ""),
        expected=f"every one ready within {deadline_seconds:.0f} s",
        next_step="read the events and logs of these objects in the evidence folder",
    )


def _line(status: ObjectStatus) -> str:
    return f"{status.ref}: {status.message}"
