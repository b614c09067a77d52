from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.repo.render_cache import Kept, RenderCache

KEY = "ab" * 20
KEPT = Kept(objects=({"kind": "A"},), warnings=("w",), notes=("n",))


def _entry(folder: Path) -> Path:
    [path] = folder.glob("??/*.json")
    return path


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    RenderCache(tmp_path).write(KEY, KEPT)

    assert RenderCache(tmp_path).read(KEY) == KEPT
    assert RenderCache(tmp_path).read("cd" * 20) is None
    assert _entry(tmp_path).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:-3],
        lambda raw: raw.replace(b'"A"', b'"B"'),
        lambda _: b"",
        lambda _: b"\xff\0",
        lambda raw: raw.partition(b"\n")[2],
    ],
    ids=["cut off", "changed", "empty", "binary", "without checksum"],
)
def test_a_damaged_entry_is_as_good_as_none(tmp_path: Path, damage: object) -> None:
    cache = RenderCache(tmp_path)
    cache.write(KEY, KEPT)
    assert callable(damage)
    _entry(tmp_path).write_bytes(damage(_entry(tmp_path).read_bytes()))

    assert cache.read(KEY) is None
    cache.write(KEY, KEPT)
    assert cache.read(KEY) == KEPT


def test_an_entry_counts_only_under_its_own_key(tmp_path: Path) -> None:
    cache = RenderCache(tmp_path)
    cache.write(KEY, KEPT)
    other = "ab" + "cd" * 19
    (_entry(tmp_path).parent / f"{other}.json").write_bytes(_entry(tmp_path).read_bytes())

    assert cache.read(other) is None


def test_the_least_used_entries_go_when_all_are_too_large(tmp_path: Path) -> None:
    cache = RenderCache(tmp_path, max_bytes=1000)
    keys = [f"{n:02}" * 20 for n in range(10)]
    for age, key in enumerate(keys):
        cache.write(key, Kept(objects=({"text": "x" * 150},)))
        os.utime(tmp_path / key[:2] / f"{key}.json", (age, age))
    cache.read(keys[0])

    cache.trim()

    left = {path.stem for path in tmp_path.glob("??/*.json")}
    assert keys[0] in left
    assert keys[9] in left
    assert keys[1] not in left
    assert sum(path.stat().st_size for path in tmp_path.glob("??/*")) <= 1000


def test_without_a_folder_or_a_place_to_write_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    for cache in (RenderCache(None), RenderCache(tmp_path / "file")):
        cache.write(KEY, KEPT)
        cache.trim()
        assert cache.read(KEY) is None


def test_objects_that_json_cannot_hold_are_not_kept(tmp_path: Path) -> None:
    cyclic: dict[str, object] = {}
    cyclic["self"] = cyclic

    RenderCache(tmp_path).write(KEY, Kept(objects=(cyclic,)))

    assert RenderCache(tmp_path).read(KEY) is None
