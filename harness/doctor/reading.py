"""Reads this machine: Docker, kernel limits, disk, memory, certificates, tools. Judges nothing.

Files are read below `root`, programs run through the `Runner`, so that tests need neither. What
the readings mean is decided in `checks.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from harness.doctor.capabilities import missing_capabilities
from harness.doctor.docker_plan import DAEMON_CONFIG, DAEMON_PID, MARKER
from harness.doctor.examination import (
    DockerReading,
    FileSystemReading,
    Readings,
    RegistryReading,
    ToolReading,
)
from harness.io.process import Completed, Runner
from harness.model.host import HostFacts

DEFAULT_SOCKET = "/var/run/docker.sock"
DOCKER_DEADLINE_SECONDS = 10
TOOLS = ("kind", "kubectl", "kustomize")
CA_FOLDERS = ("usr/local/share/ca-certificates", "etc/pki/ca-trust/source/anchors")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Handles to the machine under examination."""

    runner: Runner
    environ: Mapping[str, str]
    cache: Path
    """Where bundles are kept."""
    root: Path = Path("/")
    system: str = sys.platform
    find_program: Callable[[str], str | None] = shutil.which
    user_id: Callable[[], int] = os.geteuid


def read_machine(machine: Machine, registries: tuple[RegistryReading, ...]) -> Readings:
    """Returns everything there is to know; what cannot be read is left empty."""
    docker = read_docker(machine)
    manifests = _bundle_manifests(machine.cache)
    return Readings(
        facts=read_facts(machine, docker),
        docker=docker,
        systemd=(machine.root / "run/systemd/system").is_dir(),
        git_version=_version_word(_ask(machine, "git", "--version")),
        python_version=sys.version_info[:3],
        tools=_tools(machine, manifests),
        docker_disk=_disk(docker.root_folder) if _is_local(machine, docker) else None,
        cache_disk=_disk(machine.cache),
        bundle_cached=bool(manifests),
        memory_available_bytes=psutil.virtual_memory().available,
        inotify=_inotify(machine.root),
        registries=registries,
    )


def read_facts(machine: Machine, docker: DockerReading) -> HostFacts:
    """Returns the facts about the machine that containers run on."""
    linux = machine.system.startswith("linux")
    here = _is_local(machine, docker)
    return HostFacts(
        system={"linux": "Linux", "darwin": "Darwin"}.get(machine.system, machine.system),
        distribution=_distribution(_text(machine.root / "etc/os-release") or ""),
        is_root=machine.user_id() == 0,
        cgroup_version=docker.cgroup_version or (_cgroup_version(machine.root) if linux else 0),
        missing_capabilities=_missing_capabilities(machine.root) if here else (),
        extra_ca_files=_extra_ca_files(machine.root),
        processors=psutil.cpu_count() or 1,
        memory_bytes=docker.memory_bytes or psutil.virtual_memory().total,
    )


def read_docker(machine: Machine) -> DockerReading:
    """Returns what the docker client, dockerd and its files say."""
    host, from_context = _docker_host(machine)
    process = _process_of(machine.root, DAEMON_PID)
    asked = _ask(machine, "docker", "version", "--format", "{{json .}}")
    versions = _object(asked.stdout)
    info: Mapping[str, Any] = {}
    if versions.get("Server"):
        info = _object(_ask(machine, "docker", "info", "--format", "{{json .}}").stdout)
    return DockerReading(
        client_version=_inside(versions, "Client", "Version"),
        server_version=_inside(versions, "Server", "Version") or _inside(info, "ServerVersion"),
        error="" if versions.get("Server") else asked.explain(),
        host=host,
        host_from_context=from_context,
        socket_answers=_socket_answers(machine.root / DEFAULT_SOCKET.lstrip("/")),
        program_version=_version_word(_ask(machine, "dockerd", "--version")),
        process=process,
        started_by_us=bool(process) and _process_of(machine.root, MARKER) == process,
        config=_text(_below(machine.root, DAEMON_CONFIG)),
        storage_driver=_inside(info, "Driver"),
        cgroup_driver=_inside(info, "CgroupDriver"),
        cgroup_version=int(_inside(info, "CgroupVersion") or 0),
        default_runtime=_inside(info, "DefaultRuntime"),
        rootless="name=rootless" in (info.get("SecurityOptions") or ()),
        running_containers=int(info.get("ContainersRunning") or 0),
        memory_bytes=int(info.get("MemTotal") or 0),
        root_folder=Path(_inside(info, "DockerRootDir") or "/var/lib/docker"),
    )


def is_process(root: Path, process: int, name: str) -> bool:
    """True when that process id belongs to a living program of that name."""
    return (_text(root / f"proc/{process}/comm") or "").strip() == name


def _is_local(machine: Machine, docker: DockerReading) -> bool:
    """A daemon behind another address may live in a virtual machine with other limits."""
    return not docker.host and machine.system.startswith("linux")


def _bundle_manifests(cache: Path) -> list[Path]:
    """Three levels at most: build caches below hold hundreds of thousands of files."""
    patterns = ("bundle.json", "*/bundle.json", "*/*/bundle.json")
    return sorted(path for pattern in patterns for path in cache.glob(pattern))


def _docker_host(machine: Machine) -> tuple[str, bool]:
    chosen = machine.environ.get("DOCKER_HOST", "")
    asked = _ask(machine, "docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    host = chosen or (asked.stdout.strip() if asked.ok else "")
    if host in {f"unix://{DEFAULT_SOCKET}", "unix:///run/docker.sock"}:
        return "", False
    return host, bool(host) and not chosen


def _ask(machine: Machine, *argv: str) -> Completed:
    return machine.runner.run(argv, deadline_seconds=DOCKER_DEADLINE_SECONDS)


def _version_word(asked: Completed) -> str:
    """`git version 2.39.5` and `Docker version 20.10.24+dfsg1, build ...` both name it third."""
    words = asked.stdout.split() if asked.ok else []
    return words[2].rstrip(",") if len(words) > 2 else ""


def _object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _inside(found: Mapping[str, Any], *keys: str) -> str:
    value: Any = found
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return str(value) if value else ""


def _below(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _number(path: Path) -> int:
    text = (_text(path) or "").strip()
    return int(text) if text.isdigit() else 0


def _process_of(root: Path, pid_file: Path) -> int:
    process = _number(_below(root, pid_file))
    return process if process and is_process(root, process, "dockerd") else 0


def _socket_answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _distribution(os_release: str) -> str:
    for line in os_release.splitlines():
        if line.startswith("ID="):
            return line.removeprefix("ID=").strip().strip("\"'")
    return ""


def _cgroup_version(root: Path) -> int:
    folder = root / "sys/fs/cgroup"
    if (folder / "cgroup.controllers").exists():
        return 2
    return 1 if folder.is_dir() and any(folder.iterdir()) else 0


def _extra_ca_files(root: Path) -> tuple[Path, ...]:
    found = [path for folder in CA_FOLDERS for path in (root / folder).glob("**/*")]
    return tuple(sorted(p for p in found if p.suffix in {".crt", ".pem"} and p.is_file()))


def _missing_capabilities(root: Path) -> tuple[str, ...]:
    status = _text(root / "proc/self/status") or ""
    return missing_capabilities(status, _number(root / "proc/sys/kernel/cap_last_cap"))


def _inotify(root: Path) -> dict[str, int]:
    folder = root / "proc/sys/fs/inotify"
    names = ("max_user_watches", "max_user_instances")
    return {name: _number(folder / name) for name in names if (folder / name).exists()}


def _disk(folder: Path) -> FileSystemReading | None:
    """Returns the free space where `folder` is or will be."""
    for place in (folder, *folder.parents):
        try:
            device = place.stat().st_dev
            free = shutil.disk_usage(place).free
        except OSError:
            continue
        return FileSystemReading(folder=folder, device=device, free_bytes=free)
    return None


def _tools(machine: Machine, manifests: list[Path]) -> tuple[ToolReading, ...]:
    bundled: dict[str, str] = {}
    for manifest in manifests:
        tools = _object(_text(manifest) or "").get("tools")
        if isinstance(tools, dict):
            bundled |= {name: _inside(tools, name, "version") for name in tools}
    return tuple(
        ToolReading(
            name=name,
            bundled_version=bundled.get(name, ""),
            path=machine.find_program(name) or "",
        )
        for name in TOOLS
    )
