"""Delivers an image layer by layer from Docker's own store: only what the registry lacks is read.

The manifest is the one that `harness.images.archive` makes of a `docker save` archive, so an image
has the same digest by either way. A layer whose bytes are not what its digest says is refused.
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

from harness.images.archive import CONFIG_TYPE, LAYER_TYPE, MANIFEST_TYPE, Blob, SavedImage
from harness.images.push import BlobStore, KnownBlobs
from harness.io.docker_layers import LayerStore, StoredLayer
from harness.model.registry import RegistryRepository

IN_MEMORY_BYTES = 32 << 20


@dataclass(slots=True, kw_only=True)
class LayerSizes:
    """Sizes of layer archives; a base's is worked out once."""

    _known: dict[str, int] = field(default_factory=dict)

    def of(self, layer: StoredLayer) -> int:
        """Returns the size of a layer's archive in bytes."""
        if layer.diff_id not in self._known:
            self._known[layer.diff_id] = layer.size
        return self._known[layer.diff_id]


def stored_image(store: LayerStore, image_id: str, sizes: LayerSizes) -> SavedImage:
    """Returns an image of Docker's store as a registry is to hold it.

    Raises:
        OSError: A part of it is not there, or may not be read.
        ValueError: A part of it is not what its digest says.
    """
    config = store.config(image_id)
    layers = store.layers(json.loads(config)["rootfs"]["diff_ids"])
    blobs = [
        Blob(digest=layer.diff_id, size=sizes.of(layer), open=_opener(layer)) for layer in layers
    ]
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    own = Blob(digest=digest, size=len(config), open=lambda: io.BytesIO(config))
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _described(CONFIG_TYPE, own),
        "layers": [_described(LAYER_TYPE, blob) for blob in blobs],
    }
    body = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
    each = {blob.digest: blob for blob in [*blobs, own]}
    return SavedImage(manifest=body, media_type=MANIFEST_TYPE, blobs=tuple(each.values()))


def push_stored(
    image: SavedImage,
    repository: RegistryRepository,
    tag: str,
    *,
    registry: BlobStore,
    known: KnownBlobs,
) -> int:
    """Pushes what the registry lacks of an image; returns the bytes that were uploaded.

    Raises:
        OSError: A layer is gone.
        ValueError: A layer is not what its digest says.
        RegistryError: The registry refuses it.
    """
    uploaded = sum(blob.size for blob in image.blobs if _upload(blob, repository, registry, known))
    registry.put_manifest(repository, tag, image.manifest, image.media_type)
    return uploaded


def _upload(
    blob: Blob, repository: RegistryRepository, registry: BlobStore, known: KnownBlobs
) -> bool:
    source = known.source_of(blob.digest)
    if source and source != repository and registry.mount(repository, blob.digest, source):
        return False
    missing = not registry.has_blob(repository, blob.digest)
    if missing:
        with blob.open() as stream:
            registry.upload(repository, blob.digest, stream, blob.size)
    known.add(blob.digest, repository)
    return missing


def _opener(layer: StoredLayer) -> Callable[[], IO[bytes]]:
    def opened() -> IO[bytes]:
        # Whoever opens a blob closes it.
        spooled: Any = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115
        digest = hashlib.sha256()
        for block in layer.blocks():
            digest.update(block)
            spooled.write(block)
        if f"sha256:{digest.hexdigest()}" != layer.diff_id:
            spooled.close()
            message = f"the layer {layer.diff_id} is not what its digest says"
            raise ValueError(message)
        spooled.seek(0)
        stream: IO[bytes] = spooled
        return stream

    return opened


def _described(media_type: str, blob: Blob) -> dict[str, Any]:
    return {"mediaType": media_type, "size": blob.size, "digest": blob.digest}
