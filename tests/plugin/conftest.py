"""A world of the plugin's tests: no Docker, no cluster; what happens is written to a file.

`fake_world.py` becomes the conftest of the suites that the tests run with `pytester`, so that it is
also there in the processes of xdist.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

# What a suite imports would be imported again for each, were it not there before.
import harness.pytest_plugin.asserting
import harness.pytest_plugin.cluster
import harness.pytest_plugin.workloads
import harness.report.ending
import harness.report.json_report
import harness.report.redaction  # noqa: F401

FAKE_WORLD = Path(__file__).with_name("fake_world.py")


class Suite:
    """A suite of tests that runs beside the fake world."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.say()
        pytester.makeconftest(FAKE_WORLD.read_text(encoding="utf-8"))

    def say(self, **said: Any) -> None:
        """Says how the world is."""
        (self.pytester.path / "world.json").write_text(json.dumps(said), encoding="utf-8")

    def tests(self, text: str) -> None:
        """Writes the tests."""
        self.pytester.makepyfile(test_suite=text)

    def run(self, *arguments: str) -> pytest.RunResult:
        """Runs the suite in this process."""
        return self.pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)

    def run_apart(self, *arguments: str) -> pytest.RunResult:
        """Runs the suite in two processes besides that of pytest."""
        return self.pytester.runpytest_subprocess("-p", "no:cacheprovider", "-n", "2", *arguments)

    @property
    def happened(self) -> list[str]:
        """What was done to the world, in its order."""
        path = Path(self.pytester.path / "happened.txt")
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return [line.split()[0] for line in lines]

    @property
    def left(self) -> list[str]:
        """The clusters that were not removed."""
        sessions = self.pytester.path / "sessions"
        return sorted(p.name for p in sessions.iterdir()) if sessions.is_dir() else []


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Suite:
    """An empty suite beside the fake world."""
    return Suite(pytester)
