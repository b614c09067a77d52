"""Delivers images to the run's registry, from a cached archive or out of Docker."""

from __future__ import annotations

import tempfile
from pathlib import Path

from harness.images.push import PushedImage, push_archive
from harness.io.registry_http import RegistryHttp
from harness.model.errors import ImageError
from harness.model.refs import ImageReference
from harness.model.registry import registry_repository
from harness.stages.context import Context
from harness.stages.names import Names


def deliver_archive(
    shared: Names, archive: Path, image: str, reference: ImageReference
) -> PushedImage:
    """Pushes an image of an archive under its declared name.

    Raises:
        ImageError: The reference is pinned to a digest that nobody here can answer for, or the
            registry refuses the image.
    """
    if shared.mint is None:
        message = "the registry has not been started"
        raise LookupError(message)
    pushed = push_archive(
        archive,
        image,
        registry_repository(reference),
        reference.tag or "pinned",
        registry=RegistryHttp(shared.registry_url, shared.mint),
        known=shared.known_blobs,
    )
    if reference.digest and pushed.digest != reference.digest:
        raise ImageError(
            attempted="Delivering",
            subject=str(reference),
            seen=f"what can be delivered here has the digest {pushed.digest}",
            expected="an image with the declared digest; a substitute has another one",
            next_step="use a tag in this overlay, or run where the registry is in reach",
        )
    return pushed


def deliver_from_docker(
    context: Context, shared: Names, tag: str, reference: ImageReference
) -> PushedImage:
    """Pushes an image that Docker holds under its declared name."""
    with tempfile.NamedTemporaryFile(dir=context.folder.path, suffix=".tar") as file:
        for chunk in context.docker.get().save_images((tag,)):
            file.write(chunk)
        file.flush()
        return deliver_archive(shared, Path(file.name), tag, reference)
