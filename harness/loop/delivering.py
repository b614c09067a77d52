"""Builds and delivers only the images that changed; what is delivered already is carried over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from harness.images.plan import Origin, PlannedImage
from harness.loop.building import build, deliver, recorded
from harness.loop.image_sources import Prints, outdated, prints
from harness.loop.session import Delivered, Session
from harness.loop.steps import Steps
from harness.model.run import ImageDelivery
from harness.stages.context import Context, Found
from harness.stages.delivery import deliver_archive
from harness.stages.images import images
from harness.stages.stage import Voice


def deliver_changed(session: Session, context: Context, steps: Steps) -> tuple[str, ...]:
    """Delivers what the registry does not serve as it is now; returns the declared references.

    Raises:
        ImageError: One cannot be built or delivered; what came before it stays delivered.
    """
    plan = context.plan.get()
    now = prints(plan)
    _carry_over(session, context)
    wanted = outdated(plan, now, session.prints())
    try:
        _deliver_built(session, context, steps, [p for p in wanted if p.origin is Origin.BUILT])
        others = [p for p in wanted if p.origin is not Origin.BUILT]
        if others:
            steps.do("fetch", _title("Fetch", others), partial(_fetch, session, context, others))
    finally:
        remember(session, plan, context.run.images, now)
    return tuple(p.use.declared for p in wanted)


def _title(word: str, planned: Sequence[PlannedImage]) -> str:
    return f"{word} {', '.join(p.short_name for p in planned)}"


def _deliver_built(
    session: Session, context: Context, steps: Steps, wanted: Sequence[PlannedImage]
) -> None:
    if not wanted:
        return
    ids: list[tuple[PlannedImage, str]] = []

    def build_all(voice: Voice) -> str:
        ids.extend((p, build(context, session.layers, p, voice.say)) for p in wanted)
        return f"{len(ids)} built"

    def deliver_all(_voice: Voice) -> str:
        for planned, image_id in ids:
            made = deliver(context, session.shared, session.layers, planned, image_id)
            context.run.images = recorded(context.run.images, made)
        return f"{len(ids)} delivered"

    steps.do("build", _title("Build", wanted), build_all)
    steps.do("deliver", _title("Deliver", wanted), deliver_all)


def _fetch(session: Session, context: Context, wanted: Sequence[PlannedImage], voice: Voice) -> str:
    pulled = tuple(p for p in wanted if p.bundled is None)
    for planned in wanted:
        if planned.bundled is not None:
            _deliver_bundled(session, context, planned)
    if pulled:
        chosen: Found[tuple[PlannedImage, ...]] = Found("the image plan")
        chosen.put(pulled)
        images(replace(context, plan=chosen), voice, session.shared)
    return f"{len(wanted)} delivered"


def _deliver_bundled(session: Session, context: Context, planned: PlannedImage) -> None:
    image = planned.bundled
    if image is None:
        return
    pushed = deliver_archive(session.shared, image.archive, image.reference, planned.use.reference)
    context.run.images = [
        replace(known, digest=pushed.digest, source=image.built_from)
        if known.declared == planned.use.declared
        else known
        for known in context.run.images
    ]


def _carry_over(session: Session, context: Context) -> None:
    """Fills in what earlier rounds delivered, and the images of the engine."""
    planned = {image.declared for image in context.run.images}
    context.run.images = [
        session.delivered[image.declared].image if image.declared in session.delivered else image
        for image in context.run.images
    ]
    engine = (i for i in session.base.run.images if i.declared not in planned and i.digest)
    known = {p.use.declared for p in session.base.plan.get()}
    context.run.images += [image for image in engine if image.declared not in known]


def remember(
    session: Session,
    plan: Sequence[PlannedImage],
    images_now: Sequence[ImageDelivery],
    now: Prints,
) -> None:
    """Keeps in the session what the registry serves of a plan, made from what `now` says.

    An image counts as made from it only if its record is not the one that was kept before.
    """
    found = {image.declared: image for image in images_now if image.digest}
    kept: dict[str, Delivered] = {}
    for planned in plan:
        declared = planned.use.declared
        image, before = found.get(declared), session.delivered.get(declared)
        if image is None:
            continue
        if before is not None and before.image is image:
            kept[declared] = before
        else:
            kept[declared] = Delivered(print=now[declared], image=image)
    session.delivered = kept
