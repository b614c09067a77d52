"""Scenarios run on real Docker and a real cluster, as a user would: by the command line.

A run in which no scenario ran is a failure (pytest's exit code 5).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "musiccorp"
CACHES = shutil.ignore_patterns("__pycache__", ".*_cache")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one command line ended, and what it printed."""

    code: int
    text: str

    @property
    def ending(self) -> str:
        """The last paragraph, on one line."""
        return " ".join(self.text.split("FAILED:")[-1].split())


class CommandLine:
    """Runs `harness` as a process of its own, with a state folder of its own."""

    def __init__(self, state: Path, output: Path, bundle: str = "auto") -> None:
        self.output = output
        self.bundle = bundle
        self._environment = {**os.environ, "XDG_STATE_HOME": str(state), "NO_COLOR": "1"}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts a command and returns the process."""
        return subprocess.Popen(
            [sys.executable, "-m", "harness", *arguments],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, seconds: float = 600) -> Outcome:
        """Runs a command to its end."""
        process = self.start(*arguments)
        text, _ = process.communicate(timeout=seconds)
        return Outcome(code=process.returncode, text=text)

    def e2e(self, repository: Path, *arguments: str) -> Outcome:
        """Runs `harness e2e` on a repository."""
        return self.run(*self.e2e_arguments(repository), *arguments)

    def e2e_arguments(self, repository: Path) -> tuple[str, ...]:
        """Returns the words of `harness e2e` on a repository."""
        where = ("--repo", str(repository), "--output", str(self.output))
        return ("e2e", *where, "--bundle", self.bundle)


@pytest.fixture
def harness(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[CommandLine]:
    """The command line; whatever a test leaves behind is removed and fails the test."""
    bundle = request.config.getoption("--gitops-bundle")
    line = CommandLine(tmp_path / "state", tmp_path / "report", bundle)
    before = in_docker()
    yield line
    line.run("down")
    assert in_docker() == before


@pytest.fixture
def musiccorp(tmp_path: Path) -> Path:
    """A copy of the example's tree, to be broken."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "musiccorp", ignore=CACHES))


def in_docker() -> set[str]:
    """Returns what Docker holds that a run could have left: things of our name, unused volumes.

    Other people's containers come and go on the same Docker and do not count.
    """
    questions = {
        "container": ["ps", "--all", "--filter", "name=gitops-harness", "--format", "{{.Names}}"],
        "network": ["network", "ls", "--filter", "name=gitops-harness", "--format", "{{.Name}}"],
        "volume": ["volume", "ls", "--filter", "dangling=true", "--quiet"],
        "image": ["image", "ls", "gitops-harness/run-*", "--format", "{{.Repository}}:{{.Tag}}"],
    }
    found = set()
    for kind, arguments in questions.items():
        done = subprocess.run(
            ["docker", *arguments], capture_output=True, text=True, check=True, timeout=60
        )
        found |= {f"{kind} {name}" for name in done.stdout.split()}
    return found


def run_until(
    process: subprocess.Popen[str], word: str, then: Callable[[subprocess.Popen[str]], None]
) -> str:
    """Reads a process' output until a line holds a word, acts, and returns all it printed."""
    if process.stdout is None:
        message = "the process has no output to read"
        raise ValueError(message)
    lines = []
    with process.stdout as output:
        for line in output:
            lines.append(line)
            if word in line:
                then(process)
                break
        lines += output.readlines()
    process.wait(120)
    return "".join(lines)


def kill(process: subprocess.Popen[str]) -> None:
    """Kills a process as nobody should."""
    process.kill()


def terminate(process: subprocess.Popen[str]) -> None:
    """Asks a process to end."""
    process.send_signal(signal.SIGTERM)


def wait_until(goal: Callable[[], bool], seconds: float = 60) -> bool:
    """Tells whether something became true in time."""
    deadline = time.monotonic() + seconds
    while not goal():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True
