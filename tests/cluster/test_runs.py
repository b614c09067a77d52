from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.cluster.cleanup import remove_belongings, remove_left_behind
from harness.cluster.runs import RunFolder, all_runs, kept_run
from harness.io.docker import Leftover


class RecordingDocker:
    """Holds named things and forgets them when they are removed."""

    def __init__(self, things: list[Leftover], nodes: dict[str, str]) -> None:
        self.things, self.nodes = things, nodes
        self.removed: list[str] = []

    def ours(self) -> list[Leftover]:
        return [t for t in self.things if t.name not in self.removed]

    def cluster_nodes(self) -> dict[str, str]:
        return {n: c for n, c in self.nodes.items() if n not in self.removed}

    def remove_container(self, name: str) -> None:
        self.removed.append(name)

    def remove_image(self, reference: str) -> None:
        self.removed.append(reference)

    def remove_network(self, name: str) -> None:
        assert all(t.name in self.removed for t in self.things if t.kind == "container")
        self.removed.append(name)


def _run(base: Path) -> RunFolder:
    return RunFolder.create(base, repository=Path("/repo"), environment="dev", created="now")


def _docker(folder: RunFolder) -> RecordingDocker:
    state = folder.state
    return RecordingDocker(
        [
            Leftover(kind="network", name=state.network, run_id=state.run_id),
            Leftover(kind="container", name="registry", run_id=state.run_id),
            Leftover(kind="image", name="built:x", run_id=state.run_id),
        ],
        {f"{state.cluster}-control-plane": state.cluster, "mine-control-plane": "mine"},
    )


def test_what_a_dead_run_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    folder = _run(tmp_path)
    docker = _docker(folder)
    docker.things.append(Leftover(kind="container", name="other", run_id="somebody-else"))
    name = folder.state.network
    folder.release()

    removed = remove_left_behind(
        RecordingDocker([t for t in docker.things if t.name != "other"], docker.nodes), tmp_path
    )

    assert removed == [
        f"container {name}-control-plane", "container registry", "image built:x",
        f"network {name}",
    ]  # fmt: skip
    assert all_runs(tmp_path) == []


def test_a_living_run_is_left_alone(tmp_path: Path) -> None:
    folder = _run(tmp_path)
    docker = _docker(folder)

    other_process = (
        "import sys; from pathlib import Path; from harness.cluster.runs import RunFolder;"
        "sys.exit(int(RunFolder(Path(sys.argv[1])).acquire()))"
    )
    taken = subprocess.run(
        [sys.executable, "-c", other_process, str(folder.path)], check=False, timeout=20
    ).returncode

    assert taken == 0
    assert docker.removed == []
    folder.release()


def test_a_kept_run_is_removed_only_when_asked_for(tmp_path: Path) -> None:
    folder = _run(tmp_path)
    folder.update(kept=True)
    docker = _docker(folder)
    folder.release()

    assert remove_left_behind(docker, tmp_path) == []
    assert len(remove_left_behind(docker, tmp_path, kept_too=True)) == 4


def test_a_kept_run_is_found_for_its_own_repository_and_environment(tmp_path: Path) -> None:
    folder = _run(tmp_path)
    folder.update(kept=True, fingerprint="f")
    folder.release()

    assert kept_run(tmp_path, repository=Path("/other"), environment="dev") is None
    assert kept_run(tmp_path, repository=Path("/repo"), environment="prod") is None
    found = kept_run(tmp_path, repository=Path("/repo"), environment="dev")
    assert found is not None
    assert found.state.fingerprint == "f"
    found.release()


def test_a_damaged_state_file_still_belongs_to_its_run(tmp_path: Path) -> None:
    folder = _run(tmp_path)
    (folder.path / "run.json").write_text("{", encoding="utf-8")

    assert folder.state.run_id == folder.path.name
    folder.release()


def test_a_node_that_docker_still_makes_for_a_killed_run_is_waited_for(tmp_path: Path) -> None:
    folder = _run(tmp_path)
    docker = _docker(folder)
    late, docker.nodes = docker.nodes, {}
    (folder.path / "kind.yaml").write_text("{}")
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            docker.nodes = late

    removed = remove_belongings(docker, folder, wait=wait)
    folder.release()

    assert f"container {folder.state.cluster}-control-plane" in removed
    assert len(waited) == 3
    assert "mine-control-plane" not in docker.removed


def test_nobody_waits_for_a_node_once_kind_has_ended(tmp_path: Path) -> None:
    folder = _run(tmp_path)
    (folder.path / "kind.yaml").write_text("{}")
    (folder.path / "kind.log").write_text("failed")
    docker = _docker(folder)
    docker.nodes = {}

    remove_belongings(docker, folder, wait=lambda _: pytest.fail("waited"))
    folder.release()
