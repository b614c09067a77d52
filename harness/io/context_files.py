"""The files of a build context as docker sees them: what `.dockerignore` leaves out is not listed.

Which of them an image is made from is decided in `harness.loop.image_sources`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from docker.utils.build import exclude_paths

State = tuple[int, int, int, int]
"""Mode, size, modification time in nanoseconds, inode: equal for a file that nobody wrote."""


def context_states(folder: Path, dockerfile: str) -> dict[str, State]:
    """Returns every file of a build context (POSIX, relative to `folder`) with its state."""
    found: dict[str, State] = {}
    for name in exclude_paths(str(folder), _ignored(folder, dockerfile), dockerfile):
        try:
            seen = (folder / name).lstat()
        except OSError:  # gone since it was listed
            continue
        if not stat.S_ISDIR(seen.st_mode):
            state = (seen.st_mode, seen.st_size, seen.st_mtime_ns, seen.st_ino)
            found[name.replace(os.sep, "/")] = state
    return found


def _ignored(folder: Path, dockerfile: str) -> list[str]:
    """Returns the patterns of the ignore file that docker would use."""
    for name in (f"{dockerfile}.dockerignore", ".dockerignore"):
        if (folder / name).is_file():
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
            lines = (line.strip() for line in text.splitlines())
            return [line for line in lines if line and not line.startswith("#")]
    return []
