from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.doctor.docker_plan import (
    CONTAINERD_PID,
    DAEMON_CONFIG,
    DAEMON_PID,
    MARKER,
    DockerPlan,
    InstallPackages,
    StartDaemon,
    StopDaemon,
    WriteFile,
)
from harness.doctor.docker_setup import DockerSetup
from harness.model.errors import RunnerError

VERSION = "docker version --format {{.Server.Version}}"


class Host:
    """A file tree with processes in it, and the setup that works on it."""

    def __init__(self, root: Path, runner: Any, clock: Any) -> None:
        self.root = root
        self.runner = runner
        self.said: list[str] = []
        self.setup = DockerSetup(runner=runner, clock=clock, say=self.said.append, root=root)

    def at(self, path: Path) -> Path:
        return self.root / path.relative_to("/")

    def put(self, path: Path, text: str) -> None:
        self.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.at(path).write_text(text, "utf-8")

    def process(self, number: int, name: str) -> None:
        self.put(Path(f"/proc/{number}/comm"), f"{name}\n")


@pytest.fixture
def host(tmp_path: Path, script: Any, clock: Any) -> Callable[..., Host]:
    return lambda answers: Host(tmp_path, script(answers=answers), clock)


def test_packages_come_without_recommended_ones(host: Callable[..., Host]) -> None:
    machine = host({"apt-get update": "", "apt-get install": ""})
    changed = machine.setup.carry_out(DockerPlan(steps=(InstallPackages(names=("docker.io",)),)))
    assert changed == ["installed docker.io"]
    assert "--no-install-recommends" in machine.runner.calls[1]


def test_a_failed_installation_names_command_and_reason(
    host: Callable[..., Host], failed: Callable[..., Any]
) -> None:
    machine = host({"apt-get update": "", "apt-get install": failed("E: Unable to locate package")})
    with pytest.raises(RunnerError, match=r"apt-get install .* Unable to locate package"):
        machine.setup.install(("docker.io",))


def test_daemon_json_as_found_is_kept_once(host: Callable[..., Host]) -> None:
    machine = host({})
    machine.put(DAEMON_CONFIG, "original")
    kept = DAEMON_CONFIG.with_name("daemon.json.before-gitops-harness")
    for text in ("first", "second", "second"):
        machine.setup.carry_out(DockerPlan(steps=(WriteFile(path=DAEMON_CONFIG, text=text),)))
    assert machine.at(kept).read_text("utf-8") == "original"
    assert machine.at(DAEMON_CONFIG).read_text("utf-8") == "second"


def test_a_file_that_is_right_already_is_not_written(host: Callable[..., Host]) -> None:
    machine = host({})
    machine.put(DAEMON_CONFIG, "same")
    plan = DockerPlan(steps=(WriteFile(path=DAEMON_CONFIG, text="same"),))
    written = machine.at(DAEMON_CONFIG).stat().st_ino
    assert machine.setup.carry_out(plan) == []
    assert machine.at(DAEMON_CONFIG).stat().st_ino == written


def test_a_written_program_may_be_run(host: Callable[..., Host]) -> None:
    machine = host({})
    program = Path("/usr/local/libexec/program")
    plan = DockerPlan(steps=(WriteFile(path=program, text="#!/bin/sh\n", mode=0o755),))
    machine.setup.carry_out(plan)
    assert machine.at(program).stat().st_mode & 0o777 == 0o755


def test_starting_by_hand_marks_the_daemon_as_ours(
    host: Callable[..., Host], failed: Callable[..., Any]
) -> None:
    silent = failed("Cannot connect")
    machine = host({VERSION: [silent, silent, "20.10.24"], "sh -c exec setsid --fork dockerd": ""})
    machine.runner.effects["sh -c exec setsid --fork dockerd"] = lambda: machine.put(
        DAEMON_PID, "4711\n"
    )
    (changed,) = machine.setup.carry_out(DockerPlan(steps=(StartDaemon(systemd=False),)))
    assert changed.startswith("started dockerd in ")
    assert machine.at(MARKER).read_text("utf-8") == "4711\n"


def test_a_daemon_that_answers_meanwhile_is_not_started_twice(host: Callable[..., Host]) -> None:
    machine = host({VERSION: "20.10.24"})
    changed = machine.setup.carry_out(DockerPlan(steps=(StartDaemon(systemd=False),)))
    assert changed == []
    assert not machine.at(MARKER).exists()


def test_stale_process_files_are_removed_and_living_ones_kept(
    host: Callable[..., Host], failed: Callable[..., Any]
) -> None:
    machine = host({VERSION: failed("no"), "sh -c exec setsid": failed("cannot start")})
    machine.put(DAEMON_PID, "100\n")
    machine.process(100, "bash")
    machine.put(CONTAINERD_PID, "200\n")
    machine.process(200, "containerd")
    with pytest.raises(RunnerError, match="cannot start"):
        machine.setup.carry_out(DockerPlan(steps=(StartDaemon(systemd=False),)))
    assert not machine.at(DAEMON_PID).exists()
    assert machine.at(CONTAINERD_PID).exists()


def test_a_daemon_that_never_answers_ends_with_its_last_words(
    host: Callable[..., Host], failed: Callable[..., Any]
) -> None:
    machine = host({VERSION: failed("no"), "sh -c exec setsid": ""})
    machine.put(Path("/var/log/gitops-harness-dockerd.log"), "starting\nno space left\n")
    with pytest.raises(RunnerError, match=r"no answer within 60 s; .*no space left"):
        machine.setup.carry_out(DockerPlan(steps=(StartDaemon(systemd=False),)))


def test_on_systemd_the_service_is_started_not_enabled(
    host: Callable[..., Host], failed: Callable[..., Any]
) -> None:
    machine = host({VERSION: [failed("no"), "20.10.24"], "systemctl start docker": ""})
    (changed,) = machine.setup.carry_out(DockerPlan(steps=(StartDaemon(systemd=True),)))
    assert "not enabled at boot" in changed
    assert not machine.at(MARKER).exists()


def test_stopping_waits_for_the_end_of_the_daemon(host: Callable[..., Host]) -> None:
    machine = host({"kill -TERM 300": ""})
    machine.process(300, "dockerd")
    machine.runner.effects["kill -TERM 300"] = machine.at(Path("/proc/300/comm")).unlink
    plan = DockerPlan(steps=(StopDaemon(process=300),))
    assert machine.setup.carry_out(plan) == ["stopped dockerd (process 300)"]


def test_a_process_that_is_no_daemon_is_never_ended(host: Callable[..., Host]) -> None:
    machine = host({})
    machine.process(300, "postgres")
    plan = DockerPlan(steps=(StopDaemon(process=300),))
    assert machine.setup.carry_out(plan) == []
    assert machine.runner.calls == []


def test_a_daemon_that_will_not_stop_is_an_error(host: Callable[..., Host]) -> None:
    machine = host({"kill -TERM 300": ""})
    machine.process(300, "dockerd")
    with pytest.raises(RunnerError, match="still runs after 30 s"):
        machine.setup.carry_out(DockerPlan(steps=(StopDaemon(process=300),)))
