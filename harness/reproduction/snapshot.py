"""The tree of a run on its way into an archive: which files, in which form, without secrets.

A small tree goes in whole; a big one is named by its commit, with the files that differ from it.
What cannot be carried (a link that leads out, a name that is no text) is left out and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from harness.reproduction.manifest import TREE, Tree, TreeMode
from harness.reproduction.masking import GZIP_MAGIC, Masker
from harness.reproduction.stand_ins import StandIns
from harness.reproduction.tree import TreeFile, leads_out
from harness.reproduction.tree_secrets import without_secret_values
from harness.reproduction.trimming import Part

SMALL_BYTES = 20 * 10**6
"""A tree up to this size goes in whole."""
LARGEST_BYTES = 200 * 10**6
"""A bigger one never does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """The tree as it goes into the archive."""

    tree: Tree
    parts: tuple[Part, ...] = ()

    def searched(self, masker: Masker) -> Captured:
        """Returns it with every known secret masked, and says in which files."""
        kept: list[Part] = []
        masked, left_out = set(self.tree.masked), list(self.tree.left_out)
        for part in self.parts:
            data, counts = masker.masked(part.data)
            name = part.name.removeprefix(f"{TREE}/")
            if counts and part.data.startswith(GZIP_MAGIC):  # an archive is not put together again
                left_out.append(f"{name}: it is compressed and shows a secret")
                continue
            masked |= {name} if counts else set()
            kept.append(replace(part, data=data))
        update = {"masked": tuple(sorted(masked)), "left_out": tuple(left_out)}
        return Captured(tree=self.tree.model_copy(update=update), parts=tuple(kept))


def mode_for(asked: str, *, bytes_in_all: int, commit: str) -> tuple[TreeMode, str]:
    """Returns how a tree goes into the archive, and why it is not as asked.

    Args:
        asked: `include`, `commit`, or nothing for what suits the size.
        bytes_in_all: Size of the tree.
        commit: HEAD of its checkout; empty where there is none.
    """
    if bytes_in_all > LARGEST_BYTES and not commit:
        return TreeMode.ABSENT, f"it has {bytes_in_all} bytes and is no checkout with a commit"
    if bytes_in_all > LARGEST_BYTES:
        return TreeMode.COMMIT, f"it has {bytes_in_all} bytes" if asked == "include" else ""
    if asked == "commit" and not commit:
        return TreeMode.INCLUDE, "it is no checkout with a commit"
    if asked == "commit" or (not asked and commit and bytes_in_all > SMALL_BYTES):
        return TreeMode.COMMIT, ""
    return TreeMode.INCLUDE, ""


def carried(files: Iterable[TreeFile]) -> tuple[list[Part], list[str]]:
    """Returns the files as parts, and what is left out and why."""
    parts: list[Part] = []
    left_out: list[str] = []
    for file in files:
        if not file.name.isprintable() or "\\" in file.name:
            left_out.append(f"{file.name!a}: its name is no plain text")
        elif file.link and leads_out(file.name, file.link):
            left_out.append(f"{file.name}: the link leads out of the tree")
        else:
            data = b"" if file.link else file.path.read_bytes()
            name = f"{TREE}/{file.name}"
            parts.append(Part(name=name, data=data, executable=file.executable, link=file.link))
    return parts, left_out


def without_secrets(captured: Captured, stand_ins: StandIns) -> Captured:
    """Returns the tree with stand-ins for the values of the Secrets it declares."""
    texts = dict(_texts(captured.parts))
    changed = without_secret_values(texts, stand_ins)
    parts = tuple(
        replace(part, data=changed[name].encode()) if (name := _inside(part)) in changed else part
        for part in captured.parts
    )
    tree = captured.tree.model_copy(update={"masked": tuple(sorted(changed))})
    return Captured(tree=tree, parts=parts)


def _inside(part: Part) -> str:
    return part.name.removeprefix(f"{TREE}/")


def _texts(parts: Iterable[Part]) -> Iterator[tuple[str, str]]:
    for part in parts:
        try:
            if not part.link and b"\0" not in part.data[:4096]:
                yield _inside(part), part.data.decode()
        except UnicodeDecodeError:
            continue
