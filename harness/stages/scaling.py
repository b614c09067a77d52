"""The part of stage "ready" that is about numbers: autoscalers know theirs, budgets are kept.

A HorizontalPodAutoscaler without metrics leaves the Application that holds it degraded, and scales
nothing; a PodDisruptionBudget whose pods are not healthy blocks a drain. Both settle some seconds
after the pods themselves, so they are waited for once those are ready.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.adaptation.plan import is_unserved
from harness.health.judge import judge
from harness.model.errors import NotReadyError
from harness.model.refs import ObjectRef
from harness.model.repository import RenderedApplication
from harness.model.run import Health, ObjectStatus
from harness.stages.context import Context
from harness.stages.stage import Voice
from harness.watch.settle import Standing, settle
from harness.watch.view import ClusterView

KINDS = ("HorizontalPodAutoscaler", "PodDisruptionBudget")
DEADLINE_SECONDS = 180.0


def declared_scaling(expected: Sequence[RenderedApplication]) -> tuple[ObjectRef, ...]:
    """Returns the autoscalers and budgets that are declared; not those that nothing here serves."""
    return tuple(
        ObjectRef.of(obj, rendered.application.namespace)
        for rendered in expected
        for obj in rendered.objects
        if obj.get("kind") in KINDS and not is_unserved(obj)
    )


def scaling_ready(context: Context, voice: Voice) -> tuple[ObjectStatus, ...]:
    """Waits until autoscalers can compute and budgets hold; returns how each was judged.

    Raises:
        NotReadyError: One of them does not settle.
    """
    refs = declared_scaling(context.declaration.get().applications)
    if not refs:
        return ()

    def standing(view: ClusterView) -> Standing:
        now = context.clock.now().timestamp()
        found = tuple(judge(view.find(ref), ref, now=now) for ref in refs)
        waiting = [s for s in found if s.health is not Health.READY]
        line = f"{len(found) - len(waiting)} of {len(found)} autoscalers and budgets settled"
        if waiting:
            line += f"; {waiting[0].ref}: {waiting[0].message}"
        return Standing(reached=not waiting, line=line, objects=found)

    targets = [(kind, namespace) for kind in KINDS for namespace in _namespaces(refs)]
    with ClusterView(context.kube.get(), targets) as view:
        ended = settle(
            view,
            standing,
            clock=context.clock,
            deadline_seconds=DEADLINE_SECONDS,
            on_change=lambda s: voice.say(s.line),
            cancelled=context.stopped,
        )
    if not ended.ok:
        raise NotReadyError(
            attempted="Waiting for",
            subject="autoscalers and disruption budgets",
            seen=ended.standing.line,
            expected=f"metrics for each, and pods to protect, within {DEADLINE_SECONDS:.0f} s",
            next_step="read the events of that object and kube-system/ in the evidence folder",
        )
    return ended.standing.objects


def _namespaces(refs: Sequence[ObjectRef]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ref.namespace for ref in refs))
