"""Starts the run's registry and gate containers and waits until they answer.

Both stand on the cluster's Docker network under a name the nodes resolve, and are published on
127.0.0.1 at free ports for the harness itself. What they serve is written beforehand
(`names.registry_config`, `names.gate_settings`); who removes them after a killed run is the
cluster room's clean-up, by label.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.io.clock import Clock
from harness.model.containers import LABEL, ContainerSpec, Mount, StartedContainer
from harness.model.errors import RunnerError
from harness.names import registry_config
from harness.names.gate_settings import GIT_PORT, GIT_ROOT, SETTINGS, TOKEN_PORT

REGISTRY_FOLDER = "/etc/gitops-harness/registry"
GATE_FOLDER = "/etc/gitops-harness/gate"
GATE_PROGRAMS = "/opt/gitops-harness"
REGISTRY_COMMAND = ("serve", f"{REGISTRY_FOLDER}/config.yml")
"""Arguments for an image whose entrypoint is the registry, as upstream's is."""
_POLL_SECONDS = 0.1


class ContainerEngine(Protocol):
    """The part of Docker that is needed here."""

    def run_container(self, spec: ContainerSpec) -> StartedContainer:
        """Starts a container; leaves nothing behind when it cannot."""

    def is_running(self, name: str) -> bool:
        """Tells whether a container of that name runs."""

    def container_logs(self, name: str, tail: int = 200) -> str:
        """Returns the last lines a container wrote."""

    def remove_container(self, name: str) -> None:
        """Removes a container; absent is fine."""


class Probe(Protocol):
    """Asks a URL once."""

    def __call__(self, url: str) -> int:
        """Returns the HTTP status, or 0 when nothing answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run's containers stand."""

    run_id: str
    network: str

    def name(self, role: str) -> str:
        """Returns the name of the container of a role; it is also its host name on the network."""
        return f"gitops-harness-{self.run_id}-{role}"


def registry_spec(
    place: Place,
    *,
    image: str,
    folder: Path,
    storage: Path | None = None,
    command: tuple[str, ...] = REGISTRY_COMMAND,
) -> ContainerSpec:
    """Returns the registry container.

    Args:
        place: The run's place.
        image: An image of distribution 2.8 or 3.
        folder: Holds `config.yml` and the token certificate.
        storage: Folder for the blobs; inside the container, and gone with it, where not given.
        command: Arguments for the image's entrypoint.
    """
    kept = () if storage is None else (_writable(storage, registry_config.STORAGE),)
    return ContainerSpec(
        image=image,
        name=place.name("registry"),
        network=place.network,
        labels={LABEL: place.run_id},
        command=command,
        mounts=(Mount(source=folder, target=REGISTRY_FOLDER), *kept),
        # Version 3 otherwise tries to send traces to a collector that is not there.
        env={"OTEL_TRACES_EXPORTER": "none"},
        published_ports=(registry_config.PORT,),
    )


def gate_spec(
    place: Place,
    *,
    image: str,
    folder: Path,
    repositories: Path,
    https_ports: tuple[int, ...] = (GIT_PORT,),
) -> ContainerSpec:
    """Returns the gate container.

    Args:
        place: The run's place.
        image: Python with cheroot, cryptography, dulwich and PyJWT.
        folder: Written by `gate_settings.write_folder`.
        repositories: Holds `<host>/<owner>/<repository>.git`; nothing is written there.
        https_ports: Where Git answers; published too, so that the harness can look from outside.
    """
    here = Path(__file__).parent
    # These two files alone; without `__init__.py` they are importable under their own names.
    programs = ("gate_server.py", "token_service.py")
    package = f"{GATE_PROGRAMS}/harness/names"
    return ContainerSpec(
        image=image,
        name=place.name("gate"),
        network=place.network,
        labels={LABEL: place.run_id},
        command=("python3", "-u", "-m", "harness.names.gate_server", f"{GATE_FOLDER}/{SETTINGS}"),
        env={"PYTHONPATH": GATE_PROGRAMS},
        mounts=(
            *(Mount(source=here / name, target=f"{package}/{name}") for name in programs),
            Mount(source=folder, target=GATE_FOLDER),
            Mount(source=repositories, target=GIT_ROOT),
        ),
        published_ports=(*https_ports, TOKEN_PORT),
    )


def _writable(source: Path, target: str) -> Mount:
    return Mount(source=source, target=target, read_only=False)


def registry_health(started: StartedContainer) -> str:
    """Returns the URL that tells whether the registry answers (401: it asks for a token)."""
    return f"http://127.0.0.1:{started.ports[registry_config.PORT]}/v2/"


def gate_health(started: StartedContainer) -> str:
    """Returns the URL that tells whether the gate answers."""
    return f"http://127.0.0.1:{started.ports[TOKEN_PORT]}/healthz"


def wait_healthy(
    engine: ContainerEngine,
    started: StartedContainer,
    *,
    url: str,
    probe: Probe,
    clock: Clock,
    deadline_seconds: float,
) -> None:
    """Waits until the container answers with 200 or 401.

    Raises:
        RunnerError: It ended, or did not answer in time; its last lines are quoted.
    """
    end = clock.monotonic() + deadline_seconds
    status = probe(url)
    while status not in {200, 401}:
        ended = not engine.is_running(started.name)
        if ended or clock.monotonic() >= end:
            how = "it ended" if ended else f"no answer after {deadline_seconds:.0f} s ({status})"
            lines = engine.container_logs(started.name, tail=5).strip().splitlines()
            raise RunnerError(
                attempted="Waiting for",
                subject=f"the container {started.name} at {url}",
                seen=f"{how}; it wrote: {' | '.join(lines) or 'nothing'}",
                expected="HTTP 200 or 401",
                next_step=f"docker logs {started.name}",
            )
        clock.sleep(_POLL_SECONDS)
        status = probe(url)
