"""Where in the repository an error text of kustomize points: folder, listing file, entry. Pure.

Reads the chain of attempts (`recursed accumulation of path`, `couldn't make target for path`) and
makes the paths relative to the repository, whether Argo CD wrote them (`<path to cached source>`)
or kustomize did on this machine. What is wrong there is `repo_texts`' business.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

CACHED = re.compile(r"<path to cached source>/?|/tmp/_argocd-repo/[^/\s']+/?")
_BUILD = re.compile(
    r"`(?:\S*/)?kustomize build (?P<folder><path to cached source>\S*|[^\s`]+)[^`]*`"
)
_ENTERED = re.compile(r"recursed accumulation of path '([^']+)'")
_TARGET = re.compile(r"couldn't make target for path '([^']+)'")
_ENTRY = re.compile(r"(?:accumulating|merging) resources from '([^']+)'")
KUSTOMIZATION = "kustomization.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The innermost place that a text tells of."""

    root: str
    folder: str
    """Of the kustomization in which the entry stands; empty where unknown."""
    made: str
    """The folder of the kustomization that could not be read, else empty."""
    entry: str
    """The innermost entry as it is written; empty where none is named."""

    @property
    def listing(self) -> str:
        """The kustomization in which the entry stands; empty where unknown."""
        return posixpath.join(self.folder, KUSTOMIZATION) if self.folder else ""

    @property
    def target(self) -> str:
        """The kustomization that was being read itself."""
        folder = self.made or self.folder
        return posixpath.join(folder, KUSTOMIZATION) if folder else ""

    @property
    def entry_file(self) -> str:
        """The file that the entry names; empty where it names none or a folder."""
        return self.resolved(self.entry) if self.entry.endswith((".yaml", ".yml", ".json")) else ""

    def resolved(self, entry: str) -> str:
        """Returns an entry of this kustomization relative to the repository; empty if unknown."""
        if not self.folder or not entry:
            return ""
        return posixpath.normpath(posixpath.join(self.folder, entry))

    def resolved_target(self, name: str) -> str:
        """Returns a file beside the kustomization that was being read."""
        return posixpath.join(self.made or self.folder, name)

    def relative(self, path: str) -> str:
        """Returns a path of the repository as an entry of this kustomization would name it."""
        return posixpath.relpath(path, self.folder) if self.folder else path

    def cleaned(self, path: str) -> str:
        """Returns a path as the text has it, relative to the repository."""
        return relative_to_repository(path, self.root)


def place_of(text: str, *, folder: str = "", root: str = "") -> Place:
    """Returns the place that a text tells of; `folder` is what was built, where it does not say."""
    built = _BUILD.search(text)
    start = relative_to_repository(built["folder"], root) if built else folder.strip("/")
    entered, target, entry = _last(_ENTERED, text), _last(_TARGET, text), _last(_ENTRY, text)
    inside = relative_to_repository(entered, root) if entered else start
    # An entry named before the last folder was entered is the folder itself, not one of its own.
    own = bool(entry) and text.rfind(f"from '{entry}'") > text.rfind(f"of path '{entered}'")
    return Place(
        root=root,
        folder=inside,
        made=relative_to_repository(target, root) if target else "",
        entry=entry if own else "",
    )


def _last(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.findall(text)
    return str(found[-1]) if found else ""


def relative_to_repository(path: str, root: str = "") -> str:
    """Returns a path without Argo CD's cache or the repository's own folder in front."""
    bare = path.strip("'\"` ")
    if root and (bare == root or bare.startswith(f"{root.rstrip('/')}/")):
        bare = bare[len(root.rstrip("/")) :]
    elif CACHED.match(bare):
        bare = CACHED.sub("", bare, count=1)
    return posixpath.normpath(bare.lstrip("/")) if bare.strip("/") else "."
