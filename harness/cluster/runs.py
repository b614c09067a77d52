"""The folder of a run on disk, and who owns it: so that what a killed run left can be removed.

A run holds a file lock for as long as its process lives; `kill -9` releases it. What Docker holds
carries the run id, so folder and lock together say: alive, kept on purpose, or left behind.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """What is remembered of a run between processes."""

    run_id: str
    repository: str
    environment: str
    created: str
    kept: bool = False
    fingerprint: str = ""

    @property
    def cluster(self) -> str:
        """Name of its kind cluster."""
        return f"gitops-harness-{self.run_id}"

    @property
    def network(self) -> str:
        """Name of its Docker network."""
        return f"gitops-harness-{self.run_id}"


class RunFolder:
    """One run's folder: state, lock, and everything the run writes besides reports."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None

    @classmethod
    def create(cls, base: Path, *, repository: Path, environment: str, created: str) -> RunFolder:
        """Makes a new run folder and takes its lock."""
        run_id = secrets.token_hex(4)
        folder = cls(base / run_id)
        folder.path.mkdir(parents=True, mode=0o700)
        folder.acquire()
        folder.write(
            RunState(
                run_id=run_id,
                repository=str(repository),
                environment=environment,
                created=created,
            )
        )
        return folder

    @property
    def state(self) -> RunState:
        """The remembered state; a damaged file counts as an unknown run of that id."""
        try:
            return RunState(**json.loads((self.path / "run.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return RunState(run_id=self.path.name, repository="", environment="", created="")

    def write(self, state: RunState) -> None:
        """Writes the state in one step."""
        partial = self.path / "run.json.new"
        partial.write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
        partial.rename(self.path / "run.json")

    def update(self, *, kept: bool | None = None, fingerprint: str | None = None) -> None:
        """Changes what is remembered."""
        state = self.state
        if kept is not None:
            state = replace(state, kept=kept)
        if fingerprint is not None:
            state = replace(state, fingerprint=fingerprint)
        self.write(state)

    def acquire(self) -> bool:
        """Takes the lock; False when a living process holds it."""
        if self._lock is not None:
            return True
        stream = (self.path / "lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.close()
            return False
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        self._lock = stream
        return True

    def release(self) -> None:
        """Gives the lock back."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def remove(self) -> None:
        """Deletes the folder."""
        self.release()
        shutil.rmtree(self.path, ignore_errors=True)


def all_runs(base: Path) -> list[RunFolder]:
    """Returns every run folder, oldest first."""
    if not base.is_dir():
        return []
    folders = [p for p in base.iterdir() if p.is_dir()]
    return [RunFolder(p) for p in sorted(folders, key=lambda p: p.stat().st_mtime)]


def kept_run(base: Path, *, repository: Path, environment: str) -> RunFolder | None:
    """Returns the newest kept run of this repository and environment, locked for us."""
    for folder in reversed(all_runs(base)):
        state = folder.state
        if (
            state.kept
            and state.repository == str(repository)
            and state.environment == environment
            and folder.acquire()
        ):
            return folder
    return None
