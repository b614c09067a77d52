"""Makes sure that Docker holds the images of a bundle, loading only what is absent.

Images are found by id, so a cache that was loaded once costs nothing again. Docker's two image
stores name the same image differently (by its configuration, or by its manifest), so the ids an
archive itself gives count as well. Names are the bundle's own, never official ones.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from harness.model.bundle import Bundle, BundledImage
from harness.model.errors import BundleError


class ImageStore(Protocol):
    """The part of Docker that holds images."""

    def has_image(self, image_id: str) -> bool:
        """Tells whether an image of that id or reference is present."""

    def load_archive(self, path: Path) -> None:
        """Loads a `docker save` archive."""

    def tag(self, image_id: str, reference: str) -> None:
        """Gives an image one more name."""


def ensure_images(
    bundle: Bundle,
    docker: ImageStore,
    *,
    roles: Iterable[str] | None = None,
    on_load: Callable[[BundledImage], None] = lambda _: None,
) -> dict[str, str]:
    """Returns the id in Docker of each image of the bundle, loading what is absent.

    Args:
        bundle: The bundle.
        docker: Where images are looked for and put.
        roles: Only these; all of them when None.
        on_load: Called before an archive is loaded, which takes seconds.

    Raises:
        BundleError: An archive was loaded and its image is not there.
        ImageError: Docker refuses an archive.
    """
    wanted = None if roles is None else frozenset(roles)
    chosen = [i for i in bundle.images if wanted is None or i.role in wanted]
    return {image.role: ensure_image(image, docker, on_load=on_load) for image in chosen}


def ensure_image(
    image: BundledImage,
    docker: ImageStore,
    *,
    on_load: Callable[[BundledImage], None] = lambda _: None,
) -> str:
    """Returns the id of one image in Docker, loading its archive where it is absent.

    Raises:
        BundleError: The archive was loaded and its image is not there.
        ImageError: Docker refuses the archive.
    """
    found = _present(image, docker)
    if found is None:
        on_load(image)
        docker.load_archive(image.archive)
        found = _present(image, docker)
    if found is None:
        raise BundleError(
            attempted="Loading into Docker",
            subject=str(image.archive),
            seen=f"no image {image.image_id} afterwards",
            expected=f"the image of the role {image.role}",
            next_step="harness bundle show --thorough",
        )
    docker.tag(found, image.reference)
    return found


def _present(image: BundledImage, docker: ImageStore) -> str | None:
    if docker.has_image(image.image_id):
        return image.image_id
    others = (i for i in archive_image_ids(image.archive) if i != image.image_id)
    return next((i for i in others if docker.has_image(i)), None)


def archive_image_ids(path: Path) -> tuple[str, ...]:
    """Returns the ids under which Docker may know the image of a `docker save` archive.

    `manifest.json` names the configuration (id in the classic image store), `index.json` the
    manifest (id in the containerd image store; only newer archives have it). An archive that
    cannot be read has none.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            return tuple(dict.fromkeys((*_configurations(archive), *_manifests(archive))))
    except (OSError, tarfile.TarError, ValueError, KeyError, TypeError):
        return ()


def _configurations(archive: tarfile.TarFile) -> Iterator[str]:
    for entry in _json_member(archive, "manifest.json"):
        yield "sha256:" + Path(entry["Config"]).name.removesuffix(".json")


def _manifests(archive: tarfile.TarFile) -> Iterator[str]:
    if "index.json" in archive.getnames():
        for entry in _json_member(archive, "index.json")["manifests"]:
            yield str(entry["digest"])


def _json_member(archive: tarfile.TarFile, name: str) -> Any:
    stream = archive.extractfile(name)
    if stream is None:
        raise KeyError(name)
    return json.load(stream)
