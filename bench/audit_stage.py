"""The folders in which the peers of `harness audit` work: one copy of the repository for each.

flux-local reads what Flux would deploy, so its copy also has a Flux Kustomization for every
overlay; tools that take manifests get those that kustomize renders.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench.cluster import CACHES
from bench.contestants import ROOT
from bench.manifests import Object
from harness.io.process import Runner

MUSICCORP = ROOT / "examples" / "musiccorp"
CLUSTER = "clusters/all"
OVERLAYS = "gitops-deploys/overlays/*/*"
BOOTSTRAPS = "gitops-deploys/bootstrap/*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the peers find one state of the repository."""

    folder: Path

    @property
    def repository(self) -> Path:
        """The copy that everyone reads but flux-local."""
        return self.folder / "repository"

    @property
    def flux(self) -> Path:
        """The copy with Flux' objects."""
        return self.folder / "flux"

    def folders(self, *patterns: str) -> list[Path]:
        """Returns the kustomizations below these patterns, in the order of their names."""
        root = self.repository
        found = (path.parent for p in patterns for path in root.glob(f"{p}/kustomization.yaml"))
        return sorted(found)

    def rendered(self, folder: Path) -> Path:
        """Returns where the rendering of a kustomization is written."""
        name = folder.relative_to(self.repository).as_posix().replace("/", "-")
        return self.folder / "rendered" / f"{name}.yaml"


def copied(folder: Path) -> Stage:
    """Returns a new stage with a copy of the example."""
    shutil.rmtree(folder, ignore_errors=True)
    stage = Stage(folder=folder)
    shutil.copytree(MUSICCORP, stage.repository, ignore=CACHES)
    (folder / "rendered").mkdir()
    return stage


def made_ready(stage: Stage, runner: Runner) -> None:
    """Makes Git repositories of the copies, after the faults are in."""
    shutil.copytree(stage.repository, stage.flux)
    cluster = stage.flux / CLUSTER
    cluster.mkdir(parents=True)
    objects = [
        flux_kustomization(path.relative_to(stage.repository).as_posix())
        for path in stage.folders(OVERLAYS, BOOTSTRAPS)
    ]
    text = yaml.safe_dump_all([flux_source(), *objects], sort_keys=False)
    (cluster / "kustomizations.yaml").write_text(text, encoding="utf-8")
    for copy in (stage.repository, stage.flux):
        runner.run(("git", "init", "--quiet", str(copy)), deadline_seconds=60)


def flux_source() -> Object:
    """Returns Flux' source of this repository."""
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": "flux-system", "namespace": "flux-system"},
        "spec": {"interval": "1m", "url": "https://github.com/musiccorp/platform.git"},
    }


def flux_kustomization(path: str) -> Object:
    """Returns the Flux Kustomization that deploys a folder."""
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "-".join(path.split("/")[1:]), "namespace": "flux-system"},
        "spec": {
            "interval": "10m",
            "path": f"./{path}",
            "prune": True,
            "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
        },
    }
