"""Which files and folders a repository has: what Git counts as its own, else what is on disk.

Inside a checkout that is tracked and untracked files that no ignore rule excludes; elsewhere every
file below. Nothing outside of the repository is ever followed: a link may lead to a file within,
and what else it leads to is noted. Folders of tools and hidden ones are left out, as everywhere
(`discovery.folders_below`). Git is asked without locks, hooks or its file system monitor.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.io.process import Runner
from harness.repo.yaml_files import SKIPPED_FOLDERS

GIT_SECONDS = 60.0
_FILE = "file"
_FOLDER = "folder"
_NESTED = "it is a repository of its own and was not read"
_READ_ONLY = {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Something that was left out."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileListing:
    """What belongs to a repository; paths are POSIX, relative to its root and sorted."""

    files: tuple[str, ...] = ()
    """Regular files, and links that lead to one within the repository."""
    folders: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """What Git says of the folder; empty where it is in no checkout."""

    urls: tuple[str, ...] = ()
    """Addresses of its remotes; empty for a folder inside of a larger checkout."""
    branch: str = ""


def list_files(root: Path, *, runner: Runner) -> FileListing:
    """Returns the files of the repository at `root`."""
    named = _by_git(root, runner)
    names = _walked(root) if named is None else _with_submodules(root, named)
    return _sorted_out(root, names)


def read_checkout(root: Path, *, runner: Runner) -> Checkout:
    """Returns the remotes and the branch of a checkout whose top is `root`."""
    prefix = _ask(root, runner, "rev-parse", "--show-prefix")
    if prefix is None or prefix.strip():
        return Checkout()
    config = _ask(root, runner, "config", "--get-regexp", r"^remote\..*\.url$") or ""
    urls = (_without_user(line.partition(" ")[2].strip()) for line in config.splitlines())
    branch = _ask(root, runner, "symbolic-ref", "--quiet", "--short", "HEAD") or ""
    return Checkout(urls=tuple(dict.fromkeys(u for u in urls if u)), branch=branch.strip())


def _without_user(url: str) -> str:
    """Returns an address without the user and the password that may stand in it."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    is_web = scheme in {"http", "https"}
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" if separator and is_web else url


def _ask(root: Path, runner: Runner, *arguments: str) -> str | None:
    done = runner.run(
        (*_GIT, "-C", str(root), *arguments), deadline_seconds=GIT_SECONDS, env=_READ_ONLY
    )
    return done.stdout if done.ok else None


def _by_git(root: Path, runner: Runner) -> list[str] | None:
    said = _ask(root, runner, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return None if said is None else [name for name in said.split("\0") if name]


def _with_submodules(root: Path, names: Iterable[str]) -> Iterator[str]:
    """Adds the files of checked out submodules, which Git lists as one name each."""
    for name in dict.fromkeys(names):
        path = root / name.rstrip("/")
        if name.endswith("/"):
            yield name
            continue
        if path.is_dir() and not path.is_symlink():
            yield from (f"{name}/{inner}" for inner in _walked(path))
        else:
            yield name


def _walked(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if is_read(f)]
        relative = Path(folder).relative_to(root)
        linked = [f for f in folders if (Path(folder) / f).is_symlink()]
        for name in (*names, *linked):
            yield (relative / name).as_posix()


def is_read(folder: str) -> bool:
    """Tells whether a folder of that name is looked into."""
    return folder not in SKIPPED_FOLDERS and not folder.startswith(".")


def _sorted_out(root: Path, names: Iterable[str]) -> FileListing:
    files: set[str] = set()
    folders: set[str] = set()
    skipped: list[Skipped] = []
    inside = root.resolve()
    for name in names:
        if not all(is_read(part) for part in name.split("/")[:-1]):
            continue
        kind = _kind(name, root, inside) if not name.endswith("/") else _NESTED
        if kind in {_FILE, _FOLDER}:
            (files if kind == _FILE else folders).add(name)
            _add_parents(folders, name)
        elif kind:
            skipped.append(Skipped(path=name.encode(errors="replace").decode(), reason=kind))
    return FileListing(
        files=tuple(sorted(files)), folders=tuple(sorted(folders)), skipped=tuple(skipped)
    )


def _add_parents(folders: set[str], name: str) -> None:
    folder = name.rpartition("/")[0]
    while folder and folder not in folders:
        folders.add(folder)
        folder = folder.rpartition("/")[0]


def _kind(name: str, root: Path, inside: Path) -> str:
    """Returns what a name stands for, or why it is left out; empty for what is not there."""
    if not name.isprintable() or "\ufffd" in name:
        return "its name holds characters that cannot be printed"
    path = f"{root}/{name}"
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            target = Path(path).resolve(strict=True)
            if not target.is_relative_to(inside):
                return "the link leads out of the repository and was not followed"
            mode = target.stat().st_mode
    except FileNotFoundError:
        return "the link leads nowhere" if Path(path).is_symlink() else ""
    except (OSError, RuntimeError) as error:
        return _unreadable(error)
    if stat.S_ISDIR(mode):
        return _FOLDER
    return _FILE if stat.S_ISREG(mode) else "neither a file nor a folder"


def _unreadable(error: Exception) -> str:
    if isinstance(error, RuntimeError) or "symbolic link" in str(error):
        return "the link leads back to itself"
    return f"it cannot be read: {getattr(error, 'strerror', None) or error}"
