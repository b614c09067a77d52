from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.loop.saves import SaveWatch
from harness.loop.tree_files import mattering

SECONDS = 20.0


class Batches:
    """What was told, and a way to wait for it."""

    def __init__(self) -> None:
        self._told: queue.SimpleQueue[tuple[str, ...]] = queue.SimpleQueue()

    def take(self, files: tuple[str, ...]) -> None:
        self._told.put(files)

    def until(self, name: str) -> list[str]:
        """Returns everything that was told until a file came."""
        found: list[str] = []
        while name not in found:
            found += self._told.get(timeout=SECONDS)
        return found


@pytest.fixture
def batches() -> Batches:
    return Batches()


@pytest.fixture
def watched(tmp_path: Path, batches: Batches) -> Iterator[Path]:
    root = tmp_path / "tree"
    for folder in (".git", "report", "overlays"):
        (root / folder).mkdir(parents=True)
    watch = SaveWatch(root, batches.take, apart=[root / "report"], say=pytest.fail)
    watch.start()
    # The watching begins in a thread: written again and again until it is seen.
    for number in range(200):
        (root / "begun").write_text(str(number))
        try:
            batches.take(batches._told.get(timeout=0.1))
        except queue.Empty:
            continue
        break
    batches.until("begun")
    yield root
    watch.stop()


def test_a_save_by_renaming_is_told(watched: Path, batches: Batches) -> None:
    (watched / "overlays" / "new~").write_text("a: 1\n")
    (watched / "overlays" / "new~").rename(watched / "overlays" / "app.yaml")
    assert "overlays/app.yaml" in batches.until("overlays/app.yaml")


def test_what_git_and_the_harness_write_is_not_told(watched: Path, batches: Batches) -> None:
    (watched / ".git" / "index").write_text("x")
    (watched / "report" / "run.json").write_text("{}")
    (watched / "app.yaml").write_text("a: 1\n")
    assert {"begun", "app.yaml"} >= set(batches.until("app.yaml"))


def test_a_folder_that_is_made_later_is_watched(watched: Path, batches: Batches) -> None:
    (watched / "base" / "order").mkdir(parents=True)
    (watched / "base" / "order" / "app.yaml").write_text("a: 1\n")
    (watched / "base" / "order" / "other.yaml").write_text("a: 1\n")
    assert "base/order/other.yaml" in batches.until("base/order/other.yaml")


def test_files_of_the_tree_matter_and_ignored_ones_do_not() -> None:
    written = ("a.yaml", "deleted.yaml", "debug.log", "services/order/app.py", "target/app.jar")
    found = mattering(written, {"deleted.yaml"}, {"a.yaml"}, {"target"})
    assert found == ("a.yaml", "deleted.yaml", "target/app.jar")


def test_every_file_matters_where_the_tree_is_a_build_context() -> None:
    assert mattering(("x.log",), (), (), {"."}) == ("x.log",)
