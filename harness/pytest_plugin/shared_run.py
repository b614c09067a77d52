"""One deployment for all processes of a test run: the first deploys, the last removes.

Under xdist each worker is a process. All share the folder of the run's temporary files: whoever
gets the lock deploys and writes down the outcome, the others read it. Each holds a shared lock from
before the first test to its end; who can make it exclusive is the last. Locks are the kernel's
(`flock`), so a killed process holds none: a deployment that died is made again by the next worker,
and a cluster whose processes all died counts as left behind (`harness.cluster.cleanup`).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.pytest_plugin.deployment import Deployment, Order, World

if TYPE_CHECKING:
    from harness.model.errors import HarnessError

OUTCOME = "outcome.json"


class SharedRun:
    """The deployment of one test run, as one of its processes sees it."""

    def __init__(self, place: Path, world: Callable[[], World], order: Callable[[], Order]) -> None:
        self.place = place
        self._world = world
        self._order = order
        self._users: IO[str] | None = None
        self._cluster: IO[str] | None = None
        self._found: Deployment | None = None

    @property
    def world(self) -> World:
        """The effects."""
        return self._world()

    @property
    def order(self) -> Order:
        """What is deployed."""
        return self._order()

    @property
    def known(self) -> Deployment | None:
        """The deployment as far as this process has asked for it."""
        return self._found

    def join(self) -> None:
        """Says that this process may use the deployment; before any process runs a test."""
        if self._users is None:
            self._users = self._opened("users.lock")
            fcntl.flock(self._users, fcntl.LOCK_SH)

    def get(self) -> Deployment:
        """Returns the deployment; the first caller of the test run deploys, others wait.

        Raises:
            HarnessError: Deploying could not begin; the same for every caller.
        """
        if self._found is None:
            with self._alone():
                self._found = self._read() or self._deploy()
                if self.order.alive and not self.order.keep:
                    self._hold(self._found)
        return self._found

    def leave(self) -> None:
        """Ends the use; the last process removes the cluster, unless it is to be kept."""
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None
        if not (self.place / OUTCOME).is_file() and self._users is None:
            return
        users = self._users or self._opened("users.lock")
        self._users = None
        with users, contextlib.suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_UN)
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._remove()

    def _remove(self) -> None:
        if self.order.keep or not (self.place / OUTCOME).is_file():
            return
        with contextlib.suppress(Exception):  # what the first caller was told already
            found = self._found or self._read()
            if found is not None and found.folder is not None and found.folder.is_dir():
                self.world.remove(found, self.order)
        (self.place / OUTCOME).unlink(missing_ok=True)

    def _hold(self, found: Deployment) -> None:
        """Keeps other runs from taking the cluster for one that is left behind."""
        if found.folder is None or not found.folder.is_dir():
            return
        from harness.cluster.runs import RunFolder  # noqa: PLC0415 -- only where one was deployed

        self._cluster = (found.folder / "lock").open("a+", encoding="utf-8")
        fcntl.flock(self._cluster, fcntl.LOCK_SH)
        folder = RunFolder(found.folder)
        if folder.state.kept:
            folder.update(kept=False)

    def _deploy(self) -> Deployment:
        from harness.model.errors import HarnessError  # noqa: PLC0415
        from harness.report.failure import error_parts  # noqa: PLC0415

        try:
            found = self.world.deploy(self.order)
        except Exception as problem:  # whatever it is, it is tried once
            error = problem if isinstance(problem, HarnessError) else _defect(problem)
            self._write({"error": {"kind": type(error).__name__, "parts": error_parts(error)}})
            raise
        self._write({"folder": str(found.folder or ""), "run": _as_document(found)})
        return found

    def _read(self) -> Deployment | None:
        path = self.place / OUTCOME
        if not path.is_file():
            return None
        from harness.report.failure import error_of_kind  # noqa: PLC0415
        from harness.report.json_report import run_from_json  # noqa: PLC0415

        said = json.loads(path.read_text(encoding="utf-8"))
        if "error" in said:
            raise error_of_kind(said["error"]["kind"], said["error"]["parts"])
        run = run_from_json(json.dumps(said["run"]), str(path))
        return Deployment(run=run, folder=Path(said["folder"]) if said["folder"] else None)

    def _write(self, said: dict[str, Any]) -> None:
        partial = self.place / f"{OUTCOME}.new"
        partial.write_text(json.dumps(said), encoding="utf-8")
        partial.rename(self.place / OUTCOME)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with self._opened("deploy.lock") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def _opened(self, name: str) -> IO[str]:
        self.place.mkdir(parents=True, exist_ok=True, mode=0o700)
        return (self.place / name).open("a+", encoding="utf-8")


def _defect(problem: Exception) -> HarnessError:
    from harness.model.errors import HarnessError  # noqa: PLC0415

    return HarnessError(
        attempted="Deploying",
        subject="the repository",
        seen=f"{type(problem).__name__}: {problem}",
        expected="no defect of the harness",
        next_step="look for its traceback at the first test that failed, and report it",
    )


def _as_document(found: Deployment) -> Any:
    from harness.report.json_report import run_to_json  # noqa: PLC0415
    from harness.report.redaction import presentable  # noqa: PLC0415

    return json.loads(run_to_json(presentable(found.run)))
