"""Nothing half-made is visible, what the dead left is removed, and stamps tell what is current."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.bundle.cache import (
    Recipe,
    exclusive,
    make_recipe,
    publish,
    recipe_code_of,
    require_space,
    staging,
    stamped_bundle,
    sweep,
    write_atomically,
    write_stamp,
)
from harness.model.errors import BundleError

RECIPE = Recipe(code="c" * 64, certificates="")


def test_a_staging_folder_is_removed_whatever_happens(tmp_path: Path) -> None:
    def interrupted() -> None:
        with staging(tmp_path) as folder:
            (folder / "half").write_text("x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_staging_folder_in_use_is_not_swept(tmp_path: Path) -> None:
    with staging(tmp_path) as folder:
        sweep(tmp_path)
        with staging(tmp_path):
            assert folder.is_dir()
        assert folder.is_dir()


def test_what_a_killed_process_staged_is_swept(tmp_path: Path) -> None:
    source = (
        "import sys, time; from pathlib import Path; from harness.bundle.cache import staging\n"
        f"with staging(Path({str(tmp_path)!r})) as f:\n"
        "    (f / 'half').write_text('x'); print('ready', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    sweep(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_publishing_keeps_a_good_one_and_replaces_a_bad_one(tmp_path: Path) -> None:
    final = tmp_path / "final"
    for number, (is_good, published, content) in enumerate(
        [(True, True, "0"), (True, False, "0"), (False, True, "2")]
    ):
        with staging(tmp_path) as folder:
            (folder / "file").write_text(str(number))
            verdicts = {final: is_good}
            assert publish(folder, final, is_good=verdicts.__getitem__) is published
        assert (final / "file").read_text() == content
    assert [p.name for p in tmp_path.iterdir()] == ["final"]


def test_a_folder_that_cannot_be_written_is_one_paragraph(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BundleError, match="--cache"), staging(tmp_path / "file" / "x"):
        pass


def test_an_atomic_write_leaves_no_other_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a" / "b.json", "one")
    write_atomically(tmp_path / "a" / "b.json", "two")
    assert [(p.name, p.read_text()) for p in (tmp_path / "a").iterdir()] == [("b.json", "two")]


def test_a_recipe_changes_with_content_name_platform_and_certificates(tmp_path: Path) -> None:
    folder = tmp_path / "recipes"
    folder.mkdir()
    (folder / "a").write_text("1")
    certificate = tmp_path / "ca.pem"
    certificate.write_text("x")

    def recipe(platform: str = "linux/amd64", ca_files: tuple[Path, ...] = ()) -> Recipe:
        return make_recipe(sources=[folder], ca_files=ca_files, platform=platform)

    seen = {recipe().id, recipe("linux/arm64").id, recipe(ca_files=(certificate,)).id}
    (folder / "a").write_text("2")
    seen.add(recipe().id)
    (folder / "a").rename(folder / "b")
    seen.add(recipe().id)
    assert len(seen) == 5
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "a.pyc").write_text("3")
    assert recipe().id in seen


def test_a_stamp_finds_the_bundle_of_the_same_recipe_only(cache: Path, bundle_json: Path) -> None:
    write_stamp(cache, "build", RECIPE, bundle_json)
    assert stamped_bundle(cache, "build", RECIPE) == bundle_json
    assert stamped_bundle(cache, "pull", RECIPE) is None
    other = Recipe(code="d" * 64, certificates="")
    assert stamped_bundle(cache, "build", other) is None
    assert recipe_code_of(cache, bundle_json) == RECIPE.code
    assert recipe_code_of(cache, cache / "bundles/other/bundle.json") == ""


def test_a_stamp_of_a_bundle_that_is_gone_or_a_broken_stamp_counts_for_nothing(
    cache: Path, bundle_json: Path
) -> None:
    write_stamp(cache, "build", RECIPE, bundle_json)
    bundle_json.unlink()
    assert stamped_bundle(cache, "build", RECIPE) is None
    for stamp in (cache / "stamps").iterdir():
        stamp.write_text("[")
    assert stamped_bundle(cache, "build", RECIPE) is None


def test_a_lock_makes_the_second_wait_and_says_so(tmp_path: Path) -> None:
    waited, entered = threading.Event(), threading.Event()

    def wait() -> None:
        waited.set()
        time.sleep(0.01)

    def second() -> None:
        with exclusive(tmp_path / "l" / "lock", on_wait=wait):
            entered.set()

    with exclusive(tmp_path / "l" / "lock", on_wait=lambda: pytest.fail("nobody holds it")):
        thread = threading.Thread(target=second)
        thread.start()
        assert waited.wait(10)
        assert not entered.is_set()
    thread.join(10)
    assert entered.is_set()


def test_a_full_disk_is_told_before_work_begins(tmp_path: Path) -> None:
    require_space(tmp_path / "not" / "yet", 1)
    with pytest.raises(BundleError, match="are free"):
        require_space(tmp_path / "not" / "yet", 1 << 60)
