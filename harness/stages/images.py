"""Stages "supply" and "images": what the cluster pulls is served under its declared name.

Supply brings the bundle's images into the registry, Argo CD's first. Images builds what has its
source in the tree, several at once, and delivers it. Both run while the cluster starts.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from harness.bundle.docker_images import ensure_image
from harness.images.build import BuildSettings, build_image
from harness.images.plan import Origin, PlannedImage, bundled_image
from harness.io.docker import DockerDaemon
from harness.io.docker_pull import PullingDaemon
from harness.model.bundle import BundledImage
from harness.model.containers import LABEL
from harness.model.errors import ImageError
from harness.model.refs import ImageReference
from harness.model.run import ImageDelivery
from harness.stages.adaptation import prepare_addons
from harness.stages.context import Context
from harness.stages.delivery import deliver_archive, deliver_from_docker
from harness.stages.names import Names, cluster_images
from harness.stages.stage import Voice

BUILDS_AT_ONCE = 3
CACHE_PREFIX = "gitops-harness/cache"


def deliver_bundle(context: Context, voice: Voice, shared: Names) -> str:
    """Brings the cluster's own images and the workload images of the bundle into the registry."""
    addons = prepare_addons(context, voice)
    engine = [
        (str(ref), ref, addons.get(ref) or _bundled(context, ref))
        for ref in cluster_images(context)
    ]
    origin = Origin.PULLED if context.bundle.get().origin == "pull" else Origin.SUBSTITUTED
    with context.lock:
        context.run.images = [
            *context.run.images,
            *(ImageDelivery(declared=d, origin=origin, source="", digest="") for d, *_ in engine),
        ]
    planned = [
        (p.use.declared, p.use.reference, p.bundled)
        for p in context.plan.get()
        if p.bundled is not None
    ]
    wanted = [*engine, *planned]
    uploaded = 0
    for number, (declared, reference, image) in enumerate(wanted, start=1):
        voice.say(f"{reference} ({number} of {len(wanted)})")
        start = context.clock.monotonic()
        pushed = deliver_archive(shared, image.archive, image.reference, reference)
        uploaded += pushed.uploaded_bytes
        seconds = context.clock.monotonic() - start
        _record(context, declared, pushed.digest, image.built_from, seconds)
    return f"{len(wanted)} images of the bundle, {uploaded / 2**20:.0f} MiB"


def _bundled(context: Context, reference: ImageReference) -> BundledImage:
    found = bundled_image(context.bundle.get(), reference)
    if found is None:
        raise ImageError(
            attempted="Finding in the bundle",
            subject=str(reference),
            seen="no image of the bundle stands for it",
            expected="every image that Argo CD's manifests name",
            next_step="harness bundle show",
        )
    return found[0]


def images(context: Context, voice: Voice, shared: Names) -> str:
    """Builds the images whose source is in the tree and pulls those nobody else has."""
    plan = context.plan.get()
    built = [p for p in plan if p.origin is Origin.BUILT]
    pulled = [p for p in plan if p.origin is Origin.PULLED and p.bundled is None]
    progress = _Progress(voice, len(built) + len(pulled))
    settings = BuildSettings(
        local_base=_base_finder(context),
        logs=context.logs,
        labels={LABEL: "bundle"},
        deadline_seconds=context.settings.deadlines.build,
        registries_reachable=context.examination.get().registries_reachable,
        stopped=context.stopped.is_set,
    )

    def one(planned: PlannedImage) -> None:
        start = context.clock.monotonic()
        if planned.origin is Origin.BUILT:
            source = _build(context, planned, settings, progress.say)
        else:
            source = _pull(context, planned)
        tag = run_tag(context.run_id, planned)
        progress.say(f"delivering {planned.short_name}")
        pushed = deliver_from_docker(context, shared, tag, planned.use.reference)
        seconds = context.clock.monotonic() - start
        _record(context, planned.use.declared, pushed.digest, source, seconds)
        progress.finished(planned)

    with ThreadPoolExecutor(max_workers=BUILDS_AT_ONCE) as pool:
        for _ in pool.map(one, [*built, *pulled]):
            pass
    return f"{len(built)} built, {len(pulled)} pulled, all delivered by digest"


class _Progress:
    """Says what is being built and how many are done; used by several threads."""

    def __init__(self, voice: Voice, total: int) -> None:
        self._voice, self._total = voice, total
        self._done: list[str] = []
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Says what one of the builds does."""
        with self._lock:
            self._voice.say(f"{len(self._done)} of {self._total} done; {text}")

    def finished(self, planned: PlannedImage) -> None:
        """Counts an image."""
        with self._lock:
            self._done.append(planned.short_name)
            self._voice.say(f"{len(self._done)} of {self._total} done")


def run_tag(run_id: str, planned: PlannedImage) -> str:
    """Returns the name an image has in Docker during a run; removed at its end."""
    digest = hashlib.sha256(planned.use.declared.encode()).hexdigest()[:12]
    return f"gitops-harness/run-{run_id}:{digest}"


def _cache_tag(planned: PlannedImage) -> str:
    key = f"{planned.use.reference.name} {planned.context}"
    return f"{CACHE_PREFIX}:{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _build(
    context: Context,
    planned: PlannedImage,
    settings: BuildSettings,
    say: Callable[[str], None],
) -> str:
    docker, tag = context.docker.get(), run_tag(context.run_id, planned)
    replaced = build_image(planned, tag, builder=docker, settings=settings, say=say)
    _keep_layers(docker, planned, tag)
    root = context.options.repository
    folder = planned.context or root
    where = folder.relative_to(root).as_posix() if folder.is_relative_to(root) else str(folder)
    bases = ", ".join(f"{base} answered by {local}" for base, local in replaced.items())
    return f"{where}/{planned.dockerfile}" + (f" ({bases})" if bases else "")


def _keep_layers(docker: DockerDaemon, planned: PlannedImage, tag: str) -> None:
    """Keeps the newest build under a name of ours, so that the next run finds its layers."""
    cache, new = _cache_tag(planned), docker.image_id(tag)
    old = docker.image_id(cache) if docker.has_image(cache) else ""
    docker.tag(new, cache)
    if old and old != new:
        docker.remove_image(old)


def _pull(context: Context, planned: PlannedImage) -> str:
    puller, reference = PullingDaemon.connect(), str(planned.use.reference)
    deadline = context.settings.deadlines.build
    digest = planned.use.reference.digest or puller.resolve_digest(reference, deadline_seconds=60)
    pinned = f"{planned.use.reference.name}@{digest}"
    puller.pull(pinned, on_progress=lambda *_: None, deadline_seconds=deadline)
    context.docker.get().tag(pinned, run_tag(context.run_id, planned))
    return pinned


def _base_finder(context: Context) -> Callable[[ImageReference], str | None]:
    lock = threading.Lock()

    def find(reference: ImageReference) -> str | None:
        found = bundled_image(context.bundle.get(), reference)
        if found is None:
            return None
        with lock:
            ensure_image(found[0], context.docker.get())
        return found[0].reference

    return find


def _record(context: Context, declared: str, digest: str, source: str, seconds: float) -> None:
    with context.lock:
        context.run.images = [
            replace(image, digest=digest, source=source, seconds=seconds)
            if image.declared == declared
            else image
            for image in context.run.images
        ]
