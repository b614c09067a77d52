"""Which commit each Application should be at.

For a kept run it is the commit that publishing the tree as it is now would make; it is worked out
in a copy of the run's repository, because Argo CD would follow the original. Elsewhere it is the
commit of the user's checkout that `targetRevision` names. A commit that is unknown here proves
nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.cluster.runs import RunFolder
from harness.drift.terms import Wanted, WantedOf
from harness.gitops.source import publish_tree
from harness.io.process import Runner
from harness.model.errors import RepositoryError
from harness.model.repository import ExpectedApplication

DEADLINE_SECONDS = 60.0


def of_run(tree: Path, run: RunFolder, runner: Runner) -> WantedOf:
    """Returns what a kept run's Applications should be at: the tree as it is now."""
    bare = _bare(run.path / "git")
    if bare is None:
        return lambda _expected, _synced: Wanted()
    published = _git(runner, bare)("rev-parse", "--verify", "--quiet", "HEAD")
    try:
        now = _revision(tree, bare, runner)
    except (OSError, RepositoryError):
        return lambda _expected, _synced: Wanted()
    why = "the tree has changed since" if now != published else "the published commit is not synced"
    behind = Wanted(revision=now, behind=why, fix="harness up" if now != published else "")

    def wanted(_: ExpectedApplication, synced: str) -> Wanted:
        return behind if synced and synced != now else Wanted(revision=now)

    return wanted


def _bare(folder: Path) -> Path | None:
    heads = sorted(folder.rglob("HEAD"))
    found = [h.parent for h in heads if (h.parent / "objects").is_dir()]
    return next((path for path in found if not path.is_symlink()), None)


def _revision(tree: Path, bare: Path, runner: Runner) -> str:
    """Returns the commit that publishing the tree would make, without publishing it."""
    with tempfile.TemporaryDirectory(prefix="gitops-harness-") as folder:
        copy = Path(folder) / "tree.git"
        shutil.copytree(bare, copy, ignore=shutil.ignore_patterns("objects"))
        information = copy / "objects" / "info"
        information.mkdir(parents=True)
        (information / "alternates").write_text(f"{(bare / 'objects').resolve()}\n")
        made = publish_tree(tree=tree, bare=copy, runner=runner, deadline_seconds=DEADLINE_SECONDS)
    return made.revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A Git checkout of the user."""

    git: Callable[..., str]
    head: str
    branch: str

    def commit_of(self, target: str) -> str:
        """Returns the commit that a `targetRevision` names; empty where it is not known here."""
        if target in {"", "HEAD", self.branch}:
            return self.head
        for name in (f"refs/tags/{target}", f"refs/remotes/origin/{target}", target):
            found = self.git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
            if found:
                return found
        return ""

    def wanted(self, expected: ExpectedApplication, synced: str) -> Wanted:
        """Returns what an Application should be at, and how what is synced relates to it."""
        commit = self.commit_of(expected.revision)
        if not commit:
            return Wanted(note=f"targetRevision {expected.revision} is not known in this checkout")
        if not synced or synced == commit:
            return Wanted(revision=commit, note=self._other_tree(commit))
        return self._related(commit, synced)

    def _other_tree(self, commit: str) -> str:
        if commit == self.head:
            return ""
        return f"it deploys {commit[:8]}, and what is declared was rendered from {self.head[:8]}"

    def _related(self, commit: str, synced: str) -> Wanted:
        if not self.git("rev-parse", "--verify", "--quiet", f"{synced}^{{commit}}"):
            return Wanted(note=f"the synced commit {synced[:8]} is not known here: git fetch")
        common = self.git("merge-base", synced, commit)
        if common == commit:
            return Wanted(note=f"{synced[:8]} is synced, which is newer than this checkout")
        if common != synced:
            return Wanted(revision=commit, behind="of another line of history")
        number = self.git("rev-list", "--count", f"{synced}..{commit}")
        older = "1 commit older" if number == "1" else f"{number} commits older"
        return Wanted(revision=commit, behind=older, note=self._other_tree(commit))


def of_checkout(root: Path, runner: Runner) -> tuple[WantedOf, tuple[str, ...]]:
    """Returns what Applications should be at by the user's checkout, and what to note of it."""
    git = _git(runner, root)
    head = git("rev-parse", "--verify", "--quiet", "HEAD")
    if not head:
        note = "the repository is no Git checkout: the commit of the Applications was not compared"
        return (lambda _expected, _synced: Wanted()), (note,)
    checkout = Checkout(git=git, head=head, branch=git("symbolic-ref", "--short", "-q", "HEAD"))
    changed = git("status", "--porcelain", "--", ".")
    note = "the working tree has changes that no commit holds; what is declared includes them"
    return checkout.wanted, (note,) if changed else ()


def _git(runner: Runner, folder: Path) -> Callable[..., str]:
    def ask(*arguments: str) -> str:
        done = runner.run(["git", "-C", str(folder), *arguments], deadline_seconds=DEADLINE_SECONDS)
        return done.stdout.strip() if done.ok else ""

    return ask
