"""Reads single layers of images out of the Docker daemon's own store, where this user may.

`docker save` writes every layer of an image; after a change of one line all but the last are known.
The store keeps what a layer's archive was made of (tar-split) beside its files, so the very bytes
can be put together again; whoever uses them compares the digest. Only for a daemon of this machine
with the overlay2 driver (moby `layer/filestore.go`, `image/fs.go`; vbatts/tar-split `tar/storage`).
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import requests

DRIVER = "overlay2"
FILE, SEGMENT = 1, 2
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLayer:
    """One layer: what its archive is made of."""

    diff_id: str
    split: Path
    files: Path

    @property
    def size(self) -> int:
        """Bytes of the archive."""
        return sum(
            int(e.get("size") or 0) if e["type"] == FILE else len(base64.b64decode(e["payload"]))
            for e in self._entries()
        )

    def blocks(self) -> Iterator[bytes]:
        """Yields the archive.

        Raises:
            OSError: A file of it is gone.
        """
        for entry in self._entries():
            if entry["type"] == SEGMENT:
                yield base64.b64decode(entry["payload"])
            elif entry.get("size"):
                with (self.files / _name(entry)).open("rb") as stream:
                    while block := stream.read(BLOCK_BYTES):
                        yield block

    def _entries(self) -> Iterator[dict[str, Any]]:
        with gzip.open(self.split, "rt", encoding="utf-8") as lines:
            for line in lines:
                entry: dict[str, Any] = json.loads(line)
                yield entry


def _name(entry: dict[str, Any]) -> str:
    raw = entry.get("name_raw")
    name = base64.b64decode(raw).decode(errors="surrogateescape") if raw else str(entry["name"])
    return name.lstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerStore:
    """The image store below a daemon's root folder."""

    root: Path

    @classmethod
    def of_daemon(cls) -> LayerStore | None:
        """Returns the store of this machine's daemon, or None where it cannot be read."""
        try:
            client = docker.from_env(timeout=20)
            info: Any = client.info()
            client.close()
        except (docker.errors.DockerException, requests.RequestException):
            return None
        store = cls(root=Path(str(info.get("DockerRootDir") or "/nowhere")))
        return store if info.get("Driver") == DRIVER and store.is_readable() else None

    def is_readable(self) -> bool:
        """Tells whether this user may read the store."""
        try:
            return (self._images / "imagedb" / "content" / "sha256").is_dir()
        except OSError:
            return False

    def config(self, image_id: str) -> bytes:
        """Returns the configuration of an image, byte for byte.

        Raises:
            OSError: It is not there.
            ValueError: It is not what its id says.
        """
        hexadecimal = image_id.removeprefix("sha256:")
        content = (self._images / "imagedb" / "content" / "sha256" / hexadecimal).read_bytes()
        if hashlib.sha256(content).hexdigest() != hexadecimal:
            message = f"the configuration of {image_id} has another digest"
            raise ValueError(message)
        return content

    def layers(self, diff_ids: Sequence[str]) -> list[StoredLayer]:
        """Returns the layers of an image from below.

        Raises:
            OSError: One is not there.
        """
        found = []
        for chain, diff_id in zip(chain_ids(diff_ids), diff_ids, strict=True):
            entry = self._images / "layerdb" / "sha256" / chain.removeprefix("sha256:")
            cache = (entry / "cache-id").read_text(encoding="ascii").strip()
            files = self.root / DRIVER / cache / "diff"
            found.append(
                StoredLayer(diff_id=diff_id, split=entry / "tar-split.json.gz", files=files)
            )
        return found

    @property
    def _images(self) -> Path:
        return self.root / "image" / DRIVER


def chain_ids(diff_ids: Sequence[str]) -> list[str]:
    """Returns the chain id of each layer (OCI image specification, `rootfs`)."""
    chains: list[str] = []
    for diff_id in diff_ids:
        if not chains:
            chains.append(diff_id)
            continue
        text = f"{chains[-1]} {diff_id}".encode()
        chains.append(f"sha256:{hashlib.sha256(text).hexdigest()}")
    return chains
