from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.doctor import Examination, raise_if_failed
from harness.doctor.checks import judge
from harness.doctor.examination import (
    GIB,
    Check,
    CheckState,
    FileSystemReading,
    Readings,
    RegistryReading,
    ToolReading,
)
from harness.model.errors import ExitCode, RunnerError

Make = Callable[..., Readings]


def named(readings: Readings, name: str) -> Check:
    return next(check for check in judge(readings) if check.name == name)


def test_a_ready_machine_passes_every_check(make: Make) -> None:
    assert {check.state for check in judge(make())} == {CheckState.OK}


@pytest.mark.parametrize(
    ("change", "name", "state", "mend"),
    [
        ({"docker": {"client_version": ""}}, "Docker client", "failed", "docker client"),
        ({"docker": {"server_version": "19.03.8"}}, "Docker version", "failed", "newer Docker"),
        ({"docker": {"server_version": "20.10.24+dfsg1"}}, "Docker version", "ok", ""),
        ({"docker": {"storage_driver": "vfs"}}, "storage driver", "warning", "overlay2"),
        ({"docker": {"rootless": True}}, "Docker daemon", "warning", "rootful"),
        ({"git_version": ""}, "Git", "failed", "apt-get install"),
        ({"python_version": (3, 10, 9)}, "Python", "failed", "3.11"),
        ({"memory_available_bytes": 5 * GIB}, "memory", "warning", "end other programs"),
        ({"memory_available_bytes": 3 * GIB}, "memory", "failed", "end other programs"),
        ({"inotify": {"max_user_instances": 128}}, "inotify", "warning", "instances=512"),
        ({"inotify": {}}, "inotify", "skipped", ""),
        ({"registries": ()}, "image registries", "skipped", ""),
        ({"facts": {"cgroup_version": 1}}, "cgroups", "ok", ""),
        ({"facts": {"cgroup_version": 0}}, "cgroups", "skipped", ""),
        ({"tools": (ToolReading(name="kind"),)}, "kind", "skipped", ""),
        ({"tools": (ToolReading(name="kind", path="/bin/kind"),)}, "kind", "skipped", ""),
    ],
)
def test_one_thing_wanting_changes_one_check(
    make: Make, change: dict[str, Any], name: str, state: str, mend: str
) -> None:
    check = named(make(**change), name)
    assert check.state == state
    assert mend in check.mend
    assert bool(check.mend) == (state in {"warning", "failed"})
    others = [other for other in judge(make(**change)) if other.name != name]
    assert {other.state for other in others} <= {CheckState.OK, CheckState.SKIPPED}


@pytest.mark.parametrize(
    ("docker", "missing", "state", "words"),
    [
        ({}, (), "ok", "complete"),
        ({}, ("CAP_SYS_RESOURCE",), "ok", "Docker asks for less"),
        ({"server_version": "20.10.24+dfsg1"}, ("CAP_SYS_RESOURCE",), "failed", "CAP_SYS_RESOURCE"),
        (
            {"server_version": "20.10.24", "default_runtime": "gitops-harness-runc"},
            ("CAP_SYS_RESOURCE",),
            "ok",
            "runtime gitops-harness-runc",
        ),
        ({"host": "tcp://far:2375"}, (), "skipped", "another machine"),
    ],
)
def test_capabilities_matter_only_to_a_docker_that_asks_for_them(
    make: Make, docker: dict[str, Any], missing: tuple[str, ...], state: str, words: str
) -> None:
    check = named(make(docker=docker, facts={"missing_capabilities": missing}), "capabilities")
    assert check.state == state
    assert words in check.found


def test_a_missing_capability_is_only_a_warning_while_no_daemon_is_known(bare: Make) -> None:
    check = named(bare(facts={"missing_capabilities": ("CAP_BPF",)}), "capabilities")
    assert check.state is CheckState.WARNING
    assert check.mend == "harness doctor --fix"


def test_a_daemon_chosen_by_context_needs_docker_host_unless_the_default_socket_answers(
    make: Make,
) -> None:
    chosen = {"host": "unix:///home/a/.colima/docker.sock", "host_from_context": True}
    silent = named(make(docker={**chosen, "socket_answers": False}), "Docker daemon")
    assert silent.state is CheckState.FAILED
    assert silent.mend == "export DOCKER_HOST=unix:///home/a/.colima/docker.sock"
    answering = named(make(docker={**chosen, "socket_answers": True}), "Docker daemon")
    assert answering.state is CheckState.OK


@pytest.mark.parametrize(
    ("cached", "free_gib", "state"),
    [
        (False, 15, "ok"),
        (False, 14, "warning"),
        (False, 7, "failed"),
        (True, 7, "ok"),
        (True, 5, "warning"),
        (True, 2, "failed"),
    ],
)
def test_a_shared_file_system_needs_room_for_docker_and_cache_together(
    make: Make, cached: bool, free_gib: int, state: str
) -> None:
    disk = FileSystemReading(folder=Path("/var/lib/docker"), device=1, free_bytes=free_gib * GIB)
    readings = make(docker_disk=disk, cache_disk=disk, bundle_cached=cached)
    assert named(readings, "disk").state == state


def test_separate_file_systems_are_judged_apart(make: Make) -> None:
    root = FileSystemReading(folder=Path("/var/lib/docker"), device=1, free_bytes=1 * GIB)
    cache = FileSystemReading(folder=Path("/home/a/.cache"), device=2, free_bytes=9 * GIB)
    readings = make(docker_disk=root, cache_disk=cache)
    assert named(readings, "disk of Docker").state is CheckState.FAILED
    assert named(readings, "disk of the cache").state is CheckState.OK


def test_on_a_mac_the_memory_of_docker_counts(make: Make) -> None:
    readings = make(docker={"memory_bytes": 2 * GIB}, facts={"system": "Darwin"})
    check = named(readings, "memory")
    assert check.state is CheckState.FAILED
    assert "virtual machine" in check.mend


def test_registries_that_fail_alike_are_named_together(make: Make) -> None:
    readings = make(
        bundle_cached=False,
        registries=tuple(
            RegistryReading(host=host, reachable=False, detail=detail, seconds=3)
            for host, detail in [("quay.io", "no name"), ("ghcr.io", "no name"), ("docker.io", "x")]
        ),
    )
    check = named(readings, "image registries")
    assert check.state is CheckState.WARNING
    assert check.found == "quay.io, ghcr.io: no name; docker.io: x"
    assert "harness bundle build" in check.mend
    assert not Examination(readings=readings, checks=(check,)).registries_reachable


def test_registries_nobody_asked_do_not_count_as_reachable(make: Make) -> None:
    readings = make(registries=())
    assert not Examination(readings=readings, checks=judge(readings)).registries_reachable


def test_without_docker_the_error_names_every_failed_check_and_one_command(bare: Make) -> None:
    readings = bare()
    examination = Examination(readings=readings, checks=judge(readings))
    with pytest.raises(RunnerError) as caught:
        raise_if_failed(examination)
    text = str(caught.value)
    assert caught.value.exit_code is ExitCode.RUNNER
    assert "\n" not in text
    assert "Docker client: no docker command on PATH" in text
    assert "Docker daemon: not asked: no client" in text
    assert text.endswith("Next: harness doctor --fix.")


def test_a_machine_that_only_warns_is_let_through(make: Make) -> None:
    readings = make(inotify={"max_user_watches": 8192})
    examination = Examination(readings=readings, checks=judge(readings))
    assert examination.failed == ()
    raise_if_failed(examination)
