"""The cluster of the benchmark: made and removed by the harness' own command line.

The tree that is deployed is the shop of the scenarios, with a folder for each case that Argo CD
delivers; so the registry, its credentials and the Git server are those that users get.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.arena import write_overlay
from bench.case import Case
from bench.contest import engine_namespace
from bench.contestants import ROOT
from harness.io.process import Runner

SHOP_TREE = ROOT / "scenarios" / "trees" / "shop"
UP_SECONDS = 3 * 3600.0
DOWN_SECONDS = 300.0
CACHES = shutil.ignore_patterns("__pycache__", ".*_cache")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where the cluster's files lie."""

    folder: Path
    """State and tree of the benchmark's cluster."""
    output: Path
    """Where the harness reports that the cluster came up."""
    runner: Runner
    say: Callable[[str], None]

    @property
    def tree(self) -> Path:
        """The tree that is deployed."""
        return self.folder / "tree"

    @property
    def state(self) -> Path:
        """Where the harness keeps what it knows of the cluster."""
        return Path(os.environ.get("XDG_STATE_HOME") or self.folder / "state")


def write_tree(tree: Path, cases: Iterable[Case]) -> None:
    """Writes the shop with an overlay for each case that Argo CD delivers."""
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(SHOP_TREE, tree, ignore=CACHES)
    for case in cases:
        if case.engine:
            write_overlay(tree / "bench" / case.name, case, engine_namespace(case))


@contextmanager
def cluster(ground: Ground, cases: Iterable[Case]) -> Iterator[Path]:
    """Gives the kubeconfig of a new cluster, and removes the cluster at the end.

    Raises:
        LookupError: The cluster did not come up; the message holds what the harness said last.
    """
    write_tree(ground.tree, cases)
    try:
        ground.say("making the cluster")
        where = ("--repo", str(ground.tree), "--env", "dev", "--output", str(ground.output))
        _harness(ground, UP_SECONDS, "up", *where)
        yield _kubeconfig(ground)
    finally:
        ground.say("removing the cluster")
        _harness(ground, DOWN_SECONDS, "down")


def _kubeconfig(ground: Ground) -> Path:
    found = sorted(ground.state.glob("**/runs/*/kubeconfig"), key=lambda path: path.stat().st_mtime)
    if not found:
        message = f"no kubeconfig in {ground.state}"
        raise LookupError(message)
    return found[-1]


def _harness(ground: Ground, seconds: float, *words: str) -> None:
    done = ground.runner.run(
        (sys.executable, "-m", "harness", *words),
        deadline_seconds=seconds,
        cwd=ROOT,
        env={"XDG_STATE_HOME": str(ground.state), "NO_COLOR": "1"},
    )
    if not done.ok:
        message = f"harness {words[0]}: {done.tail(12)}"
        raise LookupError(message)
