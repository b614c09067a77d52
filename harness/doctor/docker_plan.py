"""Decides how Docker is installed, wrapped and started, or why nothing may be touched. Pure.

Docker is set up only for root on Debian or Ubuntu and only where no daemon works; a daemon that
somebody else started is never stopped or reconfigured. `docker_setup.py` carries the plan out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from harness.doctor.examination import DockerReading, Readings

RUNTIME = "gitops-harness-runc"
"""Name under which the wrapper is registered in daemon.json."""

DAEMON_CONFIG = Path("/etc/docker/daemon.json")
WRAPPER = Path("/usr/local/libexec/gitops-harness/oci-runtime")
DROP_SCRIPT = WRAPPER.with_name("missing-capabilities.sed")
DAEMON_LOG = Path("/var/log/gitops-harness-dockerd.log")
DAEMON_PID = Path("/var/run/docker.pid")
CONTAINERD_PID = Path("/var/run/docker/containerd/containerd.pid")
MARKER = Path("/var/run/gitops-harness/dockerd.pid")
"""Holds the process id of the daemon we started; absent for anybody else's daemon."""

PACKAGES = ("docker.io", "iptables", "iproute2")
ASKS_ONLY_FOR_WHAT_IT_HAS = (23, 0)
"""Docker from here on cures missing capabilities itself (moby pull request 42933)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallPackages:
    """Installs packages of the distribution without recommended ones."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFile:
    """Writes a file; daemon.json as found is kept beside it under `.before-gitops-harness`."""

    path: Path
    text: str
    mode: int = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class StopDaemon:
    """Ends the daemon we started ourselves."""

    process: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartDaemon:
    """Starts dockerd, by systemd where it runs, else detached with its own log file."""

    systemd: bool


Step = InstallPackages | WriteFile | StopDaemon | StartDaemon


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerPlan:
    """Steps in order; or a refusal that says why nothing is done and what the reader may do."""

    steps: tuple[Step, ...] = ()
    refusal: str = ""


def version_of(text: str) -> tuple[int, int]:
    """Returns major and minor of a Docker version; (0, 0) where there is none."""
    numbers = text.split(".")[:2]
    if len(numbers) < 2 or not all(part.isdigit() for part in numbers):
        return (0, 0)
    return (int(numbers[0]), int(numbers[1]))


def needs_wrapper(readings: Readings) -> bool:
    """True when this daemon, or the one about to be started, cannot run `--privileged`."""
    docker = readings.docker
    if not readings.facts.missing_capabilities or docker.default_runtime == RUNTIME:
        return False
    version = docker.server_version or docker.program_version
    return version_of(version) < ASKS_ONLY_FOR_WHAT_IT_HAS


def may_mend(*, distribution: str, is_root: bool) -> bool:
    """True on the only machines we change: root on Debian or Ubuntu."""
    return is_root and distribution in {"debian", "ubuntu"}


def plan_docker(readings: Readings) -> DockerPlan:
    """Returns what has to be done so that privileged containers run here."""
    docker, wrap = readings.docker, needs_wrapper(readings)
    if docker.reachable and not wrap:
        return DockerPlan()
    refusal = _refusal(readings)
    if refusal:
        return DockerPlan(refusal=refusal)
    steps: list[Step] = []
    if not docker.program_version:
        steps.append(InstallPackages(names=PACKAGES))
    if wrap:
        try:
            steps += wrapper_files(docker.config, readings.facts.missing_capabilities)
        except ValueError as error:
            return DockerPlan(refusal=str(error))
    if docker.reachable:
        steps.append(StopDaemon(process=docker.process))
    steps.append(StartDaemon(systemd=readings.systemd))
    return DockerPlan(steps=tuple(steps))


def _refusal(readings: Readings) -> str:
    docker, facts = readings.docker, readings.facts
    silent = "" if docker.reachable else _refusal_of_silent(docker)
    if silent:
        return silent
    if not may_mend(distribution=facts.distribution, is_root=facts.is_root):
        return _by_hand(readings)
    if docker.reachable and not docker.started_by_us:
        return (
            "the running daemon is somebody else's: stop it (its containers end), then run"
            " `harness doctor --fix`"
        )
    if docker.running_containers:
        return (
            f"end the {docker.running_containers} running containers, then run"
            " `harness doctor --fix`: the daemon has to be restarted"
        )
    return ""


def _refusal_of_silent(docker: DockerReading) -> str:
    """Returns what to do about a daemon that is there and not reached; empty if there is none."""
    if docker.host:
        return f"start the Docker that {docker.host} stands for, or unset DOCKER_HOST"
    if "permission denied" in docker.error.lower():
        return 'sudo usermod -aG docker "$USER" && newgrp docker'
    if docker.socket_answers and not docker.client_version:
        return "install the docker client of your distribution: a daemon runs, the client is absent"
    if docker.socket_answers or docker.process:
        return "restart the Docker daemon: it runs but does not answer"
    return ""


def _by_hand(readings: Readings) -> str:
    debian = readings.facts.distribution in {"debian", "ubuntu"}
    if readings.docker.reachable or (debian and needs_wrapper(readings)):
        return "run `harness doctor --fix` as root: a capability is missing on this host"
    if readings.facts.system == "Darwin":
        return "install and start Docker Desktop or colima"
    if readings.docker.program_version:
        return "sudo systemctl start docker" if readings.systemd else "start dockerd as root"
    if debian:
        return (
            f"sudo apt-get install --no-install-recommends {' '.join(PACKAGES)}"
            ' && sudo usermod -aG docker "$USER" && newgrp docker'
        )
    return "install Docker 20.10 or later from your distribution and start it"


def wrapper_files(daemon_config: str | None, missing: tuple[str, ...]) -> list[Step]:
    """Returns the files that register the wrapper, in an order that is safe to interrupt.

    Raises:
        ValueError: daemon.json is not a JSON object, or already names another default runtime.
    """
    config = merged_daemon_config(daemon_config)
    wrapper = files("harness.doctor").joinpath("oci_runtime_wrapper.sh").read_text("utf-8")
    return [
        WriteFile(path=DROP_SCRIPT, text=drop_script(missing)),
        WriteFile(path=WRAPPER, text=wrapper, mode=0o755),
        WriteFile(path=DAEMON_CONFIG, text=config),
    ]


def merged_daemon_config(existing: str | None) -> str:
    """Returns daemon.json with the wrapper as default runtime and everything else kept.

    Raises:
        ValueError: The text is not a JSON object, or another default runtime is set.
    """
    config = _parsed(existing)
    chosen = config.get("default-runtime", "runc")
    if chosen not in {"runc", RUNTIME}:
        message = (
            f"remove `default-runtime` ({chosen}) from {DAEMON_CONFIG}, then run"
            f" `harness doctor --fix`: this host needs {WRAPPER} before runc"
        )
        raise ValueError(message)
    runtimes = config.get("runtimes", {})
    if not isinstance(runtimes, dict):
        message = f"repair `runtimes` in {DAEMON_CONFIG}: it is not an object"
        raise ValueError(message)  # noqa: TRY004 -- a refusal, like the others
    config["runtimes"] = {**runtimes, RUNTIME: {"path": str(WRAPPER)}}
    config["default-runtime"] = RUNTIME
    return json.dumps(config, indent=2) + "\n"


def _parsed(existing: str | None) -> dict[str, Any]:
    if existing is None or not existing.strip():
        return {}
    try:
        config = json.loads(existing)
    except json.JSONDecodeError as error:
        message = f"repair {DAEMON_CONFIG}: it is not valid JSON ({error})"
        raise ValueError(message) from error
    if not isinstance(config, dict):
        message = f"repair {DAEMON_CONFIG}: it does not hold a JSON object"
        raise ValueError(message)  # noqa: TRY004 -- a refusal, like the others
    return config


def drop_script(missing: tuple[str, ...]) -> str:
    r"""Returns a sed script that removes capabilities from an OCI process, and nothing else.

    Only text inside `"capabilities":{...}` is touched. That key cannot be faked by an argument or a
    variable of the container, since quotes inside JSON strings are written `\"`.
    """
    names = "|".join(missing)
    within = r'("capabilities"[[:space:]]*:[[:space:]]*\{[^}]*)'
    gap = "[[:space:]]*"
    lines = []
    for label, pattern in (
        ("first", f'"({names})"{gap},{gap}'),
        ("last", f',{gap}"({names})"'),
        ("only", f'"({names})"'),
    ):
        lines += [f":{label}", f"s/{within}{pattern}/\\1/", f"t {label}"]
    return "\n".join(lines) + "\n"
