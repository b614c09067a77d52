"""Stage "audit": what the environment declares, and whether every image can be had.

Runs before any cluster exists, so that what the repository alone decides is told within seconds.
"""

from __future__ import annotations

from dataclasses import replace

from harness.images.plan import Origin, PlanInput, plan_images
from harness.model.errors import RepositoryError
from harness.model.finding import Diagnosis, Outcome
from harness.model.refs import ObjectRef
from harness.model.run import ImageDelivery
from harness.repo.declaration import Tools, declare
from harness.repo.discovery import folders_below
from harness.stages.adaptation import plan_adaptation
from harness.stages.context import Context
from harness.stages.preview import preview
from harness.stages.stage import Voice


def audit(context: Context, voice: Voice) -> str:
    """Renders every Application of the environment and plans its images."""
    root, bundle = context.options.repository, context.bundle.get()
    voice.say(f"rendering the overlays of {context.options.environment}")
    tools = Tools(kustomize=bundle.tools["kustomize"].path, runner=context.runner)
    try:
        declaration = declare(root, context.options.environment, context.settings, tools)
    except RepositoryError as error:
        context.run.diagnosis = _diagnosed(error, context.clock.now().timestamp())
        raise
    withheld = [i for i in declaration.images if context.withheld(i.declared, i.reference.name)]
    plan = plan_images(
        [i for i in declaration.images if i not in withheld],
        PlanInput(
            root=root,
            folders=tuple(folders_below(root)),
            settings=context.settings.images,
            bundle=bundle,
            registries_reachable=context.examination.get().registries_reachable,
        ),
    )
    context.declaration.put(declaration)
    context.plan.put(plan)
    plan_adaptation(context)
    given = context.adaptation.get()
    made = [ObjectRef.of(obj) for obj in given.objects]
    context.run.audit = preview(declaration, made=made, decides_nodes=not given.nodes)
    context.run.notes += [f"{i.declared} is withheld, as asked" for i in withheld]
    context.run.notes += [*declaration.notes, *(p.note for p in plan if p.note)]
    context.run.images = [
        ImageDelivery(declared=p.use.declared, origin=p.origin, source="", digest="") for p in plan
    ]
    objects = sum(len(a.objects) for a in declaration.applications)
    built = sum(p.origin is Origin.BUILT for p in plan)
    return (
        f"{len(declaration.applications)} Applications, {objects} objects, {len(plan)} images "
        f"({built} built here), {len(declaration.secrets)} secrets expected of the cluster, "
        f"{len(context.run.audit)} findings"
    )


def _diagnosed(error: RepositoryError, now: float) -> Diagnosis | None:
    if error.finding is None:
        return None
    found = replace(error.finding, first_seen=now, decided_at=now)
    return Diagnosis(outcome=Outcome.FAILED, findings=(found,))
