"""Installs and starts Docker where we are root on Debian or Ubuntu and no Docker runs.

`plan_docker` decides from facts alone what is to be done, or why nothing may be; `carry_out` does
it. A daemon that somebody else started is never stopped or reconfigured. What is judged as missing
comes from `checks.py`; the facts come from `reading.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, assert_never

from harness.io.clock import Clock
from harness.io.process import Runner
from harness.model.errors import RunnerError

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
FIRST_VERSION_THAT_ASKS_FOR_LESS = (23, 0)
"""From here on dockerd asks only for capabilities it has itself (moby, oci/caps/utils_linux.go)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerReading:
    """Docker on this machine as found."""

    client_version: str = ""
    server_version: str = ""
    """Empty where no daemon answers."""
    error: str = ""
    """What the client said when no daemon answered."""
    host: str = ""
    """`DOCKER_HOST` or the address of the chosen context; empty for the local default."""
    daemon_program: bool = False
    daemon_process: int = 0
    """Process id in docker.pid where such a dockerd lives, else 0."""
    started_by_us: bool = False
    systemd: bool = False
    daemon_config: str | None = None
    """Text of daemon.json; None where there is none."""
    storage_driver: str = ""
    cgroup_driver: str = ""
    default_runtime: str = ""
    root_folder: Path = Path("/var/lib/docker")

    @property
    def reachable(self) -> bool:
        """True when a daemon answered."""
        return bool(self.server_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallPackages:
    """Installs Debian packages without recommended ones."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFile:
    """Writes a file; an existing one is kept beside it under `.before-gitops-harness`."""

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


def needs_wrapper(docker: DockerReading, missing_capabilities: tuple[str, ...]) -> bool:
    """True when this daemon, or the one about to be installed, cannot run `--privileged`."""
    if not missing_capabilities or docker.default_runtime == RUNTIME:
        return False
    return version_of(docker.server_version) < FIRST_VERSION_THAT_ASKS_FOR_LESS


def version_of(text: str) -> tuple[int, int]:
    """Returns major and minor of a Docker version; (0, 0) where there is none."""
    numbers = [part for part in text.replace("+", ".").replace("-", ".").split(".")[:2]]
    if len(numbers) < 2 or not all(part.isdigit() for part in numbers):
        return (0, 0)
    return (int(numbers[0]), int(numbers[1]))


def may_mend(*, distribution: str, is_root: bool) -> bool:
    """True on the only machines we change: root on Debian or Ubuntu."""
    return is_root and distribution in {"debian", "ubuntu"}


def plan_docker(
    docker: DockerReading,
    *,
    distribution: str,
    is_root: bool,
    missing_capabilities: tuple[str, ...],
) -> DockerPlan:
    """Returns what has to be done so that privileged containers run here."""
    wrap = needs_wrapper(docker, missing_capabilities)
    if docker.reachable and not wrap:
        return DockerPlan()
    refusal = _refusal(docker, distribution=distribution, is_root=is_root)
    if refusal:
        return DockerPlan(refusal=refusal)
    steps: list[Step] = []
    if not docker.daemon_program:
        steps.append(InstallPackages(names=PACKAGES))
    if wrap:
        try:
            steps += wrapper_files(docker.daemon_config, missing_capabilities)
        except ValueError as error:
            return DockerPlan(refusal=str(error))
    if docker.reachable:
        steps.append(StopDaemon(process=docker.daemon_process))
    steps.append(StartDaemon(systemd=docker.systemd))
    return DockerPlan(steps=tuple(steps))


def _refusal(docker: DockerReading, *, distribution: str, is_root: bool) -> str:
    if not docker.reachable and docker.host:
        return f"Docker is expected at {docker.host}; start it there, or unset DOCKER_HOST"
    if not may_mend(distribution=distribution, is_root=is_root):
        return "only root on Debian or Ubuntu may have Docker set up by this command"
    if docker.reachable and not docker.started_by_us:
        return (
            f"the running daemon is not ours; register {WRAPPER} as `default-runtime` in"
            f" {DAEMON_CONFIG} and restart it, or stop it and run `harness doctor --fix`"
        )
    if not docker.reachable and docker.daemon_process:
        return (
            f"dockerd runs as process {docker.daemon_process} but does not answer;"
            " look at its log, then restart it"
        )
    return ""


def wrapper_files(daemon_config: str | None, missing: tuple[str, ...]) -> list[Step]:
    """Returns the files that register the wrapper.

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
            f"{DAEMON_CONFIG} sets the default runtime {chosen!r}; this host needs {WRAPPER} before"
            " it: remove `default-runtime` there, then run `harness doctor --fix`"
        )
        raise ValueError(message)
    runtimes = config.get("runtimes", {})
    if not isinstance(runtimes, dict):
        message = f"`runtimes` in {DAEMON_CONFIG} is not an object; repair it first"
        raise ValueError(message)  # noqa: TRY004 -- one kind of refusal for the caller
    config["runtimes"] = {**runtimes, RUNTIME: {"path": str(WRAPPER)}}
    config["default-runtime"] = RUNTIME
    return json.dumps(config, indent=2) + "\n"


def _parsed(existing: str | None) -> dict[str, Any]:
    if existing is None or not existing.strip():
        return {}
    try:
        config = json.loads(existing)
    except json.JSONDecodeError as error:
        message = f"{DAEMON_CONFIG} is not valid JSON ({error}); repair it first"
        raise ValueError(message) from error
    if not isinstance(config, dict):
        message = f"{DAEMON_CONFIG} does not hold a JSON object; repair it first"
        raise ValueError(message)  # noqa: TRY004
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


def carry_out(
    plan: DockerPlan, *, runner: Runner, clock: Clock, say: Callable[[str], None]
) -> list[str]:
    """Does the steps of a plan and returns what was changed, one sentence each.

    Raises:
        RunnerError: A package could not be installed, or the daemon did not answer in time.
    """
    changed = []
    for step in plan.steps:
        match step:
            case InstallPackages():
                say(f"installing {' '.join(step.names)} (apt-get)")
                _install(step, runner)
                changed.append(f"installed {' '.join(step.names)}")
            case WriteFile():
                _write(step)
                changed.append(f"wrote {step.path}")
            case StopDaemon():
                say(f"stopping dockerd {step.process}, started by us before")
                _stop(step.process, runner, clock)
                changed.append(f"stopped dockerd {step.process}")
            case StartDaemon():
                say("starting dockerd")
                changed.append(_start(step, runner, clock))
            case _:
                assert_never(step)
    return changed


def _install(step: InstallPackages, runner: Runner) -> None:
    quiet: Mapping[str, str] = {"DEBIAN_FRONTEND": "noninteractive"}
    for argv in (
        ("apt-get", "update", "-qq"),
        ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *step.names),
    ):
        done = runner.run(argv, deadline_seconds=600, env=quiet)
        if not done.ok:
            raise RunnerError(
                attempted="Installing Docker with",
                subject=" ".join(argv),
                seen=done.explain(),
                expected="the packages of the distribution",
                next_step="run the command by hand and mend what it names",
            )


def _write(step: WriteFile) -> None:
    step.path.parent.mkdir(parents=True, exist_ok=True)
    before = step.path.with_name(step.path.name + ".before-gitops-harness")
    if step.path == DAEMON_CONFIG and step.path.exists() and not before.exists():
        before.write_bytes(step.path.read_bytes())
    part = step.path.with_name(step.path.name + ".part")
    part.write_text(step.text, "utf-8")
    part.chmod(step.mode)
    part.replace(step.path)


def _stop(process: int, runner: Runner, clock: Clock) -> None:
    runner.run(("kill", "-TERM", str(process)), deadline_seconds=5)
    end = clock.monotonic() + 30
    while is_process(process, "dockerd"):
        if clock.monotonic() > end:
            raise RunnerError(
                attempted="Stopping",
                subject=f"dockerd (process {process})",
                seen="it still runs after 30 s",
                next_step=f"read {DAEMON_LOG}, end the process, run the doctor again",
            )
        clock.sleep(0.2)


def is_process(process: int, name: str) -> bool:
    """True when that process id belongs to a living program of that name."""
    try:
        return Path(f"/proc/{process}/comm").read_text("utf-8").strip() == name
    except OSError:
        return False


def _start(step: StartDaemon, runner: Runner, clock: Clock) -> str:
    began = clock.monotonic()
    if step.systemd:
        done = runner.run(("systemctl", "start", "docker"), deadline_seconds=90)
        log = "journalctl -u docker"
    else:
        for path, name in ((DAEMON_PID, "dockerd"), (CONTAINERD_PID, "containerd")):
            _remove_stale(path, name)
        command = 'exec setsid --fork dockerd </dev/null >>"$1" 2>&1'
        done = runner.run(
            ("sh", "-c", command, "sh", str(DAEMON_LOG)), deadline_seconds=10, cwd=Path("/")
        )
        log = str(DAEMON_LOG)
    answered = done.ok and _wait(runner, clock, deadline_seconds=60)
    if not answered:
        raise RunnerError(
            attempted="Starting",
            subject="dockerd",
            seen="no answer within 60 s" if done.ok else done.explain(),
            expected="`docker version` names a server",
            next_step=f"read {log}",
            log=log,
        )
    if not step.systemd:
        MARKER.parent.mkdir(parents=True, exist_ok=True)
        MARKER.write_text(DAEMON_PID.read_text("utf-8"), "utf-8")
    seconds = clock.monotonic() - began
    kept = "until the next boot" if step.systemd else f"detached, log {DAEMON_LOG}"
    return f"started dockerd in {seconds:.1f} s ({kept})"


def _remove_stale(path: Path, name: str) -> None:
    """dockerd takes any living process with the recorded id for itself; after a crash that lies."""
    try:
        process = int(path.read_text("utf-8").strip())
    except (OSError, ValueError):
        return
    if not is_process(process, name):
        path.unlink(missing_ok=True)


def _wait(runner: Runner, clock: Clock, *, deadline_seconds: float) -> bool:
    end = clock.monotonic() + deadline_seconds
    while clock.monotonic() < end:
        asked = runner.run(
            ("docker", "version", "--format", "{{.Server.Version}}"), deadline_seconds=10
        )
        if asked.ok and asked.stdout.strip():
            return True
        clock.sleep(0.2)
    return False
