"""Asks Git which files belong to a working tree, without writing anything in it.

Inside a checkout the checkout's index and ignore rules decide (also those above a subfolder);
elsewhere the folder's own `.gitignore` files do. What cannot be part of the tree is named in a
note, never dropped in silence. Turning the list into a commit is `gitops.source`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.io.process import Completed, Runner
from harness.model.errors import RepositoryError

# No lock, no index refresh, no daemon in the user's repository; messages we can read.
_READ_ONLY = {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
_PLAIN = ("-c", "core.quotePath=true", "-c", "core.fsmonitor=false")
_SUBMODULE = "160000"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeListing:
    """The files Git counts as part of the tree, whether or not they are on disk."""

    paths: Mapping[str, str]
    """C-quoted path below the tree, as Git prints it -> recorded mode, empty when untracked."""
    top: str
    """Root of the checkout; empty when there is none."""
    head: str
    """Commit of the checkout; empty when there is none."""
    branch: str
    """Branch of the checkout; empty when detached or none."""
    trusts_modes: bool
    """False when the checkout says that its file system keeps no exec bits (core.fileMode)."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """Runs Git in one folder and turns its failures into a paragraph."""

    runner: Runner
    tree: Path
    deadline_seconds: float

    def run(
        self, *arguments: str, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        """Runs one Git command that must succeed.

        Raises:
            RepositoryError: Git is absent, failed or did not answer.
        """
        done = self.ask(*arguments, stdin=stdin, env=env)
        if not done.ok:
            raise self.failed(done)
        return done

    def ask(
        self, *arguments: str, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        """Runs one Git command whose failure is an answer."""
        done = self.runner.run(
            ("git", "-C", str(self.tree), *arguments),
            deadline_seconds=self.deadline_seconds,
            env={**_READ_ONLY, **(env or {})},
            stdin=stdin,
        )
        if done.missing:
            raise self.error(seen=done.explain(), next_step="install Git (apt-get install git)")
        return done

    def failed(self, done: Completed) -> RepositoryError:
        """Returns the error for a command that failed."""
        said = done.explain()
        options = {"-C", "-c"}
        words = [a for a, b in zip(done.argv[1:], done.argv, strict=False) if b not in options]
        verb = next((word for word in words if not word.startswith("-")), "")
        if refused := re.search(r"dubious ownership in repository at ('.*?')", done.stderr):
            return self.error(
                seen="Git refuses a checkout that another user owns",
                next_step=f"git config --global --add safe.directory {refused[1]}",
            )
        expected = ""
        if "Permission denied" in said:
            expected = "every file that is not ignored can be read by this user"
        return self.error(seen=f"git {verb}: {said}", expected=expected)

    def error(self, *, seen: str, expected: str = "", next_step: str = "") -> RepositoryError:
        """Returns the error of this publication."""
        return RepositoryError(
            attempted="Publishing the working tree",
            subject=str(self.tree),
            seen=seen,
            expected=expected,
            next_step=next_step,
        )


def file_name(quoted: str) -> bytes:
    """Returns the name on disk of a path as Git prints it (C-quoted when it must be)."""
    if not quoted.startswith('"'):
        return os.fsencode(quoted)
    return quoted[1:-1].encode("ascii").decode("unicode_escape").encode("latin-1")


def list_tree(git: Git, *, bare: Path) -> TreeListing:
    """Returns what belongs to the tree.

    Args:
        git: Runs in the folder to list.
        bare: A repository lent to a folder which is in no checkout.

    Raises:
        RepositoryError: Git refuses the checkout, or a folder cannot be read.
    """
    top = _top(git)
    lent = (f"--git-dir={bare}", f"--work-tree={git.tree.absolute()}")
    options = _PLAIN if top else (*_PLAIN, *lent)
    # The lent repository's own index would make what was published before count as tracked.
    env = {} if top else {"GIT_INDEX_FILE": str(bare / "no-index")}
    tracked = git.run(*options, "ls-files", "--stage", "-t").stdout if top else ""
    paths, notes = _tracked(tracked)
    for name in _untracked(git, options, env):
        if name.rstrip('"').endswith("/"):
            notes.append(f"Nested repository {name}: its content is not published.")
        else:
            paths[name] = ""
    modes = git.ask(*options, "config", "--type=bool", "--get", "core.fileMode") if top else None
    return TreeListing(
        paths=paths,
        top=top,
        head=_answer(git, "rev-parse", "--verify", "--quiet", "HEAD") if top else "",
        branch=_answer(git, "symbolic-ref", "--quiet", "--short", "HEAD") if top else "",
        trusts_modes=modes is None or modes.stdout.strip() != "false",
        notes=tuple(notes),
    )


def _top(git: Git) -> str:
    """Returns the root of the checkout that holds the folder, or nothing when there is none."""
    done = git.ask("rev-parse", "--show-toplevel")
    if done.ok:
        return done.stdout.rstrip("\n")
    # A broken `.git` file says "not a git repository: <path>", which is not the same.
    if "not a git repository (or any" in done.stderr:
        return ""
    raise git.failed(done)


def _answer(git: Git, *arguments: str) -> str:
    done = git.ask(*arguments)
    return done.stdout.strip() if done.ok else ""


def _tracked(text: str) -> tuple[dict[str, str], list[str]]:
    """Reads `git ls-files --stage -t`: `<tag> <mode> <object> <stage>TAB<path>`."""
    paths: dict[str, str] = {}
    notes: list[str] = []
    conflicts: set[str] = set()
    skipped = 0
    for line in text.splitlines():
        facts, _, name = line.partition("\t")
        tag, mode, _, stage = facts.split(" ")
        if mode == _SUBMODULE:
            notes.append(f"Submodule {name}: its content is not published.")
            continue
        if stage != "0":
            conflicts.add(name)
        skipped += tag == "S"
        paths[name] = mode
    notes.extend(f"{name}: published with its merge conflict." for name in sorted(conflicts))
    if skipped:
        notes.append(f"{skipped} tracked files are outside the sparse checkout.")
    return paths, notes


def _untracked(git: Git, options: tuple[str, ...], env: Mapping[str, str]) -> list[str]:
    done = git.run(*options, "ls-files", "--others", "--exclude-standard", env=env)
    # Git only warns about a folder it cannot open; its files would be missing without a word.
    if "could not open directory" in done.stderr:
        raise git.error(
            seen=done.tail(),
            expected="every folder that is not ignored can be read by this user",
        )
    return done.stdout.splitlines()
