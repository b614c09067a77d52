"""Puts the tree of an archive back: from its own files, or from a clone and the files that differ.

Writes only below a folder of ours. A clone is read for its objects and nothing else; its checkout,
index and branches stay as they are.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from harness.io.process import Runner
from harness.model.errors import UsageError
from harness.reproduction.manifest import TREE, Manifest, Tree, TreeMode
from harness.reproduction.tree import (
    Repository,
    files_in,
    make_checkout,
    read_checkout,
)


def restored(
    manifest: Manifest, unpacked: Path, folder: Path, *, clone: Path | None, runner: Runner
) -> str:
    """Fills `folder` with the tree of a run and returns Git's id of it.

    Args:
        manifest: Of the archive.
        unpacked: Where the archive was unpacked.
        folder: Becomes the tree, as a checkout of its own; it must not exist.
        clone: A clone that has the commit, for a tree that is named by its commit.
        runner: Runs Git.

    Raises:
        UsageError: The archive has no tree, or the clone is missing or lacks the commit.
        RepositoryError: Git is absent or failed.
    """
    tree = manifest.tree
    if tree.mode is TreeMode.ABSENT:
        raise _refused(
            seen=f"the archive holds no tree ({tree.why})",
            expected="the tree that was run",
            next_step="--tree PATH names a folder to run instead",
        )
    if tree.mode is TreeMode.COMMIT:
        _from_clone(tree, folder, folder.with_name(f"{folder.name}.git"), clone, runner)
        _remove(folder, tree.deleted)
        _lay_over(unpacked / TREE, folder)
    elif (unpacked / TREE).is_dir():
        shutil.move(unpacked / TREE, folder)
    else:
        folder.mkdir(parents=True)
    return make_checkout(folder, tree.branch, runner)


def is_comparable(tree: Tree) -> bool:
    """Tells whether a restored tree must have the very id of the one that was run."""
    return bool(tree.tree_id) and not tree.masked and not tree.left_out


def _from_clone(tree: Tree, folder: Path, own: Path, clone: Path | None, runner: Runner) -> None:
    if clone is None:
        where = f" of {tree.remote}" if tree.remote else ""
        raise _refused(
            seen=f"the archive names its tree by commit {tree.commit}{where}",
            expected="a clone that has this commit",
            next_step="--repo PATH names the clone; nothing in it is changed",
        )
    lent = read_checkout(clone, runner)
    if not lent.objects:
        raise _refused(seen=f"{clone} is no Git checkout", next_step="--repo PATH names the clone")
    repository = Repository(git_dir=own, runner=runner, objects=lent.objects).create()
    if not repository.knows(tree.commit):
        raise _refused(
            seen=f"{clone} does not have commit {tree.commit}",
            expected="a clone that has this commit",
            next_step=f"git -C {clone} fetch origin {tree.commit}",
        )
    repository.export(f"{tree.commit}:{tree.folder}" if tree.folder else tree.commit, folder)


def _remove(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        _clear_way(folder, PurePosixPath(name).parent)
        (folder / name).unlink(missing_ok=True)


def _lay_over(source: Path, folder: Path) -> None:
    """Copies files over those that are there; never through a link that stands in the way."""
    for file in files_in(source):
        target = folder / file.name
        _clear_way(folder, PurePosixPath(file.name).parent)
        if target.is_symlink() or target.is_file():
            target.unlink()
        elif target.is_dir():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file.path, target, follow_symlinks=False)


def _clear_way(folder: Path, parent: PurePosixPath) -> None:
    for above in reversed([parent, *parent.parents]):
        place = folder / above
        if place != folder and (place.is_symlink() or place.is_file()):
            place.unlink()


def _refused(*, seen: str, expected: str = "", next_step: str) -> UsageError:
    return UsageError(
        attempted="Restoring the tree of",
        subject="the evidence archive",
        seen=seen,
        expected=expected,
        next_step=next_step,
    )
