"""The promise: however a run ends, everything of it goes, and nothing of anybody else's."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model.errors import ExitCode
from scenarios.conftest import EXAMPLE, CommandLine, in_docker, kill, run_until, terminate

NAMES = {"gitops-harness-bystander"}


@pytest.fixture
def bystander() -> Iterator[str]:
    """A network of somebody else, with a name that looks like ours."""
    name = NAMES.copy().pop()
    subprocess.run(["docker", "network", "create", name], check=True, timeout=60)
    yield f"network {name}"
    subprocess.run(["docker", "network", "rm", name], check=True, timeout=60)


@pytest.mark.parametrize("moment", ["names: passed", "cluster: kind create", "cluster: passed"])
def test_what_a_killed_run_left_is_removed(
    bystander: str, harness: CommandLine, moment: str
) -> None:
    before = in_docker()
    run_until(harness.start(*harness.e2e_arguments(EXAMPLE)), moment, kill)
    left = in_docker() - before

    removed = harness.run("down")

    assert left
    assert removed.code == 0
    assert in_docker() == before
    assert bystander in in_docker()


def test_a_terminated_run_leaves_evidence_and_nothing_else(harness: CommandLine) -> None:
    before = in_docker()
    process = harness.start(*harness.e2e_arguments(EXAMPLE))

    text = run_until(process, "names: passed", terminate)

    assert process.returncode == ExitCode.INTERRUPTED
    assert "SIGTERM" in text
    assert in_docker() == before
    assert (harness.output / "report.html").is_file()


def test_a_bundle_is_not_touched_by_removal(harness: CommandLine, tmp_path: Path) -> None:
    listing = ["docker", "image", "ls", "gitops-harness/*", "--format", "{{.Repository}}:{{.Tag}}"]

    def bundle_images() -> set[str]:
        done = subprocess.run(listing, capture_output=True, text=True, check=True, timeout=60)
        return {name for name in done.stdout.split() if "/run-" not in name}

    before = bundle_images()
    harness.run("down")

    assert before
    assert bundle_images() == before
    assert not list(tmp_path.glob("state/gitops-harness/runs/*"))
