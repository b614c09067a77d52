"""A saved bundle arrives whole or not at all."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import tarfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.bundle import archive_format as fmt
from harness.bundle.archive_load import load_bundle, loaded_bundle
from harness.bundle.archive_save import save_bundle
from harness.bundle.manifest import read_bundle, verify
from harness.bundle.progress import PartProgress, StoppedError, stoppable
from harness.model.bundle import Bundle
from harness.model.errors import BundleError

PLATFORM = "linux/amd64"


def quiet(_: PartProgress) -> None:
    """Takes progress and says nothing."""


def save(bundle_json: Path, target: Path, *, compress: bool = False) -> Path:
    save_bundle(
        read_bundle(bundle_json), target, platform=PLATFORM, report=quiet, compress=compress
    )
    return target


def load(path: Path, cache: Path, platform: str = PLATFORM) -> Bundle:
    return load_bundle(path, cache, platform=platform, now="2026-07-08T00:00:00", report=quiet)


@pytest.fixture
def saved(bundle_json: Path, tmp_path: Path) -> Path:
    return save(bundle_json, tmp_path / "bundle.tar")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return tmp_path / "other-cache"


def assert_nothing_left(cache: Path) -> None:
    left = [p for p in cache.rglob("*") if p.is_file()] if cache.exists() else []
    assert left == []
    assert not list(cache.glob("bundles/*"))


@pytest.mark.parametrize("compress", [False, True])
def test_a_bundle_arrives_as_it_was(
    bundle_json: Path, tmp_path: Path, other: Path, compress: bool
) -> None:
    before = read_bundle(bundle_json)
    after = load(save(bundle_json, tmp_path / "b", compress=compress), other)
    verify(after, thorough=True)
    assert (after.origin, after.key, after.kubernetes) == ("load", before.key, before.kubernetes)
    assert [i.reference for i in after.images] == [i.reference for i in before.images]
    assert after.image("node").declared == before.image("node").declared
    for image in after.images:
        assert image.archive.read_bytes() == before.image(image.role).archive.read_bytes()
        assert other in image.archive.parents
    assert os.access(after.tools["kubectl"].path, os.X_OK)
    assert after.argocd_manifest.read_bytes() == before.argocd_manifest.read_bytes()


def test_any_tar_program_can_list_and_unpack_it(saved: Path) -> None:
    with tarfile.open(saved) as archive:
        names = archive.getnames()
        index = json.load(archive.extractfile("index.json") or io.BytesIO())
    assert names[:2] == ["index.json", "bundle.json"]
    assert [m["name"] for m in index["members"]] == names[1:]
    assert {"tools/kind", "manifests/argocd.yaml", "images/node.tar"} < set(names)


def test_saving_twice_gives_the_same_bytes(bundle_json: Path, tmp_path: Path) -> None:
    first = save(bundle_json, tmp_path / "one")
    assert first.read_bytes() == save(bundle_json, tmp_path / "two").read_bytes()


def test_a_loaded_bundle_can_be_passed_on(saved: Path, other: Path, tmp_path: Path) -> None:
    loaded = load(saved, other)
    again = load(save(loaded.path, tmp_path / "again.tar"), tmp_path / "third")
    verify(again, thorough=True)
    content = json.loads(again.path.read_text())
    assert content["loaded"]["origin"] == "build"


def test_loading_twice_is_one_bundle(saved: Path, other: Path) -> None:
    assert load(saved, other).path == load(saved, other).path
    assert len(list((other / "bundles").iterdir())) == 1


def test_a_loaded_bundle_is_found_by_its_index_alone(saved: Path, other: Path) -> None:
    assert loaded_bundle(saved, other) is None
    path = load(saved, other).path
    found = loaded_bundle(saved, other)
    assert found is not None
    assert found.path == path


def test_a_damaged_loaded_bundle_is_replaced(saved: Path, other: Path) -> None:
    first = load(saved, other)
    first.image("node").archive.write_bytes(b"")
    assert loaded_bundle(saved, other) is None
    verify(load(saved, other), thorough=True)
    assert len(list((other / "bundles").iterdir())) == 1


def test_every_truncation_is_refused_and_leaves_nothing(saved: Path, other: Path) -> None:
    content = saved.read_bytes()
    lengths = {*range(0, len(content), 797), *range(len(content) - 3, len(content)), 511, 512, 513}
    for length in sorted(lengths - {len(content)}):
        saved.write_bytes(content[:length])
        with pytest.raises(BundleError, match="truncated") as caught:
            load(saved, other)
        assert str(saved) in caught.value.paragraph()
        assert_nothing_left(other)


def test_every_flipped_bit_is_refused_and_leaves_nothing(saved: Path, other: Path) -> None:
    content = bytearray(saved.read_bytes())
    for offset in range(0, len(content), 1021):
        bit = 1 << (offset % 8)
        content[offset] ^= bit
        saved.write_bytes(content)
        with pytest.raises(BundleError):
            load(saved, other)
        assert_nothing_left(other)
        content[offset] ^= bit
    saved.write_bytes(content)
    verify(load(saved, other), thorough=True)


def test_damage_is_named_with_its_member_and_both_checksums(saved: Path, other: Path) -> None:
    content = bytearray(saved.read_bytes())
    at = content.index(b"kafkakafkakafka")
    content[at] ^= 1
    saved.write_bytes(content)
    with pytest.raises(BundleError) as caught:
        load(saved, other)
    assert caught.value.seen.startswith("images/kafka.tar is damaged: SHA-256 ")
    assert caught.value.expected.startswith("SHA-256 ")


def test_a_truncated_file_names_the_member_it_ends_in(saved: Path, other: Path) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: content.index(b"kafkakafkakafka") + 100])
    with pytest.raises(BundleError, match=r"truncated: \d+ bytes, the last being in images/kafka"):
        load(saved, other)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_compressed_file_is_refused(
    bundle_json: Path, tmp_path: Path, other: Path, share: float
) -> None:
    path = save(bundle_json, tmp_path / "b.gz", compress=True)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(BundleError, match="truncated"):
        load(path, other)
    assert_nothing_left(other)


def test_a_damaged_compressed_file_is_refused_unless_its_content_is_the_same(
    bundle_json: Path, tmp_path: Path, other: Path
) -> None:
    path = save(bundle_json, tmp_path / "b.gz", compress=True)
    content = bytearray(path.read_bytes())
    refusals = 0
    for offset in range(12, len(content), 97):
        content[offset] ^= 4
        path.write_bytes(content)
        try:
            loaded = load(path, other)
        except BundleError:
            refusals += 1
            assert_nothing_left(other)
        else:
            # Some bits of a compressed stream mean nothing: repeats can be named in two ways.
            verify(loaded, thorough=True)
            shutil.rmtree(other)
        content[offset] ^= 4
    assert refusals > 20


@pytest.mark.parametrize("tail", [b"x", bytes(512), b"more" * 4096])
def test_what_follows_the_end_is_refused(saved: Path, other: Path, tail: bytes) -> None:
    saved.write_bytes(saved.read_bytes() + tail)
    with pytest.raises(BundleError, match=f"{len(tail)} bytes follow its end"):
        load(saved, other)
    assert_nothing_left(other)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"hello " * 200, "no bundle file"),
        (b"", "truncated"),
        (b"PK\x03\x04" + bytes(2000), "no bundle file"),
        (bytes(4096), "no bundle file"),
        (gzip.compress(b"hello " * 200, mtime=0), "no bundle file"),
        (b"\x1f\x8b" + b"junk" * 300, "cannot be read"),
    ],
)
def test_a_foreign_file_is_refused(
    tmp_path: Path, other: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=reason):
        load(path, other)
    assert_nothing_left(other)


def test_another_tar_is_refused_by_its_first_entry(tmp_path: Path, other: Path) -> None:
    path = tmp_path / "other.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        archive.add(__file__, arcname="../../etc/passwd")
    with pytest.raises(BundleError, match=r"its first entry is '\.\./\.\./etc/passwd'"):
        load(path, other)


def test_a_missing_file_is_refused(tmp_path: Path, other: Path) -> None:
    with pytest.raises(BundleError, match="No such file"):
        load(tmp_path / "nowhere.tar", other)
    with pytest.raises(BundleError, match="Is a directory"):
        load(tmp_path, other)


def forge(saved: Path, edit: Callable[[dict[str, object]], object]) -> None:
    """Gives the archive another index, with a right checksum."""
    with tarfile.open(saved) as archive:
        data = json.load(archive.extractfile("index.json") or io.BytesIO())
        end = archive.getmembers()[1].offset
    edit(data)
    data["sha256"] = fmt.checksum(data)
    content = json.dumps(data).encode()
    rest = saved.read_bytes()[end:]
    saved.write_bytes(
        fmt.header("index.json", len(content)) + content + fmt.padding(len(content)) + rest
    )


def member(data: dict[str, object], number: int) -> dict[str, object]:
    members = data["members"]
    assert isinstance(members, list)
    found = members[number]
    assert isinstance(found, dict)
    return found


def test_a_newer_schema_is_refused_as_such(saved: Path, other: Path) -> None:
    forge(saved, lambda data: data.update(schema=2, something="new"))
    with pytest.raises(BundleError, match="its schema is 2") as caught:
        load(saved, other)
    assert "update the harness" in caught.value.next_step


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "tools/../../evil", "", "a" * 120, "a\nb"]
)
def test_a_member_that_leaves_the_folder_is_refused(saved: Path, other: Path, name: str) -> None:
    forge(saved, lambda data: member(data, 1).update(name=name))
    with pytest.raises(BundleError, match=r"members\.1\.name"):
        load(saved, other)
    assert_nothing_left(other)
    assert not list(other.parent.rglob("evil"))


def test_a_member_named_twice_is_refused(saved: Path, other: Path) -> None:
    forge(saved, lambda data: member(data, 2).update(name=member(data, 1)["name"]))
    with pytest.raises(BundleError, match="names a member twice"):
        load(saved, other)


def test_an_index_that_does_not_fit_the_members_is_refused(saved: Path, other: Path) -> None:
    forge(saved, lambda data: member(data, 1).update(executable=False))
    with pytest.raises(BundleError, match=r"the header of tools/kind at byte \d+ is damaged"):
        load(saved, other)
    assert_nothing_left(other)


def test_a_bundle_for_another_platform_is_refused(saved: Path, other: Path) -> None:
    with pytest.raises(BundleError, match="for linux/amd64") as caught:
        load(saved, other, platform="darwin/arm64")
    assert "darwin/arm64" in caught.value.expected


def test_a_bundle_damaged_in_the_cache_is_not_saved(bundle_json: Path, tmp_path: Path) -> None:
    archive = read_bundle(bundle_json).image("redis").archive
    archive.write_bytes(b"?" + archive.read_bytes()[1:])
    with pytest.raises(BundleError, match="image redis is damaged"):
        save(bundle_json, tmp_path / "b.tar")
    assert [p.name for p in tmp_path.iterdir()] == ["cache"]


def test_saving_to_a_place_that_is_not_there_is_one_paragraph(
    bundle_json: Path, tmp_path: Path
) -> None:
    with pytest.raises(BundleError, match="No such file or directory"):
        save(bundle_json, tmp_path / "no" / "where" / "b.tar")


def test_many_loads_at_once_give_one_whole_bundle(saved: Path, other: Path) -> None:
    barrier = threading.Barrier(8)

    def one(_: int) -> Path:
        barrier.wait()
        return load(saved, other).path

    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(one, range(8)))
    assert len(paths) == 1
    verify(read_bundle(paths.pop()), thorough=True)
    assert len(list((other / "bundles").iterdir())) == 1


def test_a_cancelled_load_leaves_nothing(saved: Path, other: Path) -> None:
    cancelled = threading.Event()

    def report(progress: PartProgress) -> None:
        if progress.part == "images/node.tar":
            cancelled.set()

    with pytest.raises(StoppedError):
        load_bundle(saved, other, platform=PLATFORM, now="", report=stoppable(report, cancelled))
    assert_nothing_left(other)


def test_every_member_is_reported_from_start_to_end(saved: Path, other: Path) -> None:
    told: list[PartProgress] = []
    load_bundle(saved, other, platform=PLATFORM, now="", report=told.append)
    node = [p for p in told if p.part == "images/node.tar"]
    assert [(p.state.value, p.fraction) for p in node] == [("running", 0.0), ("done", 1.0)]
