from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.evidence.cassette import read_cassette, write_cassette
from harness.model.errors import UsageError
from harness.model.refs import ObjectRef
from harness.model.timeline import Cassette, DeclaredObject, Entry, EntryKind, Header

POD = ObjectRef("Pod", "dev", "a")
NAMES = ["timeline.jsonl", "timeline.jsonl.gz"]
SPEC = {"containers": [{"name": "app", "image": "example.org/app:1", "command": ["run"] * 50}]}


def pod(version: int, **more: Any) -> dict[str, Any]:
    meta = {"name": "a", "namespace": "dev", "resourceVersion": str(version)}
    return {"kind": "Pod", "metadata": meta, "spec": SPEC, **more}


def seen(at: float, kind: EntryKind, ref: ObjectRef = POD, **more: Any) -> Entry:
    return Entry(at=at, kind=kind, ref=ref, **more)


HEADER = Header(
    started=1700000000.25,
    environment="dev",
    revision="abc",
    namespaces=("dev", "data"),
    engine_namespace="argo",
    declared=(DeclaredObject(object={"kind": "Service", "metadata": {}}, application="orders"),),
    expected_applications=("orders",),
    provided=(ObjectRef("Secret", "dev", "pull"),),
)
ENTRIES = (
    seen(1.1, EntryKind.OBJECT, object=pod(1)),
    seen(1.2, EntryKind.LISTED, ObjectRef("Pod", "", "")),
    seen(1.3, EntryKind.OBJECT, object=pod(2, status={"phase": "Running"})),
    seen(1.4, EntryKind.LOG, container="app", previous=True, restarts=3, text="zwölf\n„x“\n"),
    seen(1.5, EntryKind.OBJECT, object=pod(3)),
    seen(1.6, EntryKind.GONE),
    seen(1.7, EntryKind.OBJECT, object=pod(4)),
)
CASSETTE = Cassette(header=HEADER, entries=ENTRIES)


def _written(tmp_path: Path, name: str = NAMES[0]) -> Path:
    write_cassette(CASSETTE, tmp_path / name)
    return tmp_path / name


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    notes: list[str] = []

    assert read_cassette(_written(tmp_path, name), note=notes.append) == CASSETTE
    assert notes == []
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_name_that_ends_in_gz_is_compressed_and_equal_runs_give_equal_files(
    tmp_path: Path,
) -> None:
    path = _written(tmp_path, NAMES[1])
    first = path.read_bytes()
    write_cassette(CASSETTE, path)

    assert path.read_bytes() == first
    assert gzip.decompress(first) == _written(tmp_path).read_bytes()


def test_a_later_version_holds_only_the_parts_that_changed(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in _written(tmp_path).read_text().splitlines()]

    assert [("object" in line) for line in lines[1:]] == [True, *[False] * 5, True]
    assert lines[3]["set"] == {
        "metadata": pod(2)["metadata"],
        "status": {"phase": "Running"},
    }
    assert lines[5]["drop"] == ["status"]


def test_a_compressed_file_is_known_by_its_content(tmp_path: Path) -> None:
    path = _written(tmp_path, NAMES[1]).rename(tmp_path / "other.jsonl")

    assert read_cassette(path) == CASSETTE


def test_the_values_of_declared_secrets_are_not_written(tmp_path: Path) -> None:
    secret = {"kind": "Secret", "stringData": {"a": "hunter22", "b": ""}, "data": {"c": "aHVu"}}
    header = replace(HEADER, declared=(DeclaredObject(object=secret),))
    path = tmp_path / "t.jsonl"

    write_cassette(Cassette(header=header, entries=()), path)

    read = read_cassette(path).header.declared[0].object
    assert read == {
        "kind": "Secret",
        "stringData": {"a": "(hidden)", "b": ""},
        "data": {"c": "(hidden)"},
    }
    assert secret["stringData"] == {"a": "hunter22", "b": ""}


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = _written(tmp_path)
    broken = seen(1.0, EntryKind.OBJECT, object={"metadata": {1, 2}})

    with pytest.raises(TypeError):
        write_cassette(Cassette(header=HEADER, entries=(broken,)), path)

    assert read_cassette(path) == CASSETTE
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def _changed_line(path: Path, number: int, text: str) -> None:
    lines = path.read_text().splitlines()
    lines[number - 1] = text
    path.write_text("\n".join(lines) + "\n")


def test_another_format_version_is_refused(tmp_path: Path) -> None:
    path = _written(tmp_path)
    head = json.loads(path.read_text().splitlines()[0])
    _changed_line(path, 1, json.dumps({**head, "version": 7}))

    with pytest.raises(UsageError, match=r"format version 7.*Expected: format version 1") as raised:
        read_cassette(path)
    assert "record the run again" in raised.value.next_step


@pytest.mark.parametrize("text", ["{}", "[1]", "", "not JSON", '{"format": "other"}'])
def test_a_file_without_a_header_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(text)

    with pytest.raises(UsageError, match="its first line is not the header of a timeline"):
        read_cassette(path)


def test_a_damaged_header_is_refused(tmp_path: Path) -> None:
    path = _written(tmp_path)
    head = json.loads(path.read_text().splitlines()[0])
    del head["started"]
    _changed_line(path, 1, json.dumps(head))

    with pytest.raises(UsageError, match=r"its header is damaged.*started"):
        read_cassette(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"at": 1, "kind": "object"',
        '{"at": 1, "kind": "unheard-of", "ref": ["Pod", "dev", "a"]}',
        '{"at": 1, "kind": "gone", "ref": ["Pod", "dev"]}',
        '{"kind": "gone", "ref": ["Pod", "dev", "a"]}',
        '{"at": 1, "kind": "object", "ref": ["Pod", "dev", "never seen"], "set": {}}',
        '{"at": 1, "kind": "object", "ref": ["Pod", "dev", "a"], "object": 5}',
    ],
)
def test_a_damaged_line_is_refused_by_its_number(tmp_path: Path, text: str) -> None:
    path = _written(tmp_path)
    _changed_line(path, 3, text)

    with pytest.raises(UsageError, match="line 3 is damaged"):
        read_cassette(path)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_ends_too_early_gives_what_could_be_read_and_a_note(
    tmp_path: Path, name: str
) -> None:
    path, notes = _written(tmp_path, name), list[str]()
    path.write_bytes(path.read_bytes()[:-20])

    found = read_cassette(path, note=notes.append)

    assert found.header == HEADER
    assert found.entries == ENTRIES[: len(found.entries)]
    assert 3 <= len(found.entries) < len(ENTRIES)
    assert notes == [f"{path} ends too early: {len(found.entries)} entries could be read"]


def test_a_compressed_file_with_a_wrong_byte_is_refused(tmp_path: Path) -> None:
    path = _written(tmp_path, NAMES[1])
    raw = bytearray(path.read_bytes())
    raw[-6] ^= 0xFF  # inside the checksum
    path.write_bytes(bytes(raw))

    with pytest.raises(UsageError, match="it is damaged"):
        read_cassette(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_cassette(tmp_path / "none.jsonl.gz")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"\xff\xfe\n\xff")

    with pytest.raises(UsageError):
        read_cassette(path)
