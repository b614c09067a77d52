from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from harness.commands import reproduce
from harness.commands.reproduce_run import Attempt, Here
from harness.io.process import ProcessRunner
from harness.model.errors import ExitCode, ImageError, UsageError
from harness.model.run import RunRecord, StageRecord, StageState
from harness.report.json_report import run_to_json
from harness.reproduction.manifest import (
    KIND_CONFIG,
    RUN,
    TREE,
    Host,
    Manifest,
    Options,
    Tree,
    TreeMode,
    Versions,
)
from harness.reproduction.result import Reproduction, introduction
from tests.reproduction.archives import part, written

THEN = Versions(harness="0.1.0", kubernetes="v1.36.3")


def record(run_id: str = "0a1b2c3d", stage: str = "images") -> RunRecord:
    run = RunRecord(run_id=run_id, environment="dev", repository="/then", command="", started_at="")
    error = ImageError(attempted="Building", subject="/then/app", seen="no")
    run.stages = [StageRecord(name=stage, title=stage, state=StageState.FAILED, error=error)]
    return run


@dataclass(slots=True, kw_only=True)
class World:
    """Runs nothing: remembers what it was asked for, and answers with a record."""

    now: RunRecord = field(default_factory=lambda: record("99999999"))
    versions: Versions = THEN
    environ: Mapping[str, str] = field(default_factory=dict)
    runner: ProcessRunner = field(default_factory=ProcessRunner)
    attempts: list[Attempt] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def here(self, manifest: Manifest) -> Here:  # noqa: ARG002 -- the real one needs it
        return Here(versions=self.versions, host=Host(), bundle="auto")

    def start(self, attempt: Attempt) -> RunRecord:
        self.attempts.append(attempt)
        for path in attempt.repository.rglob("*.yaml"):
            self.seen[path.relative_to(attempt.repository).as_posix()] = path.read_text()
        if attempt.kind_config:
            self.seen[KIND_CONFIG] = attempt.kind_config.read_text()
        return self.now

    def say(self, found: Reproduction) -> None:
        self.said += introduction(found)


def archive(folder: Path, **changes: Any) -> Path:
    parts = [
        part(RUN, run_to_json(record())),
        part(KIND_CONFIG, "kind: Cluster\n"),
        part(f"{TREE}/a.yaml", "a: 1\n"),
    ]
    options = Options(
        environment="prod", up_to="drift", withhold=("ghcr-*",), keep_going=True, kind_config=True
    )
    values: dict[str, Any] = {"versions": THEN, "options": options, **changes}
    folder.mkdir(exist_ok=True)
    return written(folder, parts, **values).path


def run(world: World, *arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    reproduce.register(app, world)
    return CliRunner().invoke(app, ["reproduce", *arguments])


@pytest.fixture
def output(tmp_path: Path) -> str:
    return str(tmp_path / "out")


def test_the_same_run_is_made_again_with_the_same_options(tmp_path: Path, output: str) -> None:
    world = World()

    result = run(world, str(archive(tmp_path / "a")), "--output", output)

    assert result.exit_code == ExitCode.OK, result.output
    (attempt,) = world.attempts
    assert (attempt.environment, attempt.withhold) == ("prod", ("ghcr-*",))
    assert (attempt.keep_going, attempt.keep, attempt.up_to) == (True, False, "")
    assert world.seen == {"a.yaml": "a: 1\n", KIND_CONFIG: "kind: Cluster\n"}
    assert not attempt.repository.exists(), "the tree is removed afterwards"
    assert "Same verdict: failed at stage images" in result.output
    assert "Nothing is known to differ before the start." in world.said


def test_another_verdict_has_a_code_of_its_own(tmp_path: Path, output: str) -> None:
    world = World(now=record("99999999", "supply"))

    result = run(world, str(archive(tmp_path / "a")), "--output", output)

    assert result.exit_code == ExitCode.DIFFERENT
    assert "stage images failed then, stage supply now" in result.output


def test_an_interrupted_run_says_nothing_about_the_verdict(tmp_path: Path, output: str) -> None:
    now = replace(record("99999999"), interrupted="Ctrl-C")

    result = run(World(now=now), str(archive(tmp_path / "a")), "--output", output)

    assert result.exit_code == ExitCode.INTERRUPTED


def test_what_differs_is_said_before_anything_is_run(tmp_path: Path, output: str) -> None:
    world = World(versions=THEN.model_copy(update={"kubernetes": "v1.37.0"}))

    result = run(world, str(archive(tmp_path / "a")), "--check", "--output", output)

    assert result.exit_code == ExitCode.OK
    assert world.attempts == []
    assert "  Kubernetes: then v1.36.3, now v1.37.0" in world.said
    assert not Path(output).exists()


def test_a_kept_cluster_keeps_its_tree(tmp_path: Path, output: str) -> None:
    world = World()

    result = run(world, str(archive(tmp_path / "a")), "--keep", "--output", output)

    assert world.attempts[0].keep
    assert world.attempts[0].repository.is_dir()
    assert str(world.attempts[0].repository) in result.output


def test_another_tree_can_be_run_instead(tmp_path: Path, output: str) -> None:
    tree = tmp_path / "mine"
    tree.mkdir()
    (tree / "a.yaml").write_text("a: 2\n")
    world = World()

    run(world, str(archive(tmp_path / "a")), "--tree", str(tree), "--output", output)

    assert world.attempts[0].repository == tree
    assert any("instead of the archive's" in line for line in world.said)


def test_json_is_the_result_and_nothing_else(tmp_path: Path, output: str) -> None:
    path = archive(tmp_path / "a")

    found = json.loads(run(World(), str(path), "--json", "--output", output).stdout)

    assert (found["format"], found["same"]) == ("gitops-harness/reproduction", True)
    assert found["then"]["stage"] == "images"
    assert found["archive"] == str(path)


def test_a_variable_that_is_not_set_is_told_before_the_run(tmp_path: Path, output: str) -> None:
    options = Options(environment="dev", up_to="drift", variables=("DB_PASSWORD",))
    path = archive(tmp_path / "a", options=options)
    world = World()

    refused = run(world, str(path), "--output", output)
    run(replace(world, environ={"DB_PASSWORD": "x"}), str(path), "--output", output)

    assert isinstance(refused.exception, UsageError)
    assert "export DB_PASSWORD=" in refused.exception.paragraph()
    assert len(world.attempts) == 1


def test_an_archive_without_a_tree_asks_for_one(tmp_path: Path, output: str) -> None:
    path = archive(tmp_path / "a", tree=Tree(mode=TreeMode.ABSENT, why="it is too big"))

    refused = run(World(), str(path), "--output", output)

    assert isinstance(refused.exception, UsageError)


def test_the_archive_is_not_overwritten_by_the_new_run(tmp_path: Path) -> None:
    path = archive(tmp_path / "a")

    refused = run(World(), str(path), "--output", str(path.parent))

    assert isinstance(refused.exception, UsageError)
    assert "--output FOLDER" in refused.exception.paragraph()


def test_what_differs_in_the_new_archive_is_said(tmp_path: Path, output: str) -> None:
    @dataclass(slots=True, kw_only=True)
    class Archiving(World):
        """Leaves an archive, as a run does."""

        def start(self, attempt: Attempt) -> RunRecord:
            made = archive(
                attempt.output, run_id="99999999", contexts={"app": "2"}, versions=self.versions
            )
            assert made.is_file()
            return self.now

    path = archive(tmp_path / "a", contexts={"app": "1"})
    shutil.rmtree(output, ignore_errors=True)

    result = run(Archiving(), str(path), "--output", output)

    assert "app is built from other files than then" in result.output
    assert result.exit_code == ExitCode.OK, "circumstances are no verdict"
