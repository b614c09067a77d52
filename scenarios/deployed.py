"""An environment of the example on a kept cluster, and what people see of it with kubectl."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from harness.bundle.manifest import read_bundle
from harness.cluster.runs import all_runs
from harness.model.errors import ExitCode
from scenarios.conftest import EXAMPLE, CommandLine, in_docker

DEPLOY_SECONDS = 1500.0
"""Several nodes on a small machine, next to others' work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a command in a pod ended."""

    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A deployed environment."""

    environment: str
    kubeconfig: Path
    record: dict[str, Any]
    """`run.json` of the run that deployed it."""

    @property
    def namespace(self) -> str:
        """Where the example's objects live."""
        return f"musiccorp-{self.environment}"

    def kubectl(self, *arguments: str, seconds: float = 180) -> str:
        """Runs kubectl in the namespace and returns what it printed."""
        answer = self.attempt(*arguments, seconds=seconds)
        assert answer.code == 0, answer.text
        return answer.text

    def attempt(self, *arguments: str, seconds: float = 180) -> Answer:
        """Runs kubectl in the namespace, whatever comes of it."""
        done = subprocess.run(
            [str(_kubectl()), "--namespace", self.namespace, *arguments],
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Answer(code=done.returncode, text=done.stdout)

    def objects(self, kind: str, *arguments: str) -> list[dict[str, Any]]:
        """Returns the objects of a kind in the namespace."""
        found = json.loads(self.kubectl("get", kind, "--output", "json", *arguments))
        return list(found["items"])

    def run_in(self, pod: str, *command: str, seconds: float = 180) -> Answer:
        """Runs a command in a pod."""
        return self.attempt("exec", pod, "--", *command, seconds=seconds)

    def replace_pod(self, pod: str, seconds: float = 300) -> None:
        """Deletes a pod of a StatefulSet and waits for the next one of that name."""
        before = self.kubectl("get", "pod", pod, "--output", "jsonpath={.metadata.uid}")
        self.kubectl("delete", "pod", pod, "--wait=true", seconds=seconds)
        deadline = time.monotonic() + seconds
        read = ("get", "pod", pod, "--output")
        state = "jsonpath={.metadata.uid} {.status.conditions[?(@.type=='Ready')].status}"
        while True:
            uid, _, ready = self.attempt(*read, state).text.strip().partition(" ")
            if ready == "True" and uid != before:
                return
            assert time.monotonic() < deadline, f"{pod} is not ready again"
            time.sleep(1)


@contextmanager
def deployed(environment: str, folder: Path, bundle: str) -> Iterator[Deployed]:
    """Deploys an environment of the example, and removes it in the end."""
    line = CommandLine(folder / "state", folder / "report", bundle)
    before = in_docker()
    words = ("--repo", str(EXAMPLE), "--env", environment, "--output", str(line.output))
    outcome = line.run("up", *words, "--bundle", bundle, seconds=DEPLOY_SECONDS)
    try:
        assert outcome.code == ExitCode.OK, outcome.text[-4000:]
        run = all_runs(folder / "state" / "gitops-harness" / "runs")[-1]
        yield Deployed(
            environment=environment,
            kubeconfig=run.path / "kubeconfig",
            record=json.loads((line.output / "run.json").read_text(encoding="utf-8")),
        )
    finally:
        line.run("down")
    assert in_docker() <= before


def _kubectl() -> Path:
    bundles = user_cache_path("gitops-harness") / "bundles"
    newest = max(bundles.glob("*/bundle.json"), key=lambda p: p.stat().st_mtime)
    return read_bundle(newest).tools["kubectl"].path
