"""Runs the repository's own proof from outside the cluster and says how it ended."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.io.clock import Clock
from harness.io.process import Runner
from harness.model.run import ProofRecord


def run_proof(
    command: Sequence[str],
    *,
    root: Path,
    environment: Mapping[str, str],
    deadline_seconds: float,
    runner: Runner,
    clock: Clock,
) -> ProofRecord:
    """Returns whether the command returned 0, with everything it printed."""
    start = clock.monotonic()
    argv = [sys.executable if command[0] in {"python", "python3"} else command[0], *command[1:]]
    done = runner.run(argv, deadline_seconds=deadline_seconds, cwd=root, env=environment)
    output = (done.stdout + done.stderr).strip()
    if not done.ok:
        output = f"{output}\n{done.explain() if done.timed_out or done.missing else ''}".strip()
    return ProofRecord(
        name=" ".join(command),
        passed=done.ok,
        seconds=clock.monotonic() - start,
        output=output,
    )
