from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from harness.doctor.docker_plan import (
    DAEMON_CONFIG,
    DROP_SCRIPT,
    RUNTIME,
    WRAPPER,
    DockerPlan,
    InstallPackages,
    StartDaemon,
    StopDaemon,
    WriteFile,
    merged_daemon_config,
    plan_docker,
    version_of,
)
from harness.doctor.examination import Readings

Make = Callable[..., Readings]
LACKS = {"missing_capabilities": ("CAP_SYS_RESOURCE",)}
OLD = {"server_version": "20.10.24", "program_version": "20.10.24"}


def kinds(plan: DockerPlan) -> list[str]:
    return [type(step).__name__ for step in plan.steps]


def test_a_working_daemon_is_left_alone(make: Make) -> None:
    assert plan_docker(make()) == DockerPlan()
    assert plan_docker(make(facts=LACKS)) == DockerPlan()
    assert (
        plan_docker(make(docker={**OLD, "default_runtime": RUNTIME}, facts=LACKS)) == DockerPlan()
    )


def test_a_bare_machine_gets_packages_and_a_daemon_but_no_wrapper(bare: Make) -> None:
    plan = plan_docker(bare())
    assert plan.steps == (
        InstallPackages(names=("docker.io", "iptables", "iproute2")),
        StartDaemon(systemd=False),
    )


def test_a_missing_capability_adds_the_wrapper_before_the_daemon_starts(bare: Make) -> None:
    plan = plan_docker(bare(facts=LACKS))
    assert kinds(plan) == ["InstallPackages", *["WriteFile"] * 3, "StartDaemon"]
    paths = [step.path for step in plan.steps if isinstance(step, WriteFile)]
    assert paths == [DROP_SCRIPT, WRAPPER, DAEMON_CONFIG], "daemon.json names what exists already"


def test_an_installed_daemon_is_only_started(bare: Make) -> None:
    plan = plan_docker(bare(docker={"program_version": "20.10.24"}, systemd=True))
    assert plan.steps == (StartDaemon(systemd=True),)


def test_an_installed_new_daemon_needs_no_wrapper(bare: Make) -> None:
    plan = plan_docker(bare(docker={"program_version": "27.5.1"}, facts=LACKS))
    assert kinds(plan) == ["StartDaemon"]


def test_our_own_daemon_is_restarted_with_the_wrapper(make: Make) -> None:
    plan = plan_docker(make(docker={**OLD, "started_by_us": True, "process": 42}, facts=LACKS))
    assert kinds(plan) == [*["WriteFile"] * 3, "StopDaemon", "StartDaemon"]
    assert StopDaemon(process=42) in plan.steps


@pytest.mark.parametrize(
    ("docker", "facts", "words"),
    [
        (OLD, LACKS, "somebody else's"),
        ({**OLD, "started_by_us": True, "running_containers": 2}, LACKS, "end the 2 running"),
        (OLD, {**LACKS, "is_root": False}, "`harness doctor --fix` as root"),
        (
            {**OLD, "started_by_us": True, "config": '{"default-runtime": "nvidia"}'},
            LACKS,
            "remove `default-runtime` (nvidia)",
        ),
        ({**OLD, "started_by_us": True, "config": "{nonsense"}, LACKS, "not valid JSON"),
        ({**OLD, "started_by_us": True, "config": "[]"}, LACKS, "JSON object"),
        ({**OLD, "started_by_us": True, "config": '{"runtimes": []}'}, LACKS, "not an object"),
    ],
)
def test_a_running_daemon_is_not_touched_where_that_could_hurt(
    make: Make, docker: dict[str, Any], facts: dict[str, Any], words: str
) -> None:
    plan = plan_docker(make(docker=docker, facts=facts))
    assert plan.steps == ()
    assert words in plan.refusal


@pytest.mark.parametrize(
    ("docker", "rest", "words"),
    [
        ({"host": "tcp://far:2375"}, {}, "tcp://far:2375"),
        ({"error": "permission denied while connecting"}, {}, "usermod -aG docker"),
        ({"socket_answers": True}, {}, "install the docker client"),
        ({"socket_answers": True, "client_version": "28"}, {}, "does not answer"),
        ({"process": 7, "client_version": "28"}, {}, "does not answer"),
        ({}, {"facts": {"is_root": False}}, "sudo apt-get install"),
        ({}, {"facts": {**LACKS, "is_root": False}}, "`harness doctor --fix` as root"),
        ({}, {"facts": {"distribution": "fedora"}}, "from your distribution"),
        ({}, {"facts": {"system": "Darwin", "distribution": ""}}, "Docker Desktop"),
        (
            {"program_version": "28"},
            {"facts": {"is_root": False}, "systemd": True},
            "systemctl start docker",
        ),
    ],
)
def test_where_nothing_may_be_mended_the_plan_says_what_to_do(
    bare: Make, docker: dict[str, Any], rest: dict[str, Any], words: str
) -> None:
    plan = plan_docker(bare(docker=docker, **rest))
    assert plan.steps == ()
    assert words in plan.refusal


def test_daemon_json_keeps_everything_that_was_there() -> None:
    existing = {"data-root": "/data", "runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}
    merged = json.loads(merged_daemon_config(json.dumps(existing)))
    assert merged == {
        "data-root": "/data",
        "runtimes": {
            "nvidia": {"path": "nvidia-container-runtime"},
            RUNTIME: {"path": str(WRAPPER)},
        },
        "default-runtime": RUNTIME,
    }


@pytest.mark.parametrize("existing", [None, "", "  \n", "{}", '{"default-runtime": "runc"}'])
def test_merging_daemon_json_twice_changes_nothing(existing: str | None) -> None:
    once = merged_daemon_config(existing)
    assert merged_daemon_config(once) == once


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("20.10.24+dfsg1", (20, 10)),
        ("28.2.2", (28, 2)),
        ("", (0, 0)),
        ("dev", (0, 0)),
        ("library-import", (0, 0)),
    ],
)
def test_docker_versions_are_read(text: str, version: tuple[int, int]) -> None:
    assert version_of(text) == version
