"""The file that makes a folder a kustomization: kustomize takes three names."""

from __future__ import annotations

from pathlib import Path

KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def kustomization_file(folder: Path) -> Path | None:
    """Returns the kustomization of a folder, under any of its three names."""
    return next((folder / n for n in KUSTOMIZATION_NAMES if (folder / n).is_file()), None)
