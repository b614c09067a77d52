"""Judges what was read: one `Check` per thing the harness needs. Pure.

A check fails only when a run cannot work without it; what costs time or works by luck is a
warning. Thresholds with an outside origin name it. What may be mended is decided in `mending.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.doctor.docker_plan import RUNTIME, needs_wrapper, plan_docker, version_of
from harness.doctor.examination import (
    GIB,
    Check,
    CheckState,
    FileSystemReading,
    Readings,
    RegistryReading,
    ToolReading,
)

OK, WARNING, FAILED, SKIPPED = (
    CheckState.OK,
    CheckState.WARNING,
    CheckState.FAILED,
    CheckState.SKIPPED,
)

DOCKER_NEEDED = (20, 10)
PYTHON_NEEDED = (3, 11)
GOOD_STORAGE = {"overlay2", "overlayfs", "fuse-overlayfs", "btrfs", "zfs"}
COLD_GIB = {"docker": 8.0, "cache": 7.0}
WARM_GIB = {"docker": 5.0, "cache": 1.0}
"""Estimates, before and after the bundle is there: 15 and 6 GiB where both share a disk."""
MEMORY_WANTED_GIB = 6.0
MEMORY_LEAST_GIB = 4.0
"""Estimates: a node with Argo CD alone takes 1.3 GiB; workloads and builds come on top."""
INOTIFY_NEEDED = {"max_user_watches": 524288, "max_user_instances": 512}
"""kind, "Known Issues", "Pod errors due to too many open files"."""


def judge(readings: Readings) -> tuple[Check, ...]:
    """Returns all checks in the order in which they are shown."""
    return (
        check_client(readings),
        check_daemon(readings),
        check_version(readings),
        check_storage(readings),
        check_cgroup(readings),
        check_capabilities(readings),
        check_git(readings),
        check_python(readings),
        *(check_tool(tool) for tool in readings.tools),
        *check_disks(readings),
        check_memory(readings),
        check_inotify(readings),
        check_registries(readings),
        check_certificates(readings),
    )


def docker_mend(readings: Readings) -> str:
    """Returns what to run so that Docker works here."""
    plan = plan_docker(readings)
    return plan.refusal or ("harness doctor --fix" if plan.steps else "")


def check_client(readings: Readings) -> Check:
    """The docker command is what kind itself calls."""
    version = readings.docker.client_version
    return Check(
        name="Docker client",
        state=OK if version else FAILED,
        found=version or "no docker command on PATH",
        needed="any",
        mend="" if version else docker_mend(readings) or "install the docker client",
    )


def check_daemon(readings: Readings) -> Check:
    """A daemon answers this user."""
    docker = readings.docker
    needed = "a daemon that answers this user"
    if not docker.reachable:
        found = docker.error if docker.client_version else "not asked: no client"
        mend = docker_mend(readings)
        return Check(name="Docker daemon", state=FAILED, found=found, needed=needed, mend=mend)
    where = docker.host or "local"
    by = ", started by harness doctor" if docker.started_by_us else ""
    if docker.host_from_context and not docker.socket_answers:
        # The docker SDK knows DOCKER_HOST, not `docker context` (docker-py issue 3146).
        return Check(
            name="Docker daemon",
            state=FAILED,
            found=f"answers at {where}, chosen by `docker context`",
            needed=f"{needed}, with DOCKER_HOST set where it is not the default",
            mend=f"export DOCKER_HOST={docker.host}",
        )
    state = WARNING if docker.rootless else OK
    found = f"answers ({where}{by}{', rootless' if docker.rootless else ''})"
    mend = "see kind's page on rootless Docker, or use a rootful one" if docker.rootless else ""
    return Check(name="Docker daemon", state=state, found=found, needed=needed, mend=mend)


def check_version(readings: Readings) -> Check:
    """The daemon is new enough for kind's node images."""
    name, needed = "Docker version", "20.10 or later"
    version = readings.docker.server_version
    if not version:
        return _not_asked(name, needed)
    good = version_of(version) >= DOCKER_NEEDED
    mend = "" if good else "install a newer Docker from your distribution"
    return Check(name=name, state=OK if good else FAILED, found=version, needed=needed, mend=mend)


def check_storage(readings: Readings) -> Check:
    """The storage driver shares layers; vfs copies all of them for every container."""
    name, needed = "storage driver", "overlay2 or another that shares layers"
    driver = readings.docker.storage_driver
    if not driver:
        return _not_asked(name, needed)
    good = driver in GOOD_STORAGE
    mend = "" if good else "put Docker's data on ext4 or xfs, set `storage-driver` to overlay2"
    return Check(name=name, state=OK if good else WARNING, found=driver, needed=needed, mend=mend)


def check_cgroup(readings: Readings) -> Check:
    """Version 1 works only because the cluster configuration is adapted to it."""
    version = readings.facts.cgroup_version
    driver = readings.docker.cgroup_driver
    found = f"version {version}, driver {driver}" if driver else f"version {version}"
    if not version:
        return _not_asked("cgroups", "version 2, or 1 with adapted kubelet settings")
    note = "; version 1: kubelet settings are adapted" if version == 1 else ""
    return Check(name="cgroups", state=OK, found=found + note, needed="version 2 or 1")


def check_capabilities(readings: Readings) -> Check:
    """`--privileged`, which every kind node is started with, gets what it asks for.

    A failure only for a daemon that is known; one that was not reached may ask for less.
    """
    name = "capabilities"
    missing, docker = readings.facts.missing_capabilities, readings.docker
    needed = "all that --privileged asks for, or an OCI runtime that asks for less"
    if docker.host or readings.facts.system != "Linux":
        return Check(
            name=name, state=SKIPPED, found="the daemon runs on another machine", needed=needed
        )
    if not missing:
        return Check(name=name, state=OK, found="complete", needed=needed)
    found = f"{', '.join(missing)} missing"
    if needs_wrapper(readings):
        mend = docker_mend(readings)
        state = FAILED if docker.reachable else WARNING
        return Check(name=name, state=state, found=found, needed=needed, mend=mend)
    cure = f"runtime {RUNTIME}" if docker.default_runtime == RUNTIME else "Docker asks for less"
    return Check(name=name, state=OK, found=f"{found}; {cure}", needed=needed)


def check_git(readings: Readings) -> Check:
    """The working tree is read with Git."""
    version = readings.git_version
    return Check(
        name="Git",
        state=OK if version else FAILED,
        found=version or "no git command on PATH",
        needed="any",
        mend="" if version else "apt-get install --no-install-recommends git",
    )


def check_python(readings: Readings) -> Check:
    """The interpreter that runs this."""
    good = readings.python_version[:2] >= PYTHON_NEEDED
    return Check(
        name="Python",
        state=OK if good else FAILED,
        found=".".join(str(part) for part in readings.python_version),
        needed="3.11 or later",
        mend="" if good else "install Python 3.11 or later, then `make clean venv`",
    )


def check_tool(tool: ToolReading) -> Check:
    """kind, kubectl and kustomize come with the bundle; their absence is no fault."""
    needed = "comes with the bundle"
    if tool.bundled_version:
        found = f"{tool.bundled_version} in the bundle"
        return Check(name=tool.name, state=OK, found=found, needed=needed)
    found = f"{tool.path}; not in the bundle yet" if tool.path else "not here yet"
    return Check(name=tool.name, state=SKIPPED, found=found, needed=needed)


def check_disks(readings: Readings) -> Iterable[Check]:
    """Free space for images and for the cache; one check where both share a file system."""
    wanted = WARM_GIB if readings.bundle_cached else COLD_GIB
    why = "the bundle is here" if readings.bundle_cached else "the bundle is still to be made"
    docker, cache = readings.docker_disk, readings.cache_disk
    if docker and cache and docker.device == cache.device:
        yield _disk_check("disk", docker, wanted["docker"] + wanted["cache"], why)
        return
    if docker:
        yield _disk_check("disk of Docker", docker, wanted["docker"], why)
    if cache:
        yield _disk_check("disk of the cache", cache, wanted["cache"], why)


def _disk_check(name: str, disk: FileSystemReading, wanted: float, why: str) -> Check:
    """Fails only below half of what is wanted, since that is an estimate."""
    free = disk.free_bytes / GIB
    state = OK if free >= wanted else WARNING if free >= wanted / 2 else FAILED
    return Check(
        name=name,
        state=state,
        found=f"{free:.1f} GiB free at {disk.folder}",
        needed=f"{wanted:g} GiB ({why})",
        mend="" if state is OK else f"free {wanted - free:.1f} GiB; `docker system df` helps",
    )


def check_memory(readings: Readings) -> Check:
    """Memory for the node and for the builds beside it."""
    elsewhere = readings.facts.system != "Linux" and readings.docker.memory_bytes
    available = (elsewhere or readings.memory_available_bytes) / GIB
    low = available < MEMORY_LEAST_GIB
    state = FAILED if low else WARNING if available < MEMORY_WANTED_GIB else OK
    place = "given to Docker" if elsewhere else "available"
    mend = "give Docker's virtual machine more memory" if elsewhere else "end other programs"
    return Check(
        name="memory",
        state=state,
        found=f"{available:.1f} GiB {place}",
        needed=f"{MEMORY_WANTED_GIB:g} GiB",
        mend="" if state is OK else mend,
    )


def inotify_settings(readings: Readings) -> tuple[str, ...]:
    """Returns the `sysctl` settings that are too low here, as `key=value`."""
    return tuple(
        f"fs.inotify.{name}={INOTIFY_NEEDED[name]}"
        for name, value in readings.inotify.items()
        if value < INOTIFY_NEEDED[name]
    )


def check_inotify(readings: Readings) -> Check:
    """Below these, pods that watch files fail with "too many open files"."""
    needed = ", ".join(f"{name} {value}" for name, value in INOTIFY_NEEDED.items())
    if not readings.inotify:
        return _not_asked("inotify", needed)
    low = inotify_settings(readings)
    return Check(
        name="inotify",
        state=WARNING if low else OK,
        found=", ".join(f"{name} {value}" for name, value in readings.inotify.items()),
        needed=needed,
        mend=f"sudo sysctl -w {' '.join(low)}" if low else "",
    )


def check_registries(readings: Readings) -> Check:
    """Without registries the bundle is built instead of pulled, which takes much longer."""
    name, needed = "image registries", "all, to pull the bundle; else it is built"
    if not readings.registries:
        return _not_asked(name, needed)
    silent = [registry for registry in readings.registries if not registry.reachable]
    if not silent:
        hosts = ", ".join(registry.host for registry in readings.registries)
        return Check(name=name, state=OK, found=f"{hosts} answer", needed=needed)
    return Check(
        name=name,
        state=WARNING,
        found="; ".join(_by_reason(silent)),
        needed=needed,
        mend="" if readings.bundle_cached else "harness bundle build, or harness bundle load FILE",
    )


def _by_reason(silent: Iterable[RegistryReading]) -> Iterable[str]:
    reasons: dict[str, list[str]] = {}
    for registry in silent:
        reasons.setdefault(registry.detail, []).append(registry.host)
    return (f"{', '.join(hosts)}: {reason}" for reason, hosts in reasons.items())


def check_certificates(readings: Readings) -> Check:
    """Certificates added here (intercepted TLS, a proxy) go into the bases of images built here."""
    files = readings.facts.extra_ca_files
    found = ", ".join(str(path) for path in files) if files else "none"
    return Check(name="additional CAs", state=OK, found=found, needed="none, or files we can read")


def _not_asked(name: str, needed: str) -> Check:
    return Check(name=name, state=SKIPPED, found="could not be told", needed=needed)
