"""Creates the run's kind cluster through pytest-kind, on the run's own network."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from harness.io.process import Completed, Runner
from harness.model.errors import ClusterError

_REASON = re.compile(r"^(docker: )?error\b|\bError response\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRequest:
    """Everything one kind cluster needs."""

    name: str
    folder: Path
    """The run's folder: kubeconfig, configuration and log are kept there."""
    network: str
    image: str
    kind: Path
    kubectl: Path

    @property
    def kubeconfig(self) -> Path:
        """The cluster's own kubeconfig; the user's is never touched."""
        return self.folder / "kubeconfig"

    @property
    def log(self) -> Path:
        """What kind said."""
        return self.folder / "kind.log"


def create_cluster(
    request: KindRequest, config: dict[str, Any], *, runner: Runner, deadline_seconds: float
) -> None:
    """Creates the cluster, or reuses the one of that name.

    Raises:
        ClusterError: kind failed or did not end in time; its log is kept.
    """
    path = request.folder / "kind.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    done = _run(request, str(path), runner, deadline_seconds)
    request.log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.ok:
        return
    raise ClusterError(
        attempted="Creating the kind cluster",
        subject=request.name,
        seen=complaint(done),
        expected="a node whose control plane starts",
        next_step="harness doctor",
        log=str(request.log),
    )


def _run(request: KindRequest, config: str, runner: Runner, deadline_seconds: float) -> Completed:
    body = {
        "name": request.name,
        "kubeconfig": str(request.kubeconfig),
        "image": request.image,
        "kind": str(request.kind),
        "kubectl": str(request.kubectl),
        "config": config,
    }
    path = request.folder / "kind-create.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    return runner.run(
        [sys.executable, "-m", "harness.cluster.kind_child", str(path)],
        deadline_seconds=deadline_seconds,
        cwd=request.folder,
        env={
            "KIND_EXPERIMENTAL_DOCKER_NETWORK": request.network,
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        },
    )


def complaint(done: Completed, limit: int = 500) -> str:
    """Returns what kind complains about: its error line, and what the failed command said.

    kind prints `ERROR: ...` with the whole command, then `Command Output:` and a stack trace
    (`pkg/errors`); the reason is in the output.
    """
    if done.timed_out or done.missing:
        return done.explain()
    found = re.findall(r"^ERROR: (.+)$", done.stderr, flags=re.MULTILINE)
    if not found:
        return done.explain()
    error = re.sub(r'command "(\S+ \S+)[^"]*"', r'command "\1 …"', " ".join(found[-1].split()))
    output = done.stderr.partition("Command Output:")[2].partition("Stack Trace:")[0]
    reasons = [line.strip() for line in output.splitlines() if _REASON.search(line)]
    return f"{error}: {reasons[-1]}"[:limit] if reasons else error[:limit]
