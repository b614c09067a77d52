from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import IO

import pytest

from harness.images.push import KnownBlobs
from harness.io.docker_layers import LayerStore, chain_ids
from harness.loop.layers import LayerSizes, push_stored, stored_image
from harness.model.refs import ImageReference
from harness.model.registry import RegistryRepository, registry_repository

REPOSITORY = registry_repository(ImageReference.parse("ghcr.io/corp/order:1"))


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def layer_tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def split(content: bytes, files: dict[str, bytes]) -> str:
    """Takes an archive apart as Docker does: headers and padding, and the names of the files."""
    lines, position = [], 0
    for name, body in files.items():
        begin = content.index(body, position)
        part = base64.b64encode(content[position:begin]).decode()
        lines.append(json.dumps({"type": 2, "payload": part, "position": len(lines)}))
        entry = {"type": 1, "name": name, "size": len(body), "payload": "crc"}
        lines.append(json.dumps(entry))
        position = begin + len(body)
    rest = base64.b64encode(content[position:]).decode()
    return "\n".join([*lines, json.dumps({"type": 2, "payload": rest})]) + "\n"


class Stored:
    """A store with an image of two layers."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.layers: list[bytes] = []
        self._add("base", {"usr/bin/python": b"p" * 3000})
        self._add("app", {"app/order.py": b"print('one line')\n"})
        config = json.dumps({"rootfs": {"diff_ids": [digest(c) for c in self.layers]}}).encode()
        self.image_id = digest(config)
        folder = root / "image" / "overlay2" / "imagedb" / "content" / "sha256"
        folder.mkdir(parents=True)
        (folder / self.image_id.removeprefix("sha256:")).write_bytes(config)

    def _add(self, cache: str, files: dict[str, bytes]) -> None:
        content = layer_tar(files)
        self.layers.append(content)
        chain = chain_ids([digest(c) for c in self.layers])[-1].removeprefix("sha256:")
        entry = self.root / "image" / "overlay2" / "layerdb" / "sha256" / chain
        entry.mkdir(parents=True)
        (entry / "cache-id").write_text(cache)
        with gzip.open(entry / "tar-split.json.gz", "wt") as stream:
            stream.write(split(content, files))
        for name, body in files.items():
            path = self.root / "overlay2" / cache / "diff" / name
            path.parent.mkdir(parents=True)
            path.write_bytes(body)


class Registry:
    def __init__(self, held: set[str]) -> None:
        self.held = held
        self.uploaded: dict[str, bytes] = {}
        self.manifest: bytes = b""

    def has_blob(self, repository: RegistryRepository, digest: str) -> bool:
        assert repository == REPOSITORY
        return digest in self.held

    def mount(
        self, repository: RegistryRepository, digest: str, source: RegistryRepository
    ) -> bool:
        raise AssertionError((repository, digest, source))

    def upload(
        self, repository: RegistryRepository, digest: str, content: IO[bytes], size: int
    ) -> None:
        assert repository == REPOSITORY
        self.uploaded[digest] = content.read()
        assert len(self.uploaded[digest]) == size

    def put_manifest(
        self, repository: RegistryRepository, tag: str, body: bytes, media_type: str
    ) -> None:
        assert repository == REPOSITORY
        assert (tag, media_type.rpartition(".")[2]) == ("1", "v2+json")
        self.manifest = body


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    return Stored(tmp_path)


def pushed(stored: Stored, held: set[str]) -> Registry:
    registry = Registry(held)
    image = stored_image(LayerStore(root=stored.root), stored.image_id, LayerSizes())
    push_stored(image, REPOSITORY, "1", registry=registry, known=KnownBlobs())
    return registry


def test_only_the_layer_that_the_registry_lacks_is_read(stored: Stored) -> None:
    (stored.root / "overlay2" / "base" / "diff" / "usr/bin/python").unlink()
    registry = pushed(stored, {digest(stored.layers[0])})
    assert registry.uploaded.keys() == {digest(stored.layers[1]), stored.image_id}
    assert registry.uploaded[digest(stored.layers[1])] == stored.layers[1]


def test_the_manifest_names_the_layers_from_below_with_their_sizes(stored: Stored) -> None:
    registry = pushed(stored, set())
    described = json.loads(registry.manifest)["layers"]
    assert [d["digest"] for d in described] == [digest(c) for c in stored.layers]
    assert [d["size"] for d in described] == [len(c) for c in stored.layers]


def test_a_layer_that_is_not_what_its_digest_says_is_refused(stored: Stored) -> None:
    (stored.root / "overlay2" / "app" / "diff" / "app/order.py").write_bytes(b"print('ONE line')\n")
    with pytest.raises(ValueError, match="not what its digest says"):
        pushed(stored, {digest(stored.layers[0])})


def test_a_configuration_that_is_not_what_its_id_says_is_refused(stored: Stored) -> None:
    folder = stored.root / "image" / "overlay2" / "imagedb" / "content" / "sha256"
    (folder / stored.image_id.removeprefix("sha256:")).write_bytes(b"{}")
    with pytest.raises(ValueError, match="another digest"):
        pushed(stored, set())


def test_an_image_that_is_not_there_is_an_error_of_the_system(stored: Stored) -> None:
    with pytest.raises(OSError, match="No such file"):
        stored_image(LayerStore(root=stored.root), "sha256:" + "0" * 64, LayerSizes())


def test_a_store_of_another_kind_is_not_readable(tmp_path: Path) -> None:
    assert not LayerStore(root=tmp_path).is_readable()
