"""Pushes an image out of a `docker save` archive, layers uncompressed, only what is missing.

An uncompressed layer's digest is its diff id, which the image's configuration names; so what the
registry holds is known without reading a layer, and layers are mounted across repositories.
Docker's own push would compress every layer first (`docs/adr/0004`). Archive format: Docker image
specification v1.2, `manifest.json`; newer Dockers add an OCI index beside it.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from harness.io.registry_http import RegistryError
from harness.model.errors import ImageError
from harness.model.registry import RegistryRepository

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blob:
    digest: str
    size: int
    open: Callable[[], IO[bytes]]


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
) -> PushedImage:
    """Pushes one image of an archive and returns its digest in the registry.

    Args:
        archive: A `docker save` archive.
        image: The name the image has in the archive; a lone image needs no name.
        repository: Where it goes in the local registry.
        tag: The tag it gets there.
        registry: Where to.
        known: What earlier pushes of this run have delivered.

    Raises:
        ImageError: The archive does not hold the image, or the registry refuses it.
    """
    try:
        with tarfile.open(archive, "r:") as tar:
            entry = _entry(json.loads(_read(tar, "manifest.json")), image, archive)
            config = _read(tar, entry["Config"])
            layers = _layers(tar, entry["Layers"], json.loads(config)["rootfs"]["diff_ids"])
            return _push(config, layers, repository, tag, registry, known)
    except (tarfile.TarError, KeyError, ValueError, OSError, RegistryError) as error:
        raise ImageError(
            attempted="Delivering",
            subject=f"{image} as {repository}:{tag}",
            seen=f"{type(error).__name__}: {error}",
            expected="an archive written by docker save, and the run's registry to take it",
            next_step="try again; docker logs of the registry container says more",
        ) from error


def _entry(manifest: list[dict[str, Any]], image: str, archive: Path) -> dict[str, Any]:
    named = [e for e in manifest if image in (e.get("RepoTags") or [])]
    if named or len(manifest) == 1:
        return (named or manifest)[0]
    message = f"{archive} holds {len(manifest)} images and none is called {image}"
    raise KeyError(message)


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    with _open(tar, tar.getmember(name)) as stream:
        return stream.read()


def _open(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(member)
    if stream is None:
        raise KeyError(member.name)
    return stream


def _layers(tar: tarfile.TarFile, names: list[str], diff_ids: list[str]) -> list[_Blob]:
    return [_layer(tar, name, digest) for name, digest in zip(names, diff_ids, strict=True)]


def _layer(tar: tarfile.TarFile, name: str, digest: str) -> _Blob:
    member = tar.getmember(name)
    while member.issym() or member.islnk():  # equal layers are saved once and linked
        target = member.linkname
        if member.issym():
            target = str((Path("/") / name).parent.joinpath(target).resolve().relative_to("/"))
        name, member = target, tar.getmember(target)
    return _Blob(digest=digest, size=member.size, open=lambda: _open(tar, member))


def _push(
    config: bytes,
    layers: list[_Blob],
    repository: RegistryRepository,
    tag: str,
    registry: BlobStore,
    known: KnownBlobs,
) -> PushedImage:
    config_blob = _Blob(
        digest=f"sha256:{hashlib.sha256(config).hexdigest()}",
        size=len(config),
        open=lambda: io.BytesIO(config),
    )
    uploaded = skipped = 0
    for blob in {b.digest: b for b in (*layers, config_blob)}.values():
        if _ensure(blob, repository, registry, known):
            uploaded += blob.size
        else:
            skipped += blob.size
    body = _manifest(config_blob, layers)
    registry.put_manifest(repository, tag, body, MANIFEST_TYPE)
    return PushedImage(
        digest=f"sha256:{hashlib.sha256(body).hexdigest()}",
        uploaded_bytes=uploaded,
        skipped_bytes=skipped,
    )


def _ensure(
    blob: _Blob, repository: RegistryRepository, registry: BlobStore, known: KnownBlobs
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


def _manifest(config: _Blob, layers: list[_Blob]) -> bytes:
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {"mediaType": CONFIG_TYPE, "size": config.size, "digest": config.digest},
        "layers": [
            {"mediaType": LAYER_TYPE, "size": layer.size, "digest": layer.digest}
            for layer in layers
        ],
    }
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
