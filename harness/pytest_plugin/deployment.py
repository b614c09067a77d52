"""What a test run asks for, what it gets, and the effects that this needs.

Values and one Protocol; tests of the plugin hand over a `World` of their own. The real one is
`harness.pytest_plugin.real_world`. Kept free of slow imports: every pytest run loads this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from harness.model.drift import Gap
    from harness.model.finding import Diagnosis
    from harness.model.refs import ObjectRef
    from harness.model.run import ObjectStatus, RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be deployed, as the options of pytest say it."""

    repository: Path
    environment: str = "dev"
    output: Path | None = None
    """Folder for reports and evidence; None for the usual one."""
    bundle: str = "auto"
    kind_config: Path | None = None
    keep: bool = False
    """Keep the cluster after the tests, and reuse it next time."""
    alive: bool = False
    """Some test needs the cluster, so it is removed after the last test and not before."""
    command: str = ""
    history: Path | None = None
    """Record of runs, which says what is slow or flaky; None for none."""
    log: Path | None = None
    """File for the lines of the run, where there is no terminal to show them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A declared workload, with the line that declares it; `line` is 0 where it is not known."""

    ref: ObjectRef
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A finished run, and the folder that its cluster lives by; None where nothing is left."""

    run: RunRecord
    folder: Path | None = None

    @property
    def kubeconfig(self) -> Path | None:
        """The kubeconfig of its cluster, where there is one."""
        path = self.folder / "kubeconfig" if self.folder else None
        return path if path is not None and path.is_file() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How a connection from a workload ended."""

    client: str
    target: str
    word: str
    """`open`, `refused`, `timeout`, `unreachable`, or `unknown`."""
    listens: bool = True
    """Whether the same address answers somebody: the node, which no policy holds back."""

    @property
    def is_open(self) -> bool:
        """True when the connection came about."""
        return self.word == "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The judged objects of a live cluster, and why some are not ready where that is known."""

    objects: tuple[ObjectStatus, ...]
    diagnosis: Diagnosis | None = None


class World(Protocol):
    """Everything the plugin does to the world."""

    def declared(self, order: Order) -> Sequence[Workload]:
        """Returns the workloads that the repository declares; needs no cluster."""

    def deploy(self, order: Order) -> Deployment:
        """Deploys, proves, reports; raises HarnessError where that cannot even begin."""

    def remove(self, deployment: Deployment, order: Order) -> list[str]:
        """Removes a cluster that was kept for the tests; returns what could not be removed."""

    def readiness(self, deployment: Deployment, order: Order, *, within: float) -> Readiness:
        """Watches until everything declared is ready, or for so many seconds."""

    def gap(self, deployment: Deployment, order: Order, *, application: str) -> Gap:
        """Returns what differs between the repository and the cluster."""

    def reach(
        self, deployment: Deployment, client: ObjectRef, target: str, *, within: float
    ) -> Reach:
        """Connects from the network of a client's pod to `host:port`."""

    def evidence(self, deployment: Deployment, folder: Path) -> None:
        """Writes objects, events and logs of the live cluster to a folder, secrets masked."""
