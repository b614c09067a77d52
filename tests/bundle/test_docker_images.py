"""Docker gets what it lacks, under our names only."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.bundle.docker_images import archive_image_ids, ensure_images
from harness.bundle.manifest import ROLES, read_bundle
from harness.model.bundle import BundledImage
from harness.model.errors import BundleError


@dataclass
class Store:
    """Docker's images; loading an archive brings the ids it names through `key`."""

    ids: set[str] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)
    loaded: list[Path] = field(default_factory=list)
    refuses: bool = False
    id_number: int = 0

    def has_image(self, image_id: str) -> bool:
        return image_id in self.ids

    def load_archive(self, path: Path) -> None:
        self.loaded.append(path)
        if not self.refuses:
            self.ids.add(archive_image_ids(path)[self.id_number])

    def tag(self, image_id: str, reference: str) -> None:
        assert image_id in self.ids
        self.tags[reference] = image_id


def test_an_empty_docker_gets_every_image(bundle_json: Path) -> None:
    store, told = Store(), list[BundledImage]()
    bundle = read_bundle(bundle_json)
    ids = ensure_images(bundle, store, on_load=told.append)
    assert set(ids) == set(ROLES)
    assert [i.role for i in told] == list(ROLES)
    assert store.tags == {i.reference: i.image_id for i in bundle.images}
    assert all(name.startswith("gitops-harness/") for name in store.tags)


def test_what_is_there_is_not_loaded_again(bundle_json: Path) -> None:
    bundle, store = read_bundle(bundle_json), Store()
    ensure_images(bundle, store)
    store.loaded.clear()
    store.ids.remove(bundle.image("redis").image_id)
    ensure_images(bundle, store)
    assert store.loaded == [bundle.image("redis").archive]


def test_only_the_wanted_roles_are_looked_at(bundle_json: Path) -> None:
    store = Store()
    ids = ensure_images(read_bundle(bundle_json), store, roles=("node", "gate"))
    assert set(ids) == {"node", "gate"}
    assert len(store.loaded) == 2


def test_a_docker_that_names_images_by_manifest_is_understood(bundle_json: Path) -> None:
    bundle = read_bundle(bundle_json)
    manifest_id = "sha256:" + "9" * 64
    for image in bundle.images:
        add_to_archive(image.archive, "index.json", {"manifests": [{"digest": manifest_id}]})
    store = Store(id_number=1)
    ids = ensure_images(bundle, store, roles=["node"])
    assert ids == {"node": manifest_id}
    ensure_images(bundle, store, roles=["node"])
    assert len(store.loaded) == 1


def test_an_archive_that_brings_another_image_is_an_error(bundle_json: Path) -> None:
    with pytest.raises(BundleError, match="no image sha256:"):
        ensure_images(read_bundle(bundle_json), Store(refuses=True))


@pytest.mark.parametrize("content", [b"", b"junk" * 999, bytes(10240)])
def test_an_unreadable_archive_has_no_ids(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(content)
    assert archive_image_ids(path) == ()
    assert archive_image_ids(tmp_path / "absent") == ()


def add_to_archive(path: Path, name: str, data: object) -> None:
    content = json.dumps(data).encode()
    with tarfile.open(path, "a") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
