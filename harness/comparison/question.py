"""What is to be compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftQuestion:
    """What is to be compared."""

    repository: Path
    environment: str = "dev"
    kubeconfig: Path | None = None
    """None: that of the kept cluster of this repository and environment."""
    context: str = ""
    namespaces: tuple[str, ...] = ()
    application: str = ""
    runs: Path
    """Folder that holds the folders of all runs."""
    cache: Path
    """Folder of bundles, for kustomize."""
