"""The cluster that is looked at: one that a run has kept, or one that a kubeconfig names.

A kept run is found without taking its lock: looking changes nothing, and a run that goes on
meanwhile must not be refused for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.cluster.runs import RunFolder, all_runs
from harness.comparison.question import DriftQuestion
from harness.io.kube import Kube, KubeError
from harness.model.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A cluster, and the run that made it where there is one."""

    kube: Kube
    run: RunFolder | None = None


def find_place(question: DriftQuestion) -> Place:
    """Returns the cluster to look at.

    Raises:
        UsageError: No cluster is kept and none is named, or it does not answer.
    """
    if question.kubeconfig is not None:
        kube = _connected(question.kubeconfig, question.context)
        return Place(kube=kube, run=_run_of(question.kubeconfig))
    run = kept(question.runs, question.repository, question.environment)
    if run is None:
        raise UsageError(
            attempted="Finding the kept cluster of",
            subject=f"{question.repository}, environment {question.environment}",
            seen="no run of this repository and environment has kept one",
            expected="a kept cluster, or a kubeconfig",
            next_step="harness up, or harness drift --kubeconfig FILE",
        )
    return Place(kube=_connected(run.path / "kubeconfig", question.context), run=run)


def kept(runs: Path, repository: Path, environment: str) -> RunFolder | None:
    """Returns the newest kept run of a repository and environment."""
    for folder in reversed(all_runs(runs)):
        state = folder.state
        if state.kept and (state.repository, state.environment) == (str(repository), environment):
            return folder
    return None


def _run_of(kubeconfig: Path) -> RunFolder | None:
    """Returns the run whose folder a kubeconfig lies in."""
    folder = RunFolder(kubeconfig.resolve().parent)
    return folder if (folder.path / "run.json").is_file() else None


def _connected(kubeconfig: Path, context: str) -> Kube:
    try:
        kube = Kube(kubeconfig, context or None)
        kube.get("/version")
    except KubeError as error:
        raise _unreachable(kubeconfig, context, str(error)) from error
    except Exception as error:  # the client raises what its YAML and its files raise
        seen = f"{type(error).__name__}: {error}"
        raise _unreachable(kubeconfig, context, seen) from error
    return kube


def _unreachable(kubeconfig: Path, context: str, seen: str) -> UsageError:
    return UsageError(
        attempted="Connecting to the cluster of",
        subject=f"{kubeconfig}, context {context}" if context else str(kubeconfig),
        seen=seen[:300],
        expected="a kubeconfig whose cluster answers",
        next_step="kubectl --kubeconfig ... get --raw /version",
    )
