"""A machine that is ready, and the means to take single things away from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.doctor.examination import (
    GIB,
    DockerReading,
    FileSystemReading,
    Readings,
    RegistryReading,
    ToolReading,
)
from harness.io.process import Completed
from harness.model.host import HostFacts

FACTS = HostFacts(
    system="Linux",
    distribution="debian",
    is_root=True,
    cgroup_version=2,
    missing_capabilities=(),
    extra_ca_files=(),
    processors=2,
    memory_bytes=8 * GIB,
)
DOCKER = DockerReading(
    client_version="28.2.2",
    server_version="28.2.2",
    program_version="28.2.2",
    process=77,
    socket_answers=True,
    storage_driver="overlay2",
    cgroup_driver="systemd",
    cgroup_version=2,
    default_runtime="runc",
)
NO_DOCKER = DockerReading(error="the program docker was not found")
DISK = FileSystemReading(folder=Path("/var/lib/docker"), device=1, free_bytes=40 * GIB)
READINGS = Readings(
    facts=FACTS,
    docker=DOCKER,
    systemd=True,
    git_version="2.39.5",
    python_version=(3, 13, 1),
    tools=(ToolReading(name="kind", bundled_version="v0.33.0"),),
    docker_disk=DISK,
    cache_disk=DISK,
    bundle_cached=True,
    memory_available_bytes=8 * GIB,
    inotify={"max_user_watches": 524288, "max_user_instances": 512},
    registries=(RegistryReading(host="ghcr.io", reachable=True, detail="HTTP 401", seconds=0.1),),
)

Make = Callable[..., Readings]


@pytest.fixture
def make() -> Make:
    """Returns readings of a ready machine; `docker`, `facts` and other fields may be changed."""

    def build(
        *,
        docker: Mapping[str, Any] | None = None,
        facts: Mapping[str, Any] | None = None,
        **rest: Any,
    ) -> Readings:
        return dataclasses.replace(
            READINGS,
            docker=dataclasses.replace(DOCKER, **(docker or {})),
            facts=dataclasses.replace(FACTS, **(facts or {})),
            **rest,
        )

    return build


@pytest.fixture
def bare(make: Make) -> Make:
    """Returns readings of a machine without any Docker."""

    def build(*, docker: Mapping[str, Any] | None = None, **rest: Any) -> Readings:
        readings = make(**{"docker_disk": None, "systemd": False, **rest})
        return dataclasses.replace(
            readings, docker=dataclasses.replace(NO_DOCKER, **(docker or {}))
        )

    return build


class ScriptedRunner:
    """Answers listed commands, one answer after the other; an unlisted command fails the test."""

    def __init__(self, answers: Mapping[str, str | Completed | Sequence[str | Completed]]) -> None:
        self.calls: list[str] = []
        self._answers = {
            command: [answer] if isinstance(answer, str | Completed) else list(answer)
            for command, answer in answers.items()
        }
        self.effects: dict[str, Callable[[], None]] = {}

    def run(
        self,
        argv: Sequence[str],
        *,
        deadline_seconds: float,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
    ) -> Completed:
        assert deadline_seconds > 0, "every external call has a deadline"
        assert stdin is None
        del cwd, env
        command = next((c for c in self._answers if " ".join(argv).startswith(c)), None)
        assert command is not None, f"unlisted command: {' '.join(argv)}"
        self.calls.append(" ".join(argv))
        self.effects.get(command, lambda: None)()
        queue = self._answers[command]
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, Completed):
            return answer
        return Completed(argv=tuple(argv), returncode=0, stdout=answer, stderr="")


class SteppingClock:
    """Moves on by what is slept, and by one millisecond per look."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 0.001
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, tz=UTC)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


Script = Callable[..., ScriptedRunner]


@pytest.fixture
def script() -> Script:
    """Returns a runner that knows only the given commands (matched by their beginning)."""
    return lambda **answers: ScriptedRunner(answers.pop("answers", answers))


@pytest.fixture
def failed() -> Callable[..., Completed]:
    """Returns the answer of a program that failed."""

    def build(stderr: str, stdout: str = "", *, missing: bool = False) -> Completed:
        return Completed(
            argv=("program",), returncode=1, stdout=stdout, stderr=stderr, missing=missing
        )

    return build


@pytest.fixture
def clock() -> SteppingClock:
    """Returns a clock that never waits."""
    return SteppingClock()
