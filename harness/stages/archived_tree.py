"""The tree of a run for its archive: the commit that was published, or one made now.

A run that ended before it published its tree gets its tree published into a folder of its own. The
user's checkout is only read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.gitops.source import publish_tree
from harness.model.errors import RepositoryError
from harness.reproduction.manifest import Tree, TreeMode
from harness.reproduction.snapshot import Captured, carried, mode_for
from harness.reproduction.tree import Checkout, Repository, TreeFile, files_in, read_checkout
from harness.stages.context import Context
from harness.stages.names import bare_repository

DEADLINE_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The published tree, and the checkout it comes from."""

    repository: Repository
    revision: str
    checkout: Checkout

    def contexts(self, folders: Mapping[str, Path]) -> dict[str, str]:
        """Returns Git's id of each folder, by the image that is built from it."""
        return {
            image: self.repository.tree_id(
                self.revision if folder == Path() else f"{self.revision}:{folder.as_posix()}"
            )
            for image, folder in folders.items()
        }


def published(context: Context, place: Path) -> Published | None:
    """Returns the published tree; None where it cannot be published at all."""
    checkout = read_checkout(context.options.repository, context.runner)
    try:
        git_dir, revision = _commit(context, place)
    except RepositoryError as error:
        context.run.notes.append(f"the tree is not in the evidence archive: {error.seen}")
        return None
    repository = Repository(git_dir=git_dir, runner=context.runner, objects=checkout.objects)
    return Published(repository=repository, revision=revision, checkout=checkout)


def _commit(context: Context, place: Path) -> tuple[Path, str]:
    if context.revision.known and (bare_repository(context) / "HEAD").is_file():
        return bare_repository(context), context.revision.get()
    made = publish_tree(
        tree=context.options.repository,
        bare=place / "tree.git",
        runner=context.runner,
        deadline_seconds=DEADLINE_SECONDS,
    )
    return place / "tree.git", made.revision


def tree_of(context: Context, found: Published | None, folder: Path) -> Captured:
    """Returns the tree in the form that was asked for, or that suits its size."""
    if found is None:
        return Captured(tree=Tree(mode=TreeMode.ABSENT, why="it could not be published"))
    found.repository.export(found.revision, folder)
    files = sorted(files_in(folder), key=lambda f: f.name)
    size = sum(file.bytes for file in files)
    asked = context.options.archive_tree
    mode, why = mode_for(asked, bytes_in_all=size, commit=found.checkout.commit)
    tree = Tree(
        mode=mode,
        why=why,
        revision=found.revision,
        tree_id=found.repository.tree_id(found.revision),
        commit=found.checkout.commit,
        folder=found.checkout.folder,
        branch=found.checkout.branch,
        remote=found.checkout.remote,
        files=len(files),
        bytes=size,
    )
    return _filled(tree, files, found)


def _filled(tree: Tree, files: list[TreeFile], found: Published) -> Captured:
    if tree.mode is TreeMode.ABSENT:
        return Captured(tree=tree)
    wanted: list[TreeFile] = files
    update: dict[str, object] = {}
    if tree.commit:
        differing = _differing(tree, found)
        if differing is None and tree.mode is TreeMode.COMMIT:
            why = "what differs from its commit could not be told"
            update = {"mode": TreeMode.INCLUDE, "why": why}
        elif differing is not None:
            changed, deleted = differing
            update = {"changed": len(changed)}
            if tree.mode is TreeMode.COMMIT:
                update |= {"deleted": tuple(deleted)}
                wanted = [file for file in files if file.name in set(changed)]
    parts, left_out = carried(wanted)
    update |= {"left_out": tuple(left_out)}
    return Captured(tree=tree.model_copy(update=update), parts=tuple(parts))


def _differing(tree: Tree, found: Published) -> tuple[list[str], list[str]] | None:
    before = f"{tree.commit}:{tree.folder}" if tree.folder else tree.commit
    try:
        if not found.repository.tree_id(before):
            return None
        return found.repository.differing(before, found.revision)
    except RepositoryError:
        return None
