from __future__ import annotations

import gzip
import json
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from harness.model.errors import RunnerError, UsageError
from harness.model.secret import Secret
from harness.reproduction.manifest import MANIFEST, RUN, TREE
from harness.reproduction.masking import Masker
from harness.reproduction.read import LARGEST_MEMBER, is_archive, read_manifest, unpack
from harness.reproduction.trimming import TIMELINE
from harness.reproduction.write import write_archive
from tests.reproduction.archives import RUN_PART, entry, hostile, manifest, part, written

SECRET = "correct-horse-battery"


def test_what_was_written_is_unpacked(tmp_path: Path) -> None:
    parts = [
        RUN_PART,
        part(f"{TREE}/run.sh", "#!/bin/sh\n", executable=True),
        part(f"{TREE}/deep/{'long' * 40}/ä.yaml", "a: 1\n"),
        part(f"{TREE}/deep/link", link="../run.sh"),
    ]
    made = written(tmp_path, parts)

    found = unpack(made.path, tmp_path / "out")

    assert found == made.manifest
    assert is_archive(made.path)
    assert (tmp_path / "out/tree/run.sh").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / f"out/tree/deep/{'long' * 40}/ä.yaml").read_text() == "a: 1\n"
    assert (tmp_path / "out/tree/deep/link").read_text() == "#!/bin/sh\n"


def test_the_manifest_comes_first_and_lists_every_member(tmp_path: Path) -> None:
    made = written(tmp_path, [RUN_PART, part("evidence/a.log", "x\n")])

    with tarfile.open(made.path) as tar:
        names = tar.getnames()

    assert names == [MANIFEST, RUN, "evidence/a.log"]
    assert [m.name for m in read_manifest(made.path).members] == names[1:]


def test_no_secret_is_in_the_file_and_the_manifest_says_what_was_taken_out(tmp_path: Path) -> None:
    timeline = gzip.compress(f'{{"text": "{SECRET}"}}'.encode())
    parts = [
        RUN_PART,
        part("evidence/app.log", f"password={SECRET}\n" * 2),
        part(f"{TREE}/config.yaml", f"key: {SECRET}\n"),
        part(TIMELINE),  # replaced below
    ]
    parts[-1] = type(RUN_PART)(name=TIMELINE, data=timeline)

    made = written(tmp_path, parts, SECRET, notes=(f"withheld {SECRET}",))

    plain = gzip.decompress(made.path.read_bytes())
    assert SECRET.encode() not in plain
    unpack(made.path, tmp_path / "out")
    assert SECRET.encode() not in gzip.decompress((tmp_path / "out" / TIMELINE).read_bytes())
    assert {(m.member, m.times) for m in made.manifest.masked} == {
        ("evidence/app.log", 2),
        (f"{TREE}/config.yaml", 1),
        (TIMELINE, 1),
    }


def test_a_secret_in_a_name_is_masked_too(tmp_path: Path) -> None:
    made = written(tmp_path, [RUN_PART, part(f"evidence/{SECRET}.log", "x\n")], SECRET)

    assert [m.name for m in made.manifest.members] == [RUN, "evidence/********.log"]
    assert SECRET.encode() not in gzip.decompress(made.path.read_bytes())


class Blind(Masker):
    """Masks nothing, and finds what is there: a defect that the search must see."""

    def masked(self, data: bytes) -> tuple[bytes, Counter[str]]:
        return data, Counter()

    def found(self, data: bytes) -> Counter[str]:
        return super().masked(data)[1]


def test_an_archive_that_still_shows_a_secret_is_not_kept(tmp_path: Path) -> None:
    parts = [RUN_PART, part("evidence/app.log", SECRET)]

    with pytest.raises(RunnerError, match=r"still shows in evidence/app\.log \(secret value\)"):
        write_archive(tmp_path / "a.tar.gz", manifest(), parts, Blind([Secret(SECRET)]))

    assert list(tmp_path.iterdir()) == []


def test_a_big_archive_loses_its_logs_first_and_says_so(tmp_path: Path) -> None:
    noise = "".join(f"{hash((n, 'x'))}\n" for n in range(60_000))
    parts = [RUN_PART, part("evidence/app.log", noise), part(f"{TREE}/a.yaml", "a: 1\n")]

    made = written(tmp_path, parts, largest=100_000)

    assert made.bytes <= 100_000
    assert made.manifest.trimmed == ("1 logs cut to their last 64 KiB",)
    assert {m.name for m in made.manifest.members} == {p.name for p in parts}


def test_an_archive_that_stays_too_big_is_not_kept(tmp_path: Path) -> None:
    noise = "".join(f"{hash((n, 'y'))}\n" for n in range(20_000))

    with pytest.raises(RunnerError, match="--archive-tree commit"):
        written(tmp_path, [RUN_PART, part(f"{TREE}/a.bin", noise)], largest=10_000)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../out", "tree/../../x", "tree/.git/config", "evil", "tree/a//b", "tree"],
)
def test_a_member_with_no_place_in_an_archive_is_refused(tmp_path: Path, name: str) -> None:
    path = hostile(tmp_path / "a.tar.gz", (entry(name, b"x"), b"x"))

    with pytest.raises(UsageError, match=r"no place|plain relative path"):
        unpack(path, tmp_path / "out")

    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("target", ["/etc", "../..", "a/../../..", "../../out/tree/x"])
def test_a_link_that_leads_out_is_refused(tmp_path: Path, target: str) -> None:
    path = hostile(tmp_path / "a.tar.gz", (entry("tree/d/l", link=target), b""))

    with pytest.raises(UsageError, match="leads out"):
        unpack(path, tmp_path / "out")


def test_links_that_lead_out_together_are_refused(tmp_path: Path) -> None:
    links = ((entry("tree/a/up", link=".."), b""), (entry("tree/out", link="a/up/.."), b""))
    path = hostile(tmp_path / "a.tar.gz", *links)

    with pytest.raises(UsageError, match="leads out"):
        unpack(path, tmp_path / "out")


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    entries = ((entry("tree/a", link="b"), b""), (entry("tree/a/x", b"x"), b"x"))
    path = hostile(tmp_path / "a.tar.gz", *entries)

    with pytest.raises(UsageError, match="no folder"):
        unpack(path, tmp_path / "out")


def test_a_device_is_refused(tmp_path: Path) -> None:
    device = entry("tree/null")
    device.type = tarfile.CHRTYPE
    path = hostile(tmp_path / "a.tar.gz", (device, b""))

    with pytest.raises(UsageError, match="stands where"):
        unpack(path, tmp_path / "out")


def test_a_header_that_asks_for_too_much_is_refused(tmp_path: Path) -> None:
    huge = entry("tree/huge")
    huge.size = LARGEST_MEMBER * 64
    path = tmp_path / "a.tar.gz"
    listed = hostile(tmp_path / "b.tar.gz", (entry("tree/huge", b"x"), b"x"))
    with gzip.open(listed) as found, gzip.open(path, "wb") as out:
        data = found.read()
        at = data.index(b"tree/huge\0")
        out.write(data[:at] + huge.tobuf(tarfile.GNU_FORMAT) + data[at + 512 :])

    with pytest.raises(UsageError):
        unpack(path, tmp_path / "out")


def test_a_changed_member_is_refused(tmp_path: Path) -> None:
    made = written(tmp_path, [RUN_PART, part("evidence/a.log", "all is well\n")])
    data = gzip.decompress(made.path.read_bytes()).replace(b"all is well", b"all is ill.")
    made.path.write_bytes(gzip.compress(data))

    with pytest.raises(UsageError, match=r"a\.log is damaged"):
        unpack(made.path, tmp_path / "out")


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_file_that_was_cut_is_refused(tmp_path: Path, kept: float) -> None:
    made = written(tmp_path, [RUN_PART, part("evidence/a.log", "x" * 10_000)])
    data = made.path.read_bytes()
    made.path.write_bytes(data[: int(len(data) * kept)])

    with pytest.raises(UsageError, match=r"damaged|ends before"):
        unpack(made.path, tmp_path / "out")


def test_more_than_the_manifest_lists_is_refused(tmp_path: Path) -> None:
    path = hostile(tmp_path / "a.tar.gz", (entry("tree/x", b"x"), b"x"), members=[])

    with pytest.raises(UsageError, match="more than"):
        unpack(path, tmp_path / "out")


def test_another_version_says_so(tmp_path: Path) -> None:
    made = written(tmp_path, [RUN_PART])
    data = gzip.decompress(made.path.read_bytes()).replace(b'"version": 1', b'"version": 9')
    made.path.write_bytes(gzip.compress(data))

    with pytest.raises(UsageError, match="format version 9"):
        read_manifest(made.path)


@pytest.mark.parametrize(
    "content",
    [b"", b"text", gzip.compress(b"{}" * 99, mtime=0)],
    ids=["empty", "text", "another archive"],
)
def test_what_is_no_archive_is_told_apart(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    assert not is_archive(path)
    with pytest.raises(UsageError):
        read_manifest(path)


def test_the_schema_file_is_that_of_the_manifest() -> None:
    from harness.reproduction import document, manifest  # noqa: PLC0415 -- both have one

    for module in (manifest, document):
        assert module.SCHEMA_FILE.read_text(encoding="utf-8") == module.schema_text()
        assert json.loads(module.schema_text())["properties"]["version"]["const"] == 1
