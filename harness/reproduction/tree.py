"""The tree of a run as files: exported from the very commit that was published, and put back.

Git does the work, in repositories and folders of ours; a user's checkout is only read, and only its
objects. Content is byte for byte as on disk when it was published. Names and links that could lead
out of the tree are refused here, on the way in and on the way out.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.io.process import Completed, Runner
from harness.model.errors import RepositoryError

DEADLINE_SECONDS = 120
_ISOLATED = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
_AS_ON_DISK = "* -text -ident !eol !filter !working-tree-encoding -export-subst\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeFile:
    """One file or symbolic link of a tree on disk."""

    name: str
    path: Path
    bytes: int
    executable: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """What a user's checkout says of itself; empty fields where it says nothing."""

    commit: str = ""
    folder: str = ""
    branch: str = ""
    remote: str = ""
    objects: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A bare repository of ours, with the objects of others lent to it."""

    git_dir: Path
    runner: Runner
    objects: str = ""
    """Object folder of a checkout that is read."""

    def git(self, *arguments: str, **env: str) -> str:
        """Runs one Git command that must succeed.

        Raises:
            RepositoryError: Git is absent or failed.
        """
        done = self.ask(*arguments, **env)
        if not done.ok:
            raise RepositoryError(
                attempted="Reading the tree in",
                subject=str(self.git_dir),
                seen=f"git {arguments[0]}: {done.explain()}",
                expected="the commit that was published",
                next_step="run the harness again",
            )
        return done.stdout

    def ask(self, *arguments: str, **env: str) -> Completed:
        """Runs one Git command whose failure is an answer."""
        lent = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": self.objects} if self.objects else {}
        return self.runner.run(
            ("git", f"--git-dir={self.git_dir}", "-c", "core.quotePath=true", *arguments),
            deadline_seconds=DEADLINE_SECONDS,
            env={**_ISOLATED, **lent, **env},
        )

    def create(self) -> Repository:
        """Makes the repository and returns it."""
        self.git_dir.mkdir(parents=True)
        self.git("init", "--quiet", "--bare", "--template=")
        (self.git_dir / "info").mkdir(exist_ok=True)
        (self.git_dir / "info" / "attributes").write_text(_AS_ON_DISK)
        return self

    def knows(self, commit: str) -> bool:
        """Tells whether a commit is among the objects."""
        return self.ask("cat-file", "-e", f"{commit}^{{commit}}").ok

    def tree_id(self, what: str) -> str:
        """Returns Git's id of a tree (`<commit>`, `<commit>:<folder>`), or nothing."""
        name = what if ":" in what else f"{what}^{{tree}}"
        return self.ask("rev-parse", "--verify", "--quiet", name).stdout.strip()

    def export(self, what: str, folder: Path) -> None:
        """Writes the files of a tree into a folder of ours.

        Raises:
            RepositoryError: The tree is not there, or cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        index = str(self.git_dir / "export.index")
        place = f"--work-tree={folder.absolute()}"
        tree = self.tree_id(what)
        self.git(place, "read-tree", tree or what, GIT_INDEX_FILE=index)
        plain = ("-c", "core.symlinks=true", "-c", "core.autocrlf=false")
        self.git(place, *plain, "checkout-index", "--all", "--force", GIT_INDEX_FILE=index)

    def differing(self, before: str, after: str) -> tuple[list[str], list[str]] | None:
        """Returns the names changed or added, and those deleted; None where a name is unusual."""
        trees = self.tree_id(before), self.tree_id(after)
        text = self.git("diff-tree", "-r", "--no-renames", "--name-status", *trees)
        changed: list[str] = []
        deleted: list[str] = []
        for line in text.splitlines():
            state, _, name = line.partition("\t")
            if name.startswith('"'):
                return None
            (deleted if state == "D" else changed).append(name)
        return changed, deleted


def read_checkout(tree: Path, runner: Runner) -> Checkout:
    """Returns what the checkout around a folder says of itself; nothing is written in it."""

    def ask(*arguments: str) -> str:
        done = runner.run(
            ("git", "-C", str(tree), *arguments),
            deadline_seconds=DEADLINE_SECONDS,
            env={"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        )
        return done.stdout.strip() if done.ok else ""

    objects = ask("rev-parse", "--path-format=absolute", "--git-path", "objects")
    if not objects:
        return Checkout()
    return Checkout(
        commit=ask("rev-parse", "--verify", "--quiet", "HEAD"),
        folder=ask("rev-parse", "--show-prefix").rstrip("/"),
        branch=ask("symbolic-ref", "--quiet", "--short", "HEAD"),
        remote=without_login(ask("remote", "get-url", "origin")),
        objects=objects,
    )


def without_login(address: str) -> str:
    """Returns the address of a repository without user and password."""
    scheme, sign, rest = address.partition("://")
    if not sign:
        return address
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def files_in(folder: Path) -> Iterator[TreeFile]:
    """Yields the files and links below a folder, sorted by name; Git's own folder is left out."""
    for root, folders, names in os.walk(folder):
        linked = [n for n in folders if Path(root, n).is_symlink()]
        folders[:] = [n for n in folders if n != ".git" and n not in linked]
        for name in (*names, *linked):
            path = Path(root, name)
            yield _file(path, path.relative_to(folder).as_posix())


def _file(path: Path, name: str) -> TreeFile:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return TreeFile(name=name, path=path, bytes=0, link=str(path.readlink()))
    executable = bool(found.st_mode & stat.S_IXUSR)
    return TreeFile(name=name, path=path, bytes=found.st_size, executable=executable)


def leads_out(name: str, target: str) -> bool:
    """Tells whether a link below a tree points outside of it."""
    if not target or PurePosixPath(target).is_absolute() or "\0" in target:
        return True
    depth = len(PurePosixPath(name).parent.parts)
    for part in PurePosixPath(target).parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return True
    return False


def make_checkout(folder: Path, branch: str, runner: Runner) -> str:
    """Makes a folder of ours a checkout in which every file counts; returns Git's id of its tree.

    Also ignored files count: they are here because they were tracked where the tree comes from.

    Raises:
        RepositoryError: Git is absent or failed.
    """
    own = Repository(git_dir=folder / ".git", runner=runner)
    plain = ("-c", "core.autocrlf=false", "-c", "core.bare=false")
    started = branch if branch and own.ask("check-ref-format", "--branch", branch).ok else "main"
    own.git("init", "--quiet", "--template=", f"--initial-branch={started}", str(folder))
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "attributes").write_text(_AS_ON_DISK)
    place = f"--work-tree={folder.absolute()}"
    own.git(place, *plain, "add", "--all", "--force", str(folder.absolute()))
    return own.git("write-tree").strip()


def digests(folder: Path) -> Mapping[str, str]:
    """Returns the SHA-256 of each file below a folder; of a link, that of its target."""
    return {f.name: file_digest(f) for f in files_in(folder)}


def file_digest(file: TreeFile) -> str:
    """Returns the SHA-256 of a file's content, of a link that of its target."""
    data = os.fsencode(file.link) if file.link else file.path.read_bytes()
    return hashlib.sha256(data).hexdigest()
