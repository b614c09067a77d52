"""Which of the written files matter: those that Git counts to the tree, and sources of images.

Asks Git the same question as the publication does, so that what is ignored there begins no round
here. A file inside a build context counts although Git ignores it, because an image may hold it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from harness.gitops.tree_listing import Git, file_name, list_tree


def listed_files(git: Git, *, bare: Path) -> frozenset[str]:
    """Returns the files of the tree, POSIX, as Git counts them now.

    Raises:
        RepositoryError: Git refuses the checkout, or a folder cannot be read.
    """
    return frozenset(os.fsdecode(file_name(name)) for name in list_tree(git, bare=bare).paths)


def mattering(
    written: Iterable[str],
    before: Collection[str],
    now: Collection[str],
    contexts: Collection[str],
) -> tuple[str, ...]:
    """Returns the written files that belong to the tree, or did, or lie in a build context.

    Args:
        written: Files that were written, POSIX, relative to the tree.
        before: The tree at the last round, to which a deleted file still belongs.
        now: The tree now.
        contexts: Folders of build contexts, relative to the tree; `.` for the tree itself.
    """
    return tuple(
        name
        for name in written
        if name in now or name in before or any(_is_below(name, c) for c in contexts)
    )


def _is_below(name: str, folder: str) -> bool:
    return folder == "." or name.startswith(f"{folder}/")
