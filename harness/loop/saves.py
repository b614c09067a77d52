"""Which files under the tree were written, told in batches: one for what is saved together.

Watches with the operating system's own notices (watchfiles), by polling where those cannot be had.
Git's own folder and what the harness writes are never told of; whether a file belongs to the tree
is decided in `harness.loop.tree_files`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import watchfiles

QUIET_MILLISECONDS = 150
"""A batch is told when nothing was written for so long."""
LONGEST_MILLISECONDS = 1000
"""A batch is told after so long though writing goes on."""
LOOK_MILLISECONDS = 1000
"""How often the watching looks whether it is to end."""
NEVER = frozenset({".git", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".venv"})

Batch = Callable[[tuple[str, ...]], None]


class SaveWatch:
    """Watches a tree in a thread of its own from `start` until `stop`."""

    def __init__(
        self, root: Path, told: Batch, *, apart: Iterable[Path] = (), say: Callable[[str], None]
    ) -> None:
        """Prepares watching.

        Args:
            root: The tree.
            told: Gets each batch: POSIX paths relative to the tree, sorted.
            apart: Folders inside the tree that the harness writes itself.
            say: Gets what a person should know, such as that files are polled.
        """
        self._root = root.resolve()
        self._told = told
        self._apart = tuple(p.resolve() for p in apart)
        self._say = say
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="saves", daemon=True)

    def start(self) -> None:
        """Begins to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Ends watching."""
        self._stopped.set()
        self._thread.join(2 * LOOK_MILLISECONDS / 1000)

    def _run(self) -> None:
        polling = False
        while not self._stopped.is_set():
            try:
                self._watch(polling=polling)
            except Exception as error:  # no notices left (inotify limit), a folder that went away
                said = " ".join(str(error).split())[:200]
                self._say(f"watching {self._root} failed ({said}); its files are polled instead")
                polling = True
                self._stopped.wait(1.0)

    def _watch(self, *, polling: bool) -> None:
        changes = watchfiles.watch(
            self._root,
            watch_filter=self._is_wanted,
            debounce=LONGEST_MILLISECONDS,
            step=QUIET_MILLISECONDS,
            stop_event=self._stopped,
            rust_timeout=LOOK_MILLISECONDS,
            raise_interrupt=False,
            force_polling=polling or None,
            ignore_permission_denied=True,
        )
        for batch in changes:
            names = sorted({Path(path).relative_to(self._root).as_posix() for _, path in batch})
            self._told(tuple(names))

    def _is_wanted(self, _change: watchfiles.Change, path: str) -> bool:
        found = Path(path)
        if not found.is_relative_to(self._root) or NEVER & set(found.relative_to(self._root).parts):
            return False
        return not any(found.is_relative_to(folder) for folder in self._apart)
