"""The promise of the pytest plugin: a suite that is not ours, on a repository of another shape.

The bookshop is an app of apps with plain YAML in one namespace. Its own tests run under xdist, in
processes of their own, as its people would run them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scenarios.conftest import CACHES, ROOT, in_docker

pytestmark = pytest.mark.nightly

BOOKSHOP = ROOT / "examples" / "bookshop"
WORKLOADS = {
    "Deployment bookshop/shelf",
    "Deployment bookshop/storefront",
    "StatefulSet bookshop/database",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The bookshop's tree and how its tests are run."""

    tree: Path
    place: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs its tests in a process of their own."""
        where = ("--gitops-repo", str(self.tree), "--gitops-output", str(self.place / "report"))
        junit = ("--junitxml", str(self.place / "junit.xml"))
        command = [sys.executable, "-m", "pytest", *where, *junit, *arguments]
        return subprocess.run(
            command,
            cwd=self.tree,
            env={**os.environ, "XDG_STATE_HOME": str(self.place / "state"), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    @property
    def run_id(self) -> str:
        """The run that its report is about."""
        run = json.loads((self.place / "report" / "run.json").read_text(encoding="utf-8"))
        return str(run["run_id"])

    def cases(self) -> dict[str, ET.Element]:
        """Returns the cases of its JUnit XML by name."""
        tree = ET.parse(self.place / "junit.xml")  # noqa: S314 -- our own file
        return {str(case.get("name")): case for case in tree.iter("testcase")}


@pytest.fixture
def suite(tmp_path: Path) -> Iterator[Suite]:
    """A copy of the bookshop; whatever its tests leave in Docker fails the scenario."""
    tree = Path(shutil.copytree(BOOKSHOP, tmp_path / "bookshop", ignore=CACHES))
    suite = Suite(tree=tree, place=tmp_path)
    yield suite
    assert list((tmp_path / "state").glob("**/sessions/*/run.json")) == []
    assert not [thing for thing in in_docker() if suite.run_id in thing]


def test_two_processes_prove_the_bookshop_on_one_cluster(suite: Suite) -> None:
    ended = suite.run("-n", "2", "--gitops-workloads", "tests")

    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
    cases = suite.cases()
    assert set(cases) > WORKLOADS
    assert len(cases) == len(WORKLOADS) + 5
    report = (suite.place / "report" / "run.json").read_text(encoding="utf-8")
    assert "is kept" not in report


def test_a_broken_part_fails_its_own_item_with_the_line_and_the_evidence(suite: Suite) -> None:
    path = suite.tree / "storefront" / "deployment.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("/srv/main.py", "/srv/mian.py"), "utf-8")

    ended = suite.run("--gitops-workloads", "tests", "-k", "bookshop/storefront or page")

    assert ended.returncode == pytest.ExitCode.TESTS_FAILED
    failed = suite.cases()["Deployment bookshop/storefront"]
    told = {p.get("name"): str(p.get("value")) for p in failed.iter("property")}
    assert told["gitops-evidence"] == str(suite.place / "report" / "evidence")
    assert "mian.py" in "".join(failed.itertext())
    assert "storefront" in "".join(failed.itertext())
