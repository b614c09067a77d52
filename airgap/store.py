"""Keeps finished parts by name and key, in a folder that several builds may share.

A result appears by one rename and is never changed, so a reader sees all of it or nothing. A lock
per part name makes a second build wait and then find the result. What was left by a build that
died is removed by the next one that holds the lock. Layout: README.md, "The cache".
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from airgap.errors import CancelledBuildError

_FACTS = "part.json"
_DRAFT = ".building-"
_LOCK_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A finished part: its folder, how long it took, and what its builder noted about it."""

    folder: Path
    key: str
    seconds: float
    facts: Mapping[str, object]

    def text(self, name: str) -> str:
        """A fact that is a text."""
        return cast("str", self.facts[name])


class Store:
    """The cache folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def go(self) -> Path:
        """The caches of Go itself: modules and compiled packages, kept across keys."""
        return self.root / "go"

    def log_of(self, part: str, key: str) -> Path:
        """The file that takes the output of building this part."""
        return self.root / "logs" / f"{part}-{key[:12]}.log"

    def find(self, part: str, key: str) -> Result | None:
        """The finished part, unless it is absent or a file of it is missing or of another size."""
        folder = self._folder(part, key)
        try:
            kept = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
            sizes: dict[str, int] = kept["sizes"]
            whole = all((folder / name).stat().st_size == size for name, size in sizes.items())
            found = Result(folder=folder, key=key, seconds=kept["seconds"], facts=kept["facts"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if whole else None

    def draft(self, part: str, key: str) -> Path:
        """An empty folder to build in, on the same file system as the result. Hold the lock."""
        self.sweep(part)
        folder = self.root / "parts" / part / f"{_DRAFT}{key[:12]}-{os.getpid()}"
        folder.mkdir(parents=True)
        return folder

    def sweep(self, part: str) -> None:
        """Removes what dead builds of this part left. Hold the lock: nobody else builds it."""
        for left in (self.root / "parts" / part).glob(f"{_DRAFT}*"):
            shutil.rmtree(left, ignore_errors=True)

    def keep(
        self, part: str, key: str, *, draft: Path, seconds: float, facts: Mapping[str, object]
    ) -> Result:
        """Makes a draft the result of its key, in one step; replaces a damaged result."""
        sizes = _sizes(draft)
        content = {
            "part": part,
            "key": key,
            "seconds": round(seconds, 1),
            "facts": dict(facts),
            "sizes": sizes,
        }
        write_json(draft / _FACTS, content)
        folder = self._folder(part, key)
        if folder.exists():
            shutil.rmtree(folder)
        draft.rename(folder)
        return Result(folder=folder, key=key, seconds=round(seconds, 1), facts=facts)

    @contextlib.contextmanager
    def lock(
        self, part: str, *, cancelled: threading.Event, on_wait: Callable[[], None]
    ) -> Iterator[None]:
        """Holds the lock of a part; another process that holds it is waited for.

        Raises:
            CancelledBuildError: the build was told to stop while it waited.
        """
        path = self.root / "locks" / f"{part}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            while not _try_lock(file.fileno()):
                on_wait()
                if cancelled.wait(_LOCK_POLL_SECONDS):
                    raise CancelledBuildError
            yield

    def _folder(self, part: str, key: str) -> Path:
        return self.root / "parts" / part / key


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Writes a JSON file so that a reader sees the old one or the new one, whole."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def _sizes(folder: Path) -> dict[str, int]:
    """The files whose loss would be noticed late: those at the top and those over a megabyte."""
    found: dict[str, int] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            size = path.stat().st_size
            if path.parent == folder or size >= 1 << 20:
                found[str(path.relative_to(folder))] = size
    return found


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
