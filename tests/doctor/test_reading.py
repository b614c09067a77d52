from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.doctor.examination import Readings
from harness.doctor.reading import Machine, read_machine

STATUS = "Name:\tx\nCapBnd:\t000001fffeffffff\n"
DEFAULT_CONTEXT = "unix:///var/run/docker.sock\n"
VERSIONS = json.dumps({"Client": {"Version": "28.2.2"}, "Server": {"Version": "20.10.24+dfsg1"}})
INFO = json.dumps(
    {
        "ServerVersion": "20.10.24+dfsg1",
        "Driver": "overlay2",
        "CgroupDriver": "cgroupfs",
        "CgroupVersion": "1",
        "DefaultRuntime": "runc",
        "SecurityOptions": ["name=seccomp,profile=default", "name=rootless"],
        "ContainersRunning": 3,
        "MemTotal": 4096,
        "DockerRootDir": "/data/docker",
    }
)
ANSWERS = {
    "docker context inspect": DEFAULT_CONTEXT,
    "docker version": VERSIONS,
    "docker info": INFO,
    "dockerd --version": "Docker version 20.10.24+dfsg1, build 5d6db84\n",
    "git --version": "git version 2.39.5\n",
}

Read = Callable[..., Readings]


def put(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, "utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(tmp_path, "proc/self/status", STATUS)
    put(tmp_path, "proc/sys/kernel/cap_last_cap", "40\n")
    put(tmp_path, "etc/os-release", 'NAME="Debian"\nVERSION_ID="12"\nID="debian"\n')
    put(tmp_path, "sys/fs/cgroup/memory/tasks", "")
    return tmp_path


@pytest.fixture
def read(root: Path, script: Any) -> Read:
    def build(
        *, environ: dict[str, str] | None = None, system: str = "linux", **answers: Any
    ) -> Readings:
        machine = Machine(
            runner=script(answers={**ANSWERS, **answers.get("answers", {})}),
            environ=environ or {},
            cache=root / "cache",
            root=root,
            system=system,
            find_program=lambda name: "/bin/kubectl" if name == "kubectl" else None,
            user_id=lambda: 0,
        )
        return read_machine(machine, ())

    return build


def test_a_running_docker_is_read(read: Read) -> None:
    docker = read().docker
    assert docker.reachable
    assert (docker.client_version, docker.server_version) == ("28.2.2", "20.10.24+dfsg1")
    assert (docker.storage_driver, docker.cgroup_driver) == ("overlay2", "cgroupfs")
    assert (docker.running_containers, docker.memory_bytes) == (3, 4096)
    assert docker.root_folder == Path("/data/docker")
    assert docker.rootless
    assert docker.host == ""


def test_facts_of_the_host_are_read(read: Read, root: Path) -> None:
    put(root, "usr/local/share/ca-certificates/corp/root.crt", "x")
    put(root, "usr/local/share/ca-certificates/readme.txt", "x")
    facts = read().facts
    assert facts.distribution == "debian"
    assert facts.system == "Linux"
    assert facts.is_root
    assert facts.cgroup_version == 1
    assert facts.missing_capabilities == ("CAP_SYS_RESOURCE",)
    assert [path.name for path in facts.extra_ca_files] == ["root.crt"]


def test_an_absent_docker_is_read_as_absent(
    read: Read, root: Path, failed: Callable[..., Any]
) -> None:
    absent = failed("", missing=True)
    put(root, "sys/fs/cgroup/cgroup.controllers", "memory")
    readings = read(answers=dict.fromkeys(ANSWERS, absent))
    assert not readings.docker.reachable
    assert readings.docker.client_version == ""
    assert readings.docker.program_version == ""
    assert readings.docker.error == "the program program was not found"
    assert readings.facts.cgroup_version == 2
    assert readings.git_version == ""


def test_a_client_without_a_daemon_says_why(read: Read, failed: Callable[..., Any]) -> None:
    client = json.dumps({"Client": {"Version": "28.2.2"}, "Server": None})
    answer = failed("Cannot connect to the Docker daemon", client)
    docker = read(answers={"docker version": answer}).docker
    assert docker.client_version == "28.2.2"
    assert not docker.reachable
    assert "Cannot connect to the Docker daemon" in docker.error


@pytest.mark.parametrize(
    ("environ", "context", "host", "from_context"),
    [
        ({}, DEFAULT_CONTEXT, "", False),
        ({}, "unix:///home/a/.colima/docker.sock\n", "unix:///home/a/.colima/docker.sock", True),
        ({"DOCKER_HOST": "tcp://far:2375"}, "tcp://far:2375\n", "tcp://far:2375", False),
        ({"DOCKER_HOST": "unix:///run/docker.sock"}, "", "", False),
    ],
)
def test_where_the_client_looks_is_known(
    read: Read, environ: dict[str, str], context: str, host: str, from_context: bool
) -> None:
    docker = read(environ=environ, answers={"docker context inspect": context}).docker
    assert (docker.host, docker.host_from_context) == (host, from_context)


@pytest.mark.parametrize(
    ("change", "value"), [("environ", {"DOCKER_HOST": "tcp://far:2375"}), ("system", "darwin")]
)
def test_capabilities_and_disk_of_this_host_say_nothing_about_a_distant_daemon(
    read: Read, change: str, value: Any
) -> None:
    readings = read(**{change: value})
    assert readings.facts.missing_capabilities == ()
    assert readings.docker_disk is None


@pytest.mark.parametrize(
    ("comm", "marker", "process", "ours"),
    [
        ("dockerd", "4711", 4711, True),
        ("dockerd", "12", 4711, False),
        ("dockerd", None, 4711, False),
        ("bash", "4711", 0, False),
    ],
)
def test_a_daemon_is_ours_only_if_it_lives_and_we_marked_it(
    read: Read, root: Path, comm: str, marker: str | None, process: int, ours: bool
) -> None:
    put(root, "var/run/docker.pid", "4711")
    put(root, "proc/4711/comm", f"{comm}\n")
    put(root, "proc/12/comm", "dockerd\n")
    if marker:
        put(root, "var/run/gitops-harness/dockerd.pid", marker)
    docker = read().docker
    assert (docker.process, docker.started_by_us) == (process, ours)


def test_a_bundle_in_the_cache_names_its_tools(read: Read, root: Path) -> None:
    assert not read().bundle_cached
    manifest = {"tools": {"kind": {"version": "v0.33.0"}, "odd": None}}
    put(root, "cache/bundle/key/bundle.json", json.dumps(manifest))
    readings = read()
    assert readings.bundle_cached
    assert readings.tools[0].bundled_version == "v0.33.0"
    assert readings.tools[1].path == "/bin/kubectl"
    assert readings.tools[2].bundled_version == ""


def test_a_broken_bundle_manifest_is_no_tool(read: Read, root: Path) -> None:
    put(root, "cache/bundle.json", "{broken")
    assert {tool.bundled_version for tool in read().tools} == {""}


def test_inotify_limits_are_read_where_the_kernel_has_them(read: Read, root: Path) -> None:
    assert read().inotify == {}
    put(root, "proc/sys/fs/inotify/max_user_watches", "8192\n")
    assert read().inotify == {"max_user_watches": 8192}


def test_a_socket_that_accepts_is_told_from_a_stale_one(
    read: Read, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = root / "var/run"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)  # socket addresses are short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("docker.sock")
        listening.listen()
        accepted = read().docker.socket_answers
    assert accepted
    assert not read().docker.socket_answers
