"""Publishes the user's working tree, as it is on disk now, as a commit in a bare repository.

Decides which files belong to the tree (Git's own rules decide what is ignored) and stores them in
a repository of the harness; nothing is written in the user's. Content is stored byte for byte as on
disk: no clean filter, line-ending conversion or `ident` expansion runs, so a Git LFS file is its
content and not its pointer. File names pass through C-quoted, as Git prints them, so that any bytes
survive a text pipe. Serving the repository is the gate's work (`names.gate_server`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.gitops.tree_listing import Git, TreeListing, file_name, list_tree
from harness.io.process import Runner
from harness.model.errors import RepositoryError

COMMON_BRANCHES = ("main", "master")
_DATE = "2000-01-01T00:00:00Z"
_IDENTITY = {
    "GIT_AUTHOR_NAME": "gitops-harness",
    "GIT_AUTHOR_EMAIL": "gitops-harness@localhost",
    "GIT_AUTHOR_DATE": _DATE,
    "GIT_COMMITTER_NAME": "gitops-harness",
    "GIT_COMMITTER_EMAIL": "gitops-harness@localhost",
    "GIT_COMMITTER_DATE": _DATE,
}
_ISOLATED = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_DEFAULT_REF_FORMAT": "files",
    **_IDENTITY,
}
# The highest-ranking attributes of a repository (gitattributes(5)): content stays as on disk.
_AS_ON_DISK = "* -text -ident !eol !filter !working-tree-encoding\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTree:
    """The commit that now stands for the user's working tree."""

    revision: str
    """Commit id; publishing an unchanged tree again gives the same one."""
    tree: str
    """Tree id; equal content gives an equal id."""
    files: int
    bytes: int
    branches: tuple[str, ...]
    notes: tuple[str, ...]
    """What the commit does not hold, in words for the report."""


def publish_tree(
    *,
    tree: Path,
    bare: Path,
    branch_names: Iterable[str] = (),
    runner: Runner,
    deadline_seconds: float,
) -> PublishedTree:
    """Commits `tree` to the bare repository `bare` and points every branch at the commit.

    `bare` is made when absent; publishing again re-reads only files whose stat data changed.
    Tracked, untracked and deleted files, symlinks and modes are taken from disk; ignored files are
    left out unless tracked. `tree` may be a folder of a bigger checkout (it becomes the root) or no
    checkout at all. A changed tree is a new commit on top of the last one, so that a client fetches
    the difference alone; an unchanged one is no new commit. The first commit has no parent and
    depends on the content and the user's HEAD only. Our HEAD names the user's branch.

    Args:
        tree: The folder to publish.
        bare: A repository of ours alone; two publications into it must not overlap.
        branch_names: Further branches the declared `targetRevision`s ask for.
        runner: Runs `git`.
        deadline_seconds: For each Git command.

    Raises:
        RepositoryError: Git is absent or fails, the folder or a file cannot be read, nothing is
            left to publish, or a branch name is not valid.
    """
    user = Git(runner=runner, tree=tree, deadline_seconds=deadline_seconds)
    if not tree.is_dir():
        raise user.error(seen="it is not a folder", next_step="name the folder of the repository")
    own = _OwnRepository(user, bare.absolute())
    own.create()
    listing = list_tree(user, bare=bare.absolute())
    present, size, skipped = _on_disk(user, listing.paths)
    if not present:
        raise _nothing_left(user, listing)
    own.index(present, listing)
    branches, dropped = _branches(listing.branch, tuple(branch_names))
    identity = own.git("write-tree").strip()
    revision = own.revision_of(identity) or own.commit(identity, listing.head)
    own.point(branches, revision)
    return PublishedTree(
        revision=revision,
        tree=identity,
        files=len(present),
        bytes=size,
        branches=branches,
        notes=(*listing.notes, *skipped, *dropped),
    )


class _OwnRepository:
    """The bare repository of the harness, with an index that outlives a publication."""

    def __init__(self, user: Git, bare: Path) -> None:
        self._user = user
        self._bare = bare
        self.options = (f"--git-dir={bare}", f"--work-tree={user.tree.absolute()}")
        # Named outright: a Git hook that started us has set them to the user's.
        own = {"GIT_INDEX_FILE": str(bare / "index"), "GIT_OBJECT_DIRECTORY": str(bare / "objects")}
        self._env = {**_ISOLATED, **own}

    def git(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs Git on our repository, unaffected by anybody's configuration."""
        return self._user.run(*self.options, *arguments, stdin=stdin, env=self._env).stdout

    def create(self) -> None:
        if (self._bare / "HEAD").is_file():
            return
        self._bare.mkdir(parents=True, exist_ok=True)
        arguments = ("init", "--quiet", "--bare", "--template=", "--object-format=sha1")
        self._user.run(f"--git-dir={self._bare}", *arguments, env=self._env)
        (self._bare / "info").mkdir(exist_ok=True)
        (self._bare / "info" / "attributes").write_text(_AS_ON_DISK)

    def index(self, present: Mapping[str, str], listing: TreeListing) -> None:
        """Makes the index hold exactly the present files."""
        known = self.git("-c", "core.quotePath=true", "ls-files").splitlines()
        if stale := [name for name in known if name not in present]:
            self.git("update-index", "--force-remove", "--stdin", stdin=_lines(stale))
        modes = ("-c", f"core.fileMode={'true' if listing.trusts_modes else 'false'}")
        add = ("update-index", "--add", "--remove", "--replace", "--stdin")
        self.git(*modes, *add, stdin=_lines(present))
        if listing.trusts_modes:
            return
        # The checkout says its file system keeps no exec bits: what is recorded is right.
        if executable := [name for name, mode in present.items() if mode == "100755"]:
            self.git("update-index", "--chmod=+x", "--stdin", stdin=_lines(executable))

    def _last(self, what: str) -> str:
        """Returns what the last publication left, or nothing before the first."""
        question = ("rev-parse", "--verify", "--quiet", what)
        return self._user.ask(*self.options, *question, env=self._env).stdout.strip()

    def revision_of(self, tree: str) -> str:
        """Returns the last commit when it holds that very tree."""
        return self._last("HEAD") if self._last("HEAD^{tree}") == tree else ""

    def commit(self, tree: str, head: str) -> str:
        of = f"of {head}" if head else "without a commit"
        message = f"Working tree {of}\n\nMade by gitops-harness from the files on disk.\n"
        last = self._last("HEAD")
        parent = ("-p", last) if last else ()
        return self.git("commit-tree", *parent, tree, stdin=message).strip()

    def point(self, branches: tuple[str, ...], revision: str) -> None:
        """Points the branches and HEAD at the commit and forgets every other branch."""
        wanted = {f"refs/heads/{name}" for name in branches}
        known = self.git("for-each-ref", "--format=%(refname)").splitlines()
        # First and apart: a branch `a` in the way of `a/b` must be gone before that is made.
        if doomed := [f"delete {ref}" for ref in known if ref not in wanted]:
            self.git("update-ref", "--stdin", stdin=_lines(doomed))
        updates = [f"update {ref} {revision}" for ref in sorted(wanted)]
        self.git("update-ref", "--stdin", stdin=_lines(updates))
        self.git("symbolic-ref", "HEAD", f"refs/heads/{branches[0]}")


def _lines(names: Iterable[str]) -> str:
    return "".join(f"{name}\n" for name in names)


def _on_disk(user: Git, listed: Mapping[str, str]) -> tuple[dict[str, str], int, tuple[str, ...]]:
    """Returns the listed files that exist, their size, and notes about special files."""
    present: dict[str, str] = {}
    size = 0
    notes = []
    linked: dict[bytes, bool] = {}
    for quoted, mode in listed.items():
        name = file_name(quoted)
        found = _status(user, name)
        if found is None or _behind_symlink(user, name, linked) or stat.S_ISDIR(found.st_mode):
            continue  # deleted, or replaced by a folder whose files are listed themselves
        if not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
            notes.append(f"{quoted}: not published, Git stores only files and symlinks.")
            continue
        present[quoted] = mode
        size += found.st_size
    return present, size, tuple(notes)


def _status(user: Git, name: bytes) -> os.stat_result | None:
    try:
        return os.lstat(os.path.join(os.fsencode(user.tree), name))  # noqa: PTH118 -- bytes
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise user.error(seen=f"{os.fsdecode(name)!r}: {error.strerror}") from error


def _behind_symlink(user: Git, name: bytes, known: dict[bytes, bool]) -> bool:
    """True when a parent is a symlink; Git then counts the tracked file as deleted."""
    parent = os.path.dirname(name)  # noqa: PTH120 -- bytes
    if not parent:
        return False
    if parent not in known:
        found = _status(user, parent)
        is_link = found is not None and stat.S_ISLNK(found.st_mode)
        known[parent] = is_link or _behind_symlink(user, parent, known)
    return known[parent]


def _branches(current: str, asked: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns the branch names, the one for HEAD first, and notes about names that collide."""
    wanted = list(dict.fromkeys(name for name in (current, *asked) if name))
    notes = []
    for name in COMMON_BRANCHES:
        rival = next((w for w in wanted if w.startswith(f"{name}/")), "")
        if rival:
            notes.append(f"Branch {name} is not offered: Git cannot hold it beside {rival}.")
        elif name not in wanted:
            wanted.append(name)
    return tuple(wanted), tuple(notes)


def _nothing_left(user: Git, listing: TreeListing) -> RepositoryError:
    where = f" by the ignore rules of {listing.top}" if listing.top else ""
    return user.error(
        seen=f"no file is left to publish: it is empty, or all of it is ignored{where}",
        expected="a folder with the files that Argo CD is to deploy",
        next_step=f"git -C '{user.tree}' status --ignored",
    )
