"""Builds an image whose source changed and delivers only its new layers.

Where Docker's own store can be read (`harness.io.docker_layers`) that takes a moment; elsewhere the
whole image is saved and what the registry lacks is pushed, as in a run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from harness.bundle.docker_images import ensure_image
from harness.images.build import BuildSettings, build_image
from harness.images.plan import PlannedImage, bundled_image
from harness.io.docker_layers import LayerStore
from harness.io.registry_http import RegistryError, RegistryHttp
from harness.loop.layers import LayerSizes, push_stored, stored_image
from harness.model.containers import LABEL
from harness.model.refs import ImageReference
from harness.model.registry import registry_repository
from harness.model.run import ImageDelivery
from harness.stages.context import Context
from harness.stages.delivery import deliver_from_docker
from harness.stages.images import run_tag
from harness.stages.names import Names


@dataclass(slots=True, kw_only=True)
class Layers:
    """What is known of Docker's store; looked for once."""

    sizes: LayerSizes = field(default_factory=LayerSizes)
    find: Callable[[], LayerStore | None] = LayerStore.of_daemon
    made: set[str] = field(default_factory=set)
    """Ids of the images that the loop has built and Docker still holds."""
    _found: list[LayerStore | None] = field(default_factory=list)

    @property
    def store(self) -> LayerStore | None:
        """The store, or None where it cannot be read."""
        if not self._found:
            self._found.append(self.find())
        return self._found[0]


def build(
    context: Context, layers: Layers, planned: PlannedImage, say: Callable[[str], None]
) -> str:
    """Builds one image; returns its id in Docker.

    Raises:
        ImageError: A step of its Dockerfile failed, or a base is not to be had.
    """
    docker, tag = context.docker.get(), run_tag(context.run_id, planned)
    before = docker.image_id(tag) if docker.has_image(tag) else ""
    build_image(planned, tag, builder=docker, settings=_settings(context), say=say)
    now = docker.image_id(tag)
    if before != now and before in layers.made:
        docker.remove_image(before)  # what the start has built keeps its name in the cache
        layers.made.discard(before)
    layers.made.add(now)
    return now


def deliver(
    context: Context, shared: Names, layers: Layers, planned: PlannedImage, image_id: str
) -> ImageDelivery:
    """Brings a built image into the registry under its declared name.

    Raises:
        ImageError: The registry refuses it, or it is declared with another digest.
    """
    began, reference = context.clock.monotonic(), planned.use.reference
    digest = _pushed(shared, layers, image_id, reference)
    if not digest:
        tag = run_tag(context.run_id, planned)
        digest = deliver_from_docker(context, shared, tag, reference).digest
    return ImageDelivery(
        declared=planned.use.declared,
        origin=planned.origin,
        source=f"{planned.context}/{planned.dockerfile}",
        digest=digest,
        seconds=context.clock.monotonic() - began,
    )


def _settings(context: Context) -> BuildSettings:
    return BuildSettings(
        local_base=_base_finder(context),
        logs=context.logs,
        labels={LABEL: "bundle"},
        deadline_seconds=context.settings.deadlines.build,
        registries_reachable=context.examination.get().registries_reachable,
        stopped=context.stopped.is_set,
    )


def _base_finder(context: Context) -> Callable[[ImageReference], str | None]:
    def find(reference: ImageReference) -> str | None:
        found = bundled_image(context.bundle.get(), reference)
        if found is None:
            return None
        ensure_image(found[0], context.docker.get())
        return found[0].reference

    return find


def _pushed(shared: Names, layers: Layers, image_id: str, reference: ImageReference) -> str:
    """Returns the digest under which new layers were pushed; empty where they cannot be read."""
    if layers.store is None or shared.mint is None or reference.digest:
        return ""
    try:
        image = stored_image(layers.store, image_id, layers.sizes)
        push_stored(
            image,
            registry_repository(reference),
            reference.tag or "pinned",
            registry=RegistryHttp(shared.registry_url, shared.mint),
            known=shared.known_blobs,
        )
    except (OSError, ValueError, KeyError, RegistryError):
        return ""
    return image.digest


def recorded(images: list[ImageDelivery], made: ImageDelivery) -> list[ImageDelivery]:
    """Returns the images of a run with one that was made."""
    return [
        replace(made, running_digest=image.running_digest)
        if image.declared == made.declared
        else image
        for image in images
    ]
