"""The repository that was deployed: what it declares, and which line a finding comes from.

Rendered with the kustomize on the PATH, else with that of the newest bundle in the cache.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from harness.bundle.manifest import read_bundle
from harness.config import load_settings
from harness.io.process import ProcessRunner
from harness.model.errors import UsageError
from harness.model.finding import Diagnosis
from harness.model.repository import Declaration
from harness.repo.declaration import Tools, declare
from harness.repo.places import Places

APPLICATION = "gitops-harness"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """One environment of a repository."""

    declaration: Declaration

    def placed(self, found: Diagnosis) -> Diagnosis:
        """Returns the diagnosis with the file and line of each finding."""
        return Places(self.declaration).filled(found)


def read_repository(root: Path, environment: str) -> Repository:
    """Returns what a repository declares in an environment.

    Raises:
        UsageError: No kustomize is at hand.
        RepositoryError: The repository cannot be rendered.
    """
    tools = Tools(kustomize=_kustomize(), runner=ProcessRunner())
    return Repository(declaration=declare(root, environment, load_settings(root), tools))


def _kustomize() -> Path:
    found = shutil.which("kustomize")
    if found:
        return Path(found)
    bundles = (user_cache_path(APPLICATION) / "bundles").glob("*/bundle.json")
    newest = sorted(bundles, key=lambda p: p.stat().st_mtime)
    if not newest:
        raise UsageError(
            attempted="Rendering the repository with",
            subject="kustomize",
            seen="it is neither on the PATH nor in the bundle cache",
            expected="the kustomize that Argo CD uses",
            next_step="harness bundle build, or leave out --repo",
        )
    return read_bundle(newest[-1]).tools["kustomize"].path
