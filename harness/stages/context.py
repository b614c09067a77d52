"""What the stages of one run share: handles, options, and what earlier stages found out.

A `Found` holds the result of a stage; reading it before the stage has passed is a defect of the
order of stages and says so.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Generic, TypeVar

from harness.adaptation.terms import Plan
from harness.bundle.choose import Choice
from harness.cluster.runs import RunFolder
from harness.config import Settings
from harness.doctor import Examination
from harness.images.plan import PlannedImage
from harness.io.clock import Clock
from harness.io.docker import DockerDaemon
from harness.io.kube import Kube
from harness.io.process import ProcessRunner
from harness.model.bundle import Bundle
from harness.model.containers import LABEL
from harness.model.host import HostFacts
from harness.model.repository import Declaration
from harness.model.run import RunRecord
from harness.model.secret import Secret
from harness.stages.existing.request import RUN_LABEL, ExistingCluster, labels
from harness.watch.observer import Observer

T = TypeVar("T")


class Found(Generic[T]):
    """A value that one stage puts and later stages get."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._value: list[T] = []

    def put(self, value: T) -> None:
        """Sets the value."""
        self._value = [value]

    def get(self) -> T:
        """Returns the value.

        Raises:
            LookupError: No stage has put it yet.
        """
        if not self._value:
            message = f"no stage has found {self._name} yet"
            raise LookupError(message)
        return self._value[0]

    @property
    def known(self) -> bool:
        """True once a stage has put it."""
        return bool(self._value)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the caller asked for."""

    repository: Path
    environment: str
    output: Path
    cache: Path
    kind_config: Path | None
    bundle: Choice
    keep: bool
    keep_going: bool = False
    """Judge everything before the run ends, instead of ending at the first root cause."""
    withhold: tuple[str, ...] = ()
    """Patterns of secrets (`name` or `namespace/name`) and image references not to be provided."""
    archive: bool = False
    """Keep an evidence archive also of a run that passed; of one that failed it is kept anyway."""
    archive_tree: str = ""
    """How the tree goes into it: `include`, `commit`, or nothing for what suits its size."""
    existing: ExistingCluster | None = None
    """A cluster of somebody else to run on; None for a kind cluster of our own."""
    environment_variables: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Context:
    """Everything a stage may use."""

    options: RunOptions
    settings: Settings
    folder: RunFolder
    run: RunRecord
    runner: ProcessRunner
    clock: Clock
    cancelled: threading.Event
    """Set when a person or a signal interrupts the run."""
    stopped: threading.Event = field(default_factory=threading.Event)
    """Set when the run ends early for any reason; long work ends soon after."""
    reused: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Guards what several threads change in `run`."""
    docker: Found[DockerDaemon] = field(default_factory=lambda: Found("Docker"))
    host: Found[HostFacts] = field(default_factory=lambda: Found("the host's facts"))
    examination: Found[Examination] = field(default_factory=lambda: Found("the examination"))
    bundle: Found[Bundle] = field(default_factory=lambda: Found("the bundle"))
    declaration: Found[Declaration] = field(default_factory=lambda: Found("the declaration"))
    plan: Found[tuple[PlannedImage, ...]] = field(default_factory=lambda: Found("the image plan"))
    adaptation: Found[Plan] = field(default_factory=lambda: Found("what the cluster lacks"))
    kube: Found[Kube] = field(default_factory=lambda: Found("the cluster"))
    revision: Found[str] = field(default_factory=lambda: Found("the published revision"))
    observer: Found[Observer] = field(default_factory=lambda: Found("the observer"))
    secrets: list[Secret] = field(default_factory=list)
    """Every secret value of the run, to be masked in whatever leaves it."""

    def withheld(self, *names: str) -> bool:
        """Tells whether the caller wants something left out that goes by one of these names."""
        return any(fnmatch(n, p) for n in names for p in self.options.withhold)

    @property
    def run_id(self) -> str:
        """The id that everything of this run carries."""
        return self.folder.state.run_id

    @property
    def nodes(self) -> list[str]:
        """The containers that are the nodes of the run's cluster."""
        cluster = self.folder.state.cluster
        return [node for node, of in self.docker.get().cluster_nodes().items() if of == cluster]

    @property
    def labels(self) -> dict[str, str]:
        """The label of everything of this run in Docker."""
        return {LABEL: self.run_id}

    @property
    def kube_labels(self) -> dict[str, str]:
        """The label of everything we create in the cluster."""
        if self.options.existing is not None:
            return labels(self.run_id)
        return {RUN_LABEL: self.run_id}

    @property
    def logs(self) -> Path:
        """Folder of build and tool logs."""
        path = self.folder.path / "logs"
        path.mkdir(exist_ok=True)
        return path
