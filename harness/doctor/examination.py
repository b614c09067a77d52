"""The words of the doctor: what was read, what was judged, what the lead of a run asks of it.

Values only. `reading.py` fills `Readings`, `checks.py` turns them into `Check`s, `docker_plan.py`
decides what may be mended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from harness.model.host import HostFacts

GIB = 2**30


class CheckState(StrEnum):
    """How one check ended; only `failed` stops a run."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing the harness needs of this machine."""

    name: str
    state: CheckState
    found: str
    needed: str
    mend: str = ""
    """The exact command or edit that mends it; empty where nothing is to be mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerReading:
    """Docker on this machine as found."""

    client_version: str = ""
    server_version: str = ""
    """Empty where no daemon answers."""
    error: str = ""
    """What the client said when no daemon answered."""
    host: str = ""
    """Where the client looks for the daemon; empty for the local default socket."""
    host_from_context: bool = False
    """True where `host` comes from `docker context` and not from `DOCKER_HOST`."""
    socket_answers: bool = False
    """True where something accepts connections on the local default socket."""
    program_version: str = ""
    """What `dockerd --version` says; empty where the program is absent."""
    process: int = 0
    """Process id in docker.pid where such a dockerd lives, else 0."""
    started_by_us: bool = False
    config: str | None = None
    """Text of daemon.json; None where there is none."""
    storage_driver: str = ""
    cgroup_driver: str = ""
    cgroup_version: int = 0
    default_runtime: str = ""
    rootless: bool = False
    running_containers: int = 0
    memory_bytes: int = 0
    """Memory of the machine the daemon runs on (a virtual machine on a Mac); 0 if unknown."""
    root_folder: Path = Path("/var/lib/docker")

    @property
    def reachable(self) -> bool:
        """True when a daemon answered."""
        return bool(self.server_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryReading:
    """Whether an image registry answered as one."""

    host: str
    reachable: bool
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSystemReading:
    """Free space of the file system that holds a folder."""

    folder: Path
    device: int
    free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolReading:
    """Where kind, kubectl or kustomize was found."""

    name: str
    bundled_version: str = ""
    path: str = ""
    """On PATH; empty where it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Everything that was read, before any judgement."""

    facts: HostFacts
    docker: DockerReading
    systemd: bool
    git_version: str
    python_version: tuple[int, int, int]
    tools: tuple[ToolReading, ...]
    docker_disk: FileSystemReading | None
    cache_disk: FileSystemReading | None
    bundle_cached: bool
    memory_available_bytes: int
    inotify: Mapping[str, int] = field(default_factory=dict)
    """`max_user_watches` and `max_user_instances`; empty where the kernel has no such limits."""
    registries: tuple[RegistryReading, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What the doctor found, judged."""

    readings: Readings
    checks: tuple[Check, ...]

    @property
    def facts(self) -> HostFacts:
        """The facts that decide how the cluster is set up."""
        return self.readings.facts

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that stop a run."""
        return tuple(check for check in self.checks if check.state is CheckState.FAILED)

    @property
    def registries_reachable(self) -> bool:
        """True when every registry that upstream images come from answered as a registry."""
        asked = self.readings.registries
        return bool(asked) and all(registry.reachable for registry in asked)
