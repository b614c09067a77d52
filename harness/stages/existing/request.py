"""What was asked of a run on an existing cluster; a value, put together by the command line.

`commits` comes from above because it is wired there with the same parts as `harness drift`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.drift.terms import WantedOf
from harness.io.process import Runner

RUN_LABEL = "dev.gitops-harness/run"
PROVIDER_LABEL = "dev.gitops-harness/provider"
EXISTING = "existing"
Commits = Callable[[Path, Runner], tuple[WantedOf, tuple[str, ...]]]
"""Takes a checkout; returns what each Application should be at, and what is to be noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingCluster:
    """A cluster by a context that was confirmed by its name, and what may be made in it."""

    context: str
    kubeconfig: str
    """The chosen context alone, as YAML; it is written to the folder of the run only."""
    server: str
    commits: Commits
    apply: bool = False
    """Apply the bootstrap where nothing of the environment is deployed."""
    install_engine: bool = False
    """Install Argo CD where there is none."""
    make_secrets: bool = False
    """Make the secrets that are referred to, declared nowhere and not in the cluster."""

    def __repr__(self) -> str:  # the kubeconfig holds credentials
        return f"ExistingCluster(context={self.context!r}, server={self.server!r})"

    @property
    def writes(self) -> bool:
        """Whether the run may make anything."""
        return self.apply or self.install_engine or self.make_secrets


def labels(run_id: str) -> dict[str, str]:
    """Returns the labels of everything that a run makes in an existing cluster."""
    return {RUN_LABEL: run_id, PROVIDER_LABEL: EXISTING}
