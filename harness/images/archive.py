"""Reads an image out of a `docker save` archive: its manifest and its blobs, nothing unpacked.

Two forms exist (Docker image specification v1.2; Docker 25 and later add an OCI layout). Where the
archive holds the manifest itself it is used byte for byte, so a pulled image keeps its digest.
Otherwise one is made, layers as they lie in the archive: an uncompressed layer's digest is its diff
id, which the configuration names, so no layer is read to know it. `images.push` delivers.
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from harness.model.refs import ImageReference

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar"
_COMPRESSED = {b"\x1f\x8b": ".gzip", b"\x28\xb5\x2f\xfd": ".zstd"}
_STORED_BLOB = re.compile(r"blobs/(sha256)/([0-9a-f]{64})")
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A layer or configuration; `open` reads it from the archive while that is open."""

    digest: str
    size: int
    open: Callable[[], IO[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedImage:
    """An image as a registry is to hold it."""

    manifest: bytes
    media_type: str
    blobs: tuple[Blob, ...]
    """Layers and configuration, each once."""

    @property
    def digest(self) -> str:
        """Digest of the manifest; what the kubelet reports as `imageID`."""
        return _digest(self.manifest)


def read_image(tar: tarfile.TarFile, name: str) -> SavedImage:
    """Returns one image of an archive.

    Args:
        tar: The archive, uncompressed and seekable.
        name: A name or id the image has in the archive; a lone image needs neither.

    Raises:
        ValueError: The archive holds no such image, or contradicts itself.
        KeyError: A file that the archive's own manifest names is missing.
    """
    entry = _entry(json.loads(_read(tar, "manifest.json")), name)
    config = _read(tar, entry["Config"])
    return _stored_image(tar, _digest(config)) or _made_image(tar, config, entry["Layers"])


def _entry(manifest: list[dict[str, Any]], name: str) -> dict[str, Any]:
    for entry in manifest:
        if len(manifest) == 1 or name in _names(entry) or _canonical(name) in _names(entry):
            return entry
    message = f"it holds {len(manifest)} images and none is called {name}"
    raise ValueError(message)


def _names(entry: dict[str, Any]) -> set[str]:
    file = posixpath.basename(entry["Config"]).removesuffix(".json")
    tags = entry.get("RepoTags") or []
    return {file, f"sha256:{file}", *tags, *(_canonical(tag) for tag in tags)}


def _canonical(name: str) -> str:
    try:
        return str(ImageReference.parse(name))
    except ValueError:
        return name


def _stored_image(tar: tarfile.TarFile, config: str) -> SavedImage | None:
    """Returns the image of that configuration if its manifest and all blobs are in the archive."""
    known = set(tar.getnames())
    pending = ["index.json"] if "index.json" in known else []
    while pending:
        body = _read(tar, pending.pop(0))
        document = json.loads(body)
        children = (_stored_name(child["digest"]) for child in document.get("manifests", []))
        pending += [name for name in children if name in known]
        if document.get("config", {}).get("digest") != config:
            continue
        digests = [part["digest"] for part in (*document["layers"], document["config"])]
        if all(_stored_name(digest) in known for digest in digests):
            blobs = [_blob(tar, _stored_name(digest), digest) for digest in digests]
            media_type = document.get("mediaType", "application/vnd.oci.image.manifest.v1+json")
            return SavedImage(manifest=body, media_type=media_type, blobs=_each_once(blobs))
    return None


def _stored_name(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _made_image(tar: tarfile.TarFile, config: bytes, names: list[str]) -> SavedImage:
    diff_ids = json.loads(config)["rootfs"]["diff_ids"]
    layers, described = [], []
    for name, diff_id in zip(names, diff_ids, strict=True):
        layer, suffix = _layer(tar, name, diff_id)
        layers.append(layer)
        described.append(_described(LAYER_TYPE + suffix, layer))
    config_blob = Blob(digest=_digest(config), size=len(config), open=lambda: io.BytesIO(config))
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _described(CONFIG_TYPE, config_blob),
        "layers": described,
    }
    body = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
    blobs = _each_once([*layers, config_blob])
    return SavedImage(manifest=body, media_type=MANIFEST_TYPE, blobs=blobs)


def _described(media_type: str, blob: Blob) -> dict[str, Any]:
    return {"mediaType": media_type, "size": blob.size, "digest": blob.digest}


def _layer(tar: tarfile.TarFile, name: str, diff_id: str) -> tuple[Blob, str]:
    """Returns a layer and what its compression adds to the media type."""
    layer = _blob(tar, name, diff_id)
    with layer.open() as stream:
        head = stream.read(4)
    suffix = next((s for magic, s in _COMPRESSED.items() if head.startswith(magic)), "")
    if not suffix:
        return layer, ""
    stored = _STORED_BLOB.fullmatch(name)
    digest = ":".join(stored.groups()) if stored else _digest_of_stream(layer)
    return Blob(digest=digest, size=layer.size, open=layer.open), suffix


def _blob(tar: tarfile.TarFile, name: str, digest: str) -> Blob:
    member = tar.getmember(name)
    while member.issym() or member.islnk():  # equal layers are saved once and linked
        folder = posixpath.dirname(name) if member.issym() else ""
        name = posixpath.normpath(posixpath.join(folder, member.linkname))
        member = tar.getmember(name)
    return Blob(digest=digest, size=member.size, open=lambda: _open(tar, member))


def _each_once(blobs: list[Blob]) -> tuple[Blob, ...]:
    return tuple({blob.digest: blob for blob in blobs}.values())


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    with _open(tar, tar.getmember(name)) as stream:
        return stream.read()


def _open(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(member)
    if stream is None:
        message = f"{member.name} is not a file"
        raise ValueError(message)
    return stream


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _digest_of_stream(blob: Blob) -> str:
    running = hashlib.sha256()
    with blob.open() as stream:
        while block := stream.read(_BLOCK_BYTES):
            running.update(block)
    return f"sha256:{running.hexdigest()}"
