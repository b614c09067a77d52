from __future__ import annotations

import ast
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.model.containers import ContainerSpec, StartedContainer
from harness.model.errors import RunnerError
from harness.names import containers
from harness.names.containers import (
    Place,
    gate_health,
    gate_spec,
    registry_health,
    registry_spec,
    wait_healthy,
)

PLACE = Place(run_id="r1", network="gitops-harness-r1")
STARTED = StartedContainer(
    id="abc", name="gitops-harness-r1-gate", address="172.18.0.5", ports={5001: 32001, 5000: 32000}
)


class StoppedClock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class FakeEngine:
    """A container that runs until some moment; starting and removing are not expected."""

    def __init__(self, clock: StoppedClock, runs_until: float = 1e9) -> None:
        self.clock = clock
        self.runs_until = runs_until

    def run_container(self, spec: ContainerSpec) -> StartedContainer:
        raise AssertionError(spec)

    def remove_container(self, name: str) -> None:
        raise AssertionError(name)

    def is_running(self, name: str) -> bool:
        assert name == STARTED.name
        return self.clock.seconds < self.runs_until

    def container_logs(self, name: str, tail: int = 200) -> str:
        assert (name, tail) == (STARTED.name, 5)
        return "first\nlast words\n"


def wait(statuses: list[int], runs_until: float = 1e9) -> StoppedClock:
    clock = StoppedClock()
    answers = iter(statuses)
    wait_healthy(
        FakeEngine(clock, runs_until),
        STARTED,
        url="http://127.0.0.1:32001/healthz",
        probe=lambda _: next(answers, 0),
        clock=clock,
        deadline_seconds=3,
    )
    return clock


@pytest.mark.parametrize("healthy", [200, 401])
def test_it_is_healthy_as_soon_as_it_answers(healthy: int) -> None:
    assert wait([0, 503, healthy]).seconds == pytest.approx(0.2)


def test_a_container_that_ended_is_not_waited_for() -> None:
    with pytest.raises(RunnerError) as caught:
        wait([], runs_until=0.3)
    assert "it ended; it wrote: first | last words" in str(caught.value)


def test_silence_ends_at_the_deadline_with_what_was_seen() -> None:
    with pytest.raises(RunnerError) as caught:
        wait([503] * 1000)
    assert "no answer after 3 s (503)" in str(caught.value)
    assert f"docker logs {STARTED.name}" in str(caught.value)


def test_both_containers_carry_the_runs_label_and_are_published() -> None:
    registry = registry_spec(PLACE, image="registry", folder=Path("/run/registry"))
    gate = gate_spec(
        PLACE, image="gate", folder=Path("/run/gate"), repositories=Path("/run/git"),
        https_ports=(443, 8443),
    )  # fmt: skip
    assert registry.published_ports == (5000,)
    assert gate.published_ports == (443, 8443, 5001)
    for spec in (registry, gate):
        assert spec.labels == {"dev.gitops-harness": "r1"}
        assert spec.network == PLACE.network
        assert all(mount.read_only for mount in spec.mounts)
    assert (registry.name, gate.name) == ("gitops-harness-r1-registry", "gitops-harness-r1-gate")


def test_blobs_are_kept_only_where_a_folder_is_given() -> None:
    kept = registry_spec(
        PLACE, image="registry", folder=Path("/run/registry"), storage=Path("/cache/blobs")
    )
    writable = [mount for mount in kept.mounts if not mount.read_only]
    assert [(m.source, m.target) for m in writable] == [(Path("/cache/blobs"), "/var/lib/registry")]


def test_health_is_asked_on_the_published_ports() -> None:
    assert gate_health(STARTED) == "http://127.0.0.1:32001/healthz"
    assert registry_health(STARTED) == "http://127.0.0.1:32000/v2/"


def test_the_programs_of_the_gate_need_nothing_its_image_lacks() -> None:
    spec = gate_spec(PLACE, image="gate", folder=Path("/g"), repositories=Path("/r"))
    mounted = [mount for mount in spec.mounts if mount.source.suffix == ".py"]
    root = spec.env["PYTHONPATH"]
    places = (Path(mount.target).relative_to(root).with_suffix("") for mount in mounted)
    modules = {".".join(place.parts) for place in places}
    assert spec.command[3] in modules
    allowed = {"cheroot", "cryptography", "dulwich", "jwt", *sys.stdlib_module_names}
    for mount in mounted:
        assert mount.source.parent == Path(containers.__file__).parent
        for imported in _imports(mount.source):
            assert imported in modules or imported.partition(".")[0] in allowed


def _imports(file: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(str(node.module))
    return found
