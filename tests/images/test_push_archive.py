from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest

from harness.images.push import KnownBlobs, PushedImage, push_archive
from harness.io.registry_http import RegistryError
from harness.model.errors import ImageError
from harness.model.registry import RegistryRepository

WEB = RegistryRepository("ghcr.io/acme/web")
OTHER = RegistryRepository("ghcr.io/acme/other")
OCI = "application/vnd.oci.image"


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class FakeRegistry:
    """Holds blobs per repository and, as a real one does, refuses what does not fit together."""

    blobs: dict[RegistryRepository, dict[str, bytes]] = field(default_factory=dict)
    manifests: dict[tuple[RegistryRepository, str], tuple[bytes, str]] = field(default_factory=dict)
    uploads: list[str] = field(default_factory=list)

    def has_blob(self, repository: RegistryRepository, digest: str) -> bool:
        return digest in self.blobs.get(repository, {})

    def mount(
        self, repository: RegistryRepository, digest: str, source: RegistryRepository
    ) -> bool:
        content = self.blobs.get(source, {}).get(digest)
        if content is None:
            return False
        self.blobs.setdefault(repository, {})[digest] = content
        return True

    def upload(
        self, repository: RegistryRepository, digest: str, content: IO[bytes], size: int
    ) -> None:
        body = content.read()
        if len(body) != size or digest != f"sha256:{hashlib.sha256(body).hexdigest()}":
            message = "DIGEST_INVALID"
            raise RegistryError(message)
        self.blobs.setdefault(repository, {})[digest] = body
        self.uploads.append(digest)

    def put_manifest(
        self, repository: RegistryRepository, tag: str, body: bytes, media_type: str
    ) -> None:
        document = json.loads(body)
        assert document.get("mediaType", media_type) == media_type
        for part in (document["config"], *document["layers"]):
            content = self.blobs.get(repository, {}).get(part["digest"])
            if content is None or len(content) != part["size"]:
                message = "MANIFEST_BLOB_UNKNOWN"
                raise RegistryError(message)
        self.manifests[repository, tag] = body, media_type

    def manifest(self, repository: RegistryRepository, tag: str) -> Any:
        return json.loads(self.manifests[repository, tag][0])


def layer(content: str) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        member = tarfile.TarInfo("file")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content.encode()))
    return held.getvalue()


BASE, ONE, TWO = layer("base" * 1000), layer("one"), layer("two")


def config(*layers: bytes) -> bytes:
    diff_ids = [digest(content) for content in layers]
    return json.dumps({"rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode()


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def classic(path: Path, images: dict[str, list[bytes]]) -> Path:
    """Writes what Docker up to 24 saves: a folder per layer, equal ones as symlinks."""
    manifest, saved = [], dict[bytes, str]()
    with tarfile.open(path, "w") as tar:
        for number, (name, layers) in enumerate(images.items()):
            names = [f"{number}{position}/layer.tar" for position in range(len(layers))]
            for file, content in zip(names, layers, strict=True):
                if content in saved:
                    link = tarfile.TarInfo(file)
                    link.type, link.linkname = tarfile.SYMTYPE, f"../{saved[content]}"
                    tar.addfile(link)
                else:
                    add(tar, file, content)
                    saved[content] = file
            body = config(*layers)
            file = f"{digest(body).removeprefix('sha256:')}.json"
            add(tar, file, body)
            manifest.append({"Config": file, "RepoTags": [name], "Layers": names})
        add(tar, "manifest.json", json.dumps(manifest).encode())
    return path


def layout(
    path: Path, layers: list[bytes], pack: Callable[[bytes], bytes], *, index: bool = True
) -> tuple[Path, bytes]:
    """Writes what Docker from 25 saves: an OCI layout, here with another platform left out."""
    packed = [pack(content) for content in layers]
    body = config(*layers)
    suffix = "+gzip" if packed != layers else ""
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": {"mediaType": f"{OCI}.config.v1+json", **described(body)},
            "layers": [
                {"mediaType": f"{OCI}.layer.v1.tar{suffix}", **described(blob)} for blob in packed
            ],
        },
        indent=3,
    ).encode()
    absent = {"mediaType": f"{OCI}.manifest.v1+json", **described(b"another platform")}
    nested = {
        "schemaVersion": 2,
        "manifests": [absent, {"mediaType": f"{OCI}.manifest.v1+json", **described(manifest)}],
    }
    inner = json.dumps(nested).encode()
    with tarfile.open(path, "w") as tar:
        for blob in (*packed, body, manifest, inner):
            add(tar, blob_name(blob), blob)
        if index:
            outer = {"manifests": [{"mediaType": f"{OCI}.index.v1+json", **described(inner)}]}
            add(tar, "index.json", json.dumps(outer).encode())
        entry = {
            "Config": blob_name(body),
            "RepoTags": ["acme/web:1"],
            "Layers": [blob_name(blob) for blob in packed],
        }
        add(tar, "manifest.json", json.dumps([entry]).encode())
    return path, manifest


def described(content: bytes) -> dict[str, Any]:
    return {"digest": digest(content), "size": len(content)}


def blob_name(content: bytes) -> str:
    return f"blobs/{digest(content).replace(':', '/')}"


def push(
    archive: Path,
    image: str,
    repository: RegistryRepository,
    registry: FakeRegistry,
    known: KnownBlobs | None = None,
) -> PushedImage:
    return push_archive(
        archive, image, repository, "1", registry=registry, known=known or KnownBlobs()
    )


def test_layers_are_served_as_they_lie_in_the_archive(tmp_path: Path) -> None:
    archive = classic(tmp_path / "a.tar", {"acme/web:1": [BASE, ONE]})
    registry = FakeRegistry()
    pushed = push(archive, "acme/web:1", WEB, registry)
    body, media_type = registry.manifests[WEB, "1"]
    assert pushed.digest == digest(body)
    assert media_type == "application/vnd.docker.distribution.manifest.v2+json"
    assert [(part["mediaType"], part["digest"]) for part in json.loads(body)["layers"]] == [
        ("application/vnd.docker.image.rootfs.diff.tar", digest(BASE)),
        ("application/vnd.docker.image.rootfs.diff.tar", digest(ONE)),
    ]
    assert pushed.uploaded_bytes == len(BASE) + len(ONE) + len(config(BASE, ONE))
    assert pushed.skipped_bytes == 0


def test_the_same_image_has_the_same_digest_and_is_not_sent_twice(tmp_path: Path) -> None:
    archive = classic(tmp_path / "a.tar", {"acme/web:1": [BASE, ONE]})
    registry = FakeRegistry()
    first = push(archive, "acme/web:1", WEB, registry)
    again = push(archive, "acme/web:1", WEB, registry)
    assert again.digest == first.digest
    assert (again.uploaded_bytes, again.skipped_bytes) == (0, first.uploaded_bytes)


def test_a_layer_known_in_another_repository_is_mounted(tmp_path: Path) -> None:
    archive = classic(tmp_path / "a.tar", {"web:1": [BASE, ONE], "other:1": [BASE, TWO]})
    registry, known = FakeRegistry(), KnownBlobs()
    push(archive, "web:1", WEB, registry, known)
    second = push(archive, "other:1", OTHER, registry, known)
    assert second.skipped_bytes == len(BASE)
    assert registry.uploads.count(digest(BASE)) == 1


def test_a_blob_that_cannot_be_mounted_any_more_is_uploaded(tmp_path: Path) -> None:
    archive = classic(tmp_path / "a.tar", {"web:1": [BASE]})
    known = KnownBlobs()
    known.add(digest(BASE), OTHER)
    assert push(archive, "web:1", WEB, FakeRegistry(), known).skipped_bytes == 0


def test_a_layer_that_occurs_twice_is_sent_once_and_listed_twice(tmp_path: Path) -> None:
    archive = classic(tmp_path / "a.tar", {"web:1": [BASE, ONE, BASE]})
    registry = FakeRegistry()
    push(archive, "web:1", WEB, registry)
    layers = registry.manifest(WEB, "1")["layers"]
    assert [part["digest"] for part in layers] == [digest(BASE), digest(ONE), digest(BASE)]
    assert sorted(registry.uploads) == sorted({digest(BASE), digest(ONE), *registry.uploads[-1:]})


@pytest.mark.parametrize("index", [True, False])
def test_compressed_layers_are_served_as_they_are(tmp_path: Path, index: bool) -> None:
    def pack(content: bytes) -> bytes:
        return gzip.compress(content, mtime=0)

    archive, _ = layout(tmp_path / "a.tar", [BASE, ONE], pack, index=index)
    registry = FakeRegistry()
    push(archive, "acme/web:1", WEB, registry)
    parts = registry.manifest(WEB, "1")["layers"]
    assert [part["digest"] for part in parts] == [digest(pack(BASE)), digest(pack(ONE))]
    assert all(part["mediaType"].endswith("gzip") for part in parts)


def test_compressed_layers_of_a_classic_archive_are_named_by_their_own_digest(
    tmp_path: Path,
) -> None:
    packed = gzip.compress(ONE, mtime=0)
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        add(tar, "c.json", config(ONE))
        add(tar, "1/layer.tar", packed)
        entry = {"Config": "c.json", "RepoTags": None, "Layers": ["1/layer.tar"]}
        add(tar, "manifest.json", json.dumps([entry]).encode())
    registry = FakeRegistry()
    push(tmp_path / "a.tar", "any", WEB, registry)
    assert registry.manifest(WEB, "1")["layers"] == [
        {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", **described(packed)}
    ]


def test_a_manifest_in_the_archive_keeps_its_digest(tmp_path: Path) -> None:
    archive, manifest = layout(tmp_path / "a.tar", [BASE, ONE], lambda content: content)
    registry = FakeRegistry()
    pushed = push(archive, "acme/web:1", WEB, registry)
    assert pushed.digest == digest(manifest)
    assert registry.manifests[WEB, "1"] == (manifest, f"{OCI}.manifest.v1+json")


@pytest.mark.parametrize(
    "name", ["acme/two:1", "docker.io/acme/two:1", "index", digest(config(BASE, TWO))]
)
def test_an_image_is_found_by_name_and_by_id(tmp_path: Path, name: str) -> None:
    images = {"acme/one:1": [BASE, ONE], "acme/two:1": [BASE, TWO], "index": [TWO]}
    archive = classic(tmp_path / "a.tar", images)
    registry = FakeRegistry()
    push(archive, name, WEB, registry)
    wanted = [TWO] if name == "index" else [BASE, TWO]
    digests = [part["digest"] for part in registry.manifest(WEB, "1")["layers"]]
    assert digests == [digest(content) for content in wanted]


def test_every_blob_is_reported_once_it_is_held(tmp_path: Path) -> None:
    archive = classic(tmp_path / "a.tar", {"web:1": [BASE, ONE]})
    sizes: list[int] = []
    push_archive(
        archive, "web:1", WEB, "1",
        registry=FakeRegistry(), known=KnownBlobs(), on_bytes=sizes.append,
    )  # fmt: skip
    assert sizes == [len(BASE), len(ONE), len(config(BASE, ONE))]


def nothing(path: Path) -> None:
    del path


def text(path: Path) -> None:
    path.write_text("this is no archive")


def empty(path: Path) -> None:
    tarfile.open(path, "w").close()


def truncated(path: Path) -> None:
    whole = classic(path, {"web:1": [BASE, ONE]}).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def foreign_layer(path: Path) -> None:
    with tarfile.open(path, "w") as tar:
        add(tar, "c.json", config(ONE))
        add(tar, "l.tar", TWO)
        entry = {"Config": "c.json", "RepoTags": ["web:1"], "Layers": ["l.tar"]}
        add(tar, "manifest.json", json.dumps([entry]).encode())


def without_layer(path: Path) -> None:
    with tarfile.open(path, "w") as tar:
        add(tar, "c.json", config(ONE))
        entry = {"Config": "c.json", "RepoTags": ["web:1"], "Layers": ["l.tar"]}
        add(tar, "manifest.json", json.dumps([entry]).encode())


def two_others(path: Path) -> None:
    classic(path, {"a:1": [ONE], "b:1": [TWO]})


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (nothing, "No such file"),
        (text, "truncated header"),
        (empty, "manifest.json"),
        (truncated, "unexpected end of data"),
        (foreign_layer, "DIGEST_INVALID"),
        (without_layer, "l.tar"),
        (two_others, "it holds 2 images and none is called web:1"),
    ],
)
def test_a_bad_archive_is_one_paragraph(
    tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    make(tmp_path / "a.tar")
    with pytest.raises(ImageError) as caught:
        push(tmp_path / "a.tar", "web:1", WEB, FakeRegistry())
    assert said in str(caught.value)
    assert "Delivering web:1 as ghcr.io/acme/web:1" in str(caught.value)
    assert "\n" not in str(caught.value)
