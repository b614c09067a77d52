"""Pushes an image out of a `docker save` archive, nothing compressed, only what is missing.

What the registry holds is asked by digest before a layer is read, and layers are mounted across
repositories. Docker's own push would compress every layer first (`docs/adr/0004`). What lies in the
archive is `images.archive`'s to know, how to talk to a registry `io.registry_http`'s.
"""

from __future__ import annotations

import tarfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from harness.images.archive import Blob, SavedImage, read_image
from harness.io.registry_http import RegistryError
from harness.model.errors import ImageError
from harness.model.registry import RegistryRepository


class BlobStore(Protocol):
    """The part of a registry that pushing needs."""

    def has_blob(self, repository: RegistryRepository, digest: str) -> bool:
        """Tells whether a repository holds a blob."""

    def mount(
        self, repository: RegistryRepository, digest: str, source: RegistryRepository
    ) -> bool:
        """Makes a blob of another repository known in this one."""

    def upload(
        self, repository: RegistryRepository, digest: str, content: IO[bytes], size: int
    ) -> None:
        """Uploads a blob."""

    def put_manifest(
        self, repository: RegistryRepository, tag: str, body: bytes, media_type: str
    ) -> None:
        """Stores a manifest under a tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedImage:
    """What the registry holds now."""

    digest: str
    """Of the manifest; what the kubelet reports as `imageID`."""
    uploaded_bytes: int
    skipped_bytes: int


class KnownBlobs:
    """Which repository holds which blob, as far as this run has pushed; used by all pushes."""

    def __init__(self) -> None:
        self._where: dict[str, RegistryRepository] = {}
        self._lock = threading.Lock()

    def source_of(self, digest: str) -> RegistryRepository | None:
        """Returns a repository that holds a blob, or None."""
        with self._lock:
            return self._where.get(digest)

    def add(self, digest: str, repository: RegistryRepository) -> None:
        """Remembers that a repository holds a blob."""
        with self._lock:
            self._where.setdefault(digest, repository)


def push_archive(
    archive: Path,
    image: str,
    repository: RegistryRepository,
    tag: str,
    *,
    registry: BlobStore,
    known: KnownBlobs,
    on_bytes: Callable[[int], None] = lambda _: None,
) -> PushedImage:
    """Pushes one image of an archive and returns its digest in the registry.

    Args:
        archive: A `docker save` archive.
        image: A name or id the image has in the archive; a lone image needs neither.
        repository: Where it goes in the local registry.
        tag: The tag it gets there.
        registry: Where to.
        known: What earlier pushes of this run have delivered.
        on_bytes: Told the size of each blob once the registry holds it.

    Raises:
        ImageError: The archive does not hold the image, or the registry refuses it.
    """
    try:
        with tarfile.open(archive, "r:") as tar:
            saved = read_image(tar, image)
            return _push(saved, repository, tag, registry, known, on_bytes)
    except (tarfile.TarError, KeyError, ValueError, OSError, RegistryError) as error:
        raise ImageError(
            attempted="Delivering",
            subject=f"{image} as {repository}:{tag}",
            seen=_seen(archive, error),
            expected="a whole archive written by docker save, and the run's registry to take it",
            next_step="try again; docker logs of the registry container says more",
        ) from error


def _seen(archive: Path, error: Exception) -> str:
    said = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
    return said if isinstance(error, RegistryError) else f"{archive.name}: {said}"


def _push(
    saved: SavedImage,
    repository: RegistryRepository,
    tag: str,
    registry: BlobStore,
    known: KnownBlobs,
    on_bytes: Callable[[int], None],
) -> PushedImage:
    uploaded = skipped = 0
    for blob in saved.blobs:
        if _ensure(blob, repository, registry, known):
            uploaded += blob.size
        else:
            skipped += blob.size
        on_bytes(blob.size)
    registry.put_manifest(repository, tag, saved.manifest, saved.media_type)
    return PushedImage(digest=saved.digest, uploaded_bytes=uploaded, skipped_bytes=skipped)


def _ensure(
    blob: Blob, repository: RegistryRepository, registry: BlobStore, known: KnownBlobs
) -> bool:
    """Makes a blob known in the repository; returns whether it had to be uploaded."""
    source = known.source_of(blob.digest)
    if source and source != repository and registry.mount(repository, blob.digest, source):
        return False
    if registry.has_blob(repository, blob.digest):
        known.add(blob.digest, repository)
        return False
    with blob.open() as stream:
        registry.upload(repository, blob.digest, stream, blob.size)
    known.add(blob.digest, repository)
    return True
