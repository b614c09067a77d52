"""Which repository addresses are this one, and which revisions are what is checked out. Pure.

A Git remote decides. Where none is known, or where one of the same name belongs to another owner (a
fork, a template), the paths decide: an address is this repository when at least half of the folders
that are taken from it exist here. Of a tag or another branch nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from harness.audit.engine_objects import applications
from harness.audit.kustomize_tree import beside
from harness.audit.reading import is_known, text
from harness.audit.repository_urls import Address, address
from harness.audit.scope import Scope
from harness.audit.source import Tree

USUAL_BRANCHES = frozenset({"", "HEAD", "main", "master"})
_FIXED = re.compile(r"[0-9a-fA-F]{7,40}|v?\d+([.-].*)?|.*[*^~><= ].*")
"""A commit, a version, or a range of versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRepository:
    """How this repository is written in Applications."""

    remotes: frozenset[Address]
    by_paths: frozenset[Address]
    """Addresses whose folders exist here."""
    branch: str

    @classmethod
    def of(cls, tree: Tree, uses: Iterable[tuple[str, str]]) -> OwnRepository:
        """Returns the addresses of this repository, given pairs of an address and a folder."""
        remotes = frozenset(address(url) for url in tree.repo_urls)
        names = {remote.name for remote in remotes}
        found: dict[Address, list[bool]] = {}
        for url, path in uses:
            folder = normal(path)
            if folder != ".":
                found.setdefault(address(url), []).append(folder in tree.folders)
        return cls(
            remotes=remotes,
            by_paths=frozenset(
                each
                for each, there in found.items()
                if 2 * sum(there) >= len(there) and (not remotes or each.name in names)
            ),
            branch=tree.branch,
        )

    def has(self, url: str) -> bool:
        """Tells whether an address is this repository."""
        return address(url) in self.remotes | self.by_paths

    def is_checked_out(self, revision: str) -> bool:
        """Tells whether a revision is what is looked at here, or what it is merged into."""
        return revision in USUAL_BRANCHES or revision == self.branch

    def is_other_branch(self, revision: str) -> bool:
        """Tells whether a revision is a branch other than the one that is looked at."""
        known = bool(self.branch) and not self.is_checked_out(revision)
        return known and is_known(revision) and not _FIXED.fullmatch(revision)


def normal(path: str) -> str:
    """Returns a folder as the tree has it; `.` for the repository itself."""
    return beside(".", path.strip().strip("/") or ".")


def can_be_looked_up(path: str) -> bool:
    """Tells whether a path can be compared: no placeholder, no glob, nothing hidden or outside."""
    parts = normal(path).split("/")
    is_plain = is_known(path) and not set(path) & set("*?[]$")
    return is_plain and not any(part.startswith(".") and part != "." for part in parts)


def own_repository(scope: Scope) -> OwnRepository:
    """Returns how this repository is written in the Applications of a scope."""
    uses = [
        (text(source.get("repoURL")), text(source.get("path")))
        for app in applications(scope)
        for _, source in app.sources()
        if text(source.get("path")) and not text(source.get("chart"))
    ]
    return OwnRepository.of(scope.tree, uses)
