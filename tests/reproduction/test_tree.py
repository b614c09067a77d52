from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from harness.gitops.source import publish_tree
from harness.io.process import ProcessRunner
from harness.model.errors import UsageError
from harness.reproduction.manifest import TREE, Tree, TreeMode
from harness.reproduction.restore import is_comparable, restored
from harness.reproduction.snapshot import mode_for
from harness.reproduction.tree import Repository, files_in, read_checkout, without_login
from tests.reproduction.archives import manifest

RUNNER = ProcessRunner()


def git(folder: Path, *arguments: str) -> str:
    own = ("-c", "user.name=Ada", "-c", "user.email=ada@localhost")
    command = ["git", "-C", str(folder), *own, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    root = tmp_path / "clone"
    (root / "deploy").mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=trunk")
    (root / "deploy" / "a.yaml").write_text("a: 1\n")
    (root / "deploy" / "gone.yaml").write_text("b: 1\n")
    (root / "deploy" / "run.sh").write_text("#!/bin/sh\r\n")
    (root / "deploy" / "run.sh").chmod(0o755)
    (root / "deploy" / "link").symlink_to("a.yaml")
    (root / ".gitattributes").write_text("*.sh text eol=lf\n")
    git(root, "add", "-A")
    git(root, "commit", "--quiet", "-m", "first")
    git(root, "remote", "add", "origin", "https://ada:hunter2@example.org/deploy.git")
    return root


def published(tree: Path, bare: Path) -> tuple[Repository, str]:
    made = publish_tree(tree=tree, bare=bare, runner=RUNNER, deadline_seconds=20)
    lent = read_checkout(tree, RUNNER).objects
    return Repository(git_dir=bare, runner=RUNNER, objects=lent), made.revision


def test_a_checkout_is_described_without_its_login(clone: Path) -> None:
    found = read_checkout(clone / "deploy", RUNNER)

    assert found.commit == git(clone, "rev-parse", "HEAD")
    assert (found.folder, found.branch) == ("deploy", "trunk")
    assert found.remote == "https://example.org/deploy.git"
    assert without_login("git@example.org:deploy.git") == "git@example.org:deploy.git"


def test_a_tree_is_exported_byte_for_byte(clone: Path, tmp_path: Path) -> None:
    repository, revision = published(clone, tmp_path / "bare.git")

    repository.export(revision, tmp_path / "out")

    found = {f.name: f for f in files_in(tmp_path / "out")}
    assert (tmp_path / "out/deploy/run.sh").read_bytes() == b"#!/bin/sh\r\n"
    assert found["deploy/run.sh"].executable
    assert found["deploy/link"].link == "a.yaml"
    assert sorted(found) == sorted(f.name for f in files_in(clone))


def test_a_tree_is_restored_from_a_clone_and_what_differs(clone: Path, tmp_path: Path) -> None:
    commit = git(clone, "rev-parse", "HEAD")
    tree = clone / "deploy"
    (tree / "a.yaml").write_text("a: 2\n")
    (tree / "gone.yaml").unlink()
    (tree / "new").mkdir()
    (tree / "new" / "c.yaml").write_text("c: 1\n")
    repository, revision = published(tree, tmp_path / "bare.git")
    differing = repository.differing(f"{commit}:deploy", revision)
    # Git keeps run.sh with other line ends than the disk, so it goes along.
    assert differing == (["a.yaml", "new/c.yaml", "run.sh"], ["gone.yaml"])
    unpacked = tmp_path / "unpacked"
    for name in differing[0]:
        (unpacked / TREE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(tree / name, unpacked / TREE / name)
    said = Tree(
        mode=TreeMode.COMMIT,
        commit=commit,
        folder="deploy",
        deleted=("gone.yaml",),
        branch="trunk",
        tree_id=repository.tree_id(revision),
    )
    git(clone, "stash", "--include-untracked", "--quiet")
    before = git(clone, "status", "--short"), sorted((clone / ".git").iterdir())

    made = restored(manifest(tree=said), unpacked, tmp_path / "tree", clone=clone, runner=RUNNER)

    assert made == said.tree_id
    assert is_comparable(said)
    assert git(tmp_path / "tree", "symbolic-ref", "HEAD") == "refs/heads/trunk"
    assert (git(clone, "status", "--short"), sorted((clone / ".git").iterdir())) == before


def test_a_file_that_is_ignored_and_tracked_is_published_again(tmp_path: Path) -> None:
    folder = tmp_path / "unpacked" / TREE
    folder.mkdir(parents=True)
    (folder / ".gitignore").write_text("*.env\n")
    (folder / "a.env").write_text("A=1\n")
    tree = Tree(mode=TreeMode.INCLUDE)

    made = restored(
        manifest(tree=tree), tmp_path / "unpacked", tmp_path / "tree", clone=None, runner=RUNNER
    )
    repository, revision = published(tmp_path / "tree", tmp_path / "bare.git")

    assert repository.tree_id(revision) == made
    assert "a.env" in {f.name for f in files_in(tmp_path / "tree")}


def test_nothing_is_laid_over_a_link_of_the_clone(clone: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (clone / "deploy" / "out").symlink_to(outside)
    git(clone, "add", "-A")
    git(clone, "commit", "--quiet", "-m", "a link")
    place = tmp_path / "unpacked" / TREE / "out"
    place.mkdir(parents=True)
    (place / "x").write_text("x\n")
    tree = Tree(mode=TreeMode.COMMIT, commit=git(clone, "rev-parse", "HEAD"), folder="deploy")

    restored(
        manifest(tree=tree), tmp_path / "unpacked", tmp_path / "tree", clone=clone, runner=RUNNER
    )

    assert list(outside.iterdir()) == []
    assert (tmp_path / "tree" / "out" / "x").read_text() == "x\n"


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (Tree(mode=TreeMode.ABSENT, why="it is too big"), "no tree .it is too big"),
        (Tree(mode=TreeMode.COMMIT, commit="0" * 40, remote="https://e.org/x"), "--repo PATH"),
    ],
)
def test_a_tree_that_is_not_there_is_asked_for(tree: Tree, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        restored(manifest(tree=tree), tmp_path, tmp_path / "t", clone=None, runner=RUNNER)


def test_a_clone_without_the_commit_is_told_how_to_get_it(clone: Path, tmp_path: Path) -> None:
    tree = Tree(mode=TreeMode.COMMIT, commit="1" * 40)

    with pytest.raises(UsageError, match="fetch origin 1111"):
        restored(manifest(tree=tree), tmp_path, tmp_path / "t", clone=clone, runner=RUNNER)


@pytest.mark.parametrize(
    ("asked", "size", "commit", "mode"),
    [
        ("", 10, "c", TreeMode.INCLUDE),
        ("", 30_000_000, "c", TreeMode.COMMIT),
        ("", 30_000_000, "", TreeMode.INCLUDE),
        ("commit", 10, "c", TreeMode.COMMIT),
        ("commit", 10, "", TreeMode.INCLUDE),
        ("include", 30_000_000, "c", TreeMode.INCLUDE),
        ("include", 300_000_000, "c", TreeMode.COMMIT),
        ("", 300_000_000, "", TreeMode.ABSENT),
    ],
)
def test_how_a_tree_goes_in(asked: str, size: int, commit: str, mode: TreeMode) -> None:
    assert mode_for(asked, bytes_in_all=size, commit=commit)[0] is mode
