"""The folder of one case: the same objects as manifests, repository, chart and test for each tool.

Only writes files; nothing here speaks to a cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.case import Case
from bench.manifests import namespaced

ENVIRONMENT = "bench"
CHART = "apiVersion: v2\nname: case\nversion: 0.1.0\n"
ENGINE_NAMESPACE = "argocd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """Everything a contestant needs to know about one delivery of one case."""

    case: Case
    namespace: str
    kubeconfig: Path
    folder: Path
    """Empty at the beginning."""
    seconds: float
    """How long every contestant may wait."""
    application: str = ""
    """The Application that delivers it; empty where the objects are applied directly."""

    @property
    def repository(self) -> Path:
        """A repository with one overlay, for `harness diagnose --repo`."""
        return self.folder / "repository"

    @property
    def chart(self) -> Path:
        """A chart with the same objects, for Helm."""
        return self.folder / "chart"

    @property
    def test(self) -> Path:
        """A test that waits for the workloads, for chainsaw."""
        return self.folder / "test"

    @property
    def engine_kubeconfig(self) -> Path:
        """The kubeconfig with Argo CD's namespace, as `argocd --core` wants it."""
        return self.folder / "engine-kubeconfig"

    def prepare(self) -> None:
        """Writes all files."""
        write_overlay(self.repository / "overlays" / ENVIRONMENT, self.case, self.namespace)
        self._write_chart()
        self._write_test()
        text = yaml.safe_load(self.kubeconfig.read_text(encoding="utf-8"))
        for context in text["contexts"]:
            context["context"]["namespace"] = ENGINE_NAMESPACE
        self.engine_kubeconfig.touch(mode=0o600)
        self.engine_kubeconfig.write_text(yaml.safe_dump(text), encoding="utf-8")

    def _write_chart(self) -> None:
        templates = self.chart / "templates"
        templates.mkdir(parents=True)
        (self.chart / "Chart.yaml").write_text(CHART, encoding="utf-8")
        objects = [namespaced(o, self.namespace) for o in self.case.objects]
        (templates / "objects.yaml").write_text(yaml.safe_dump_all(objects), encoding="utf-8")

    def _write_test(self) -> None:
        self.test.mkdir(parents=True)
        asserts = [{"assert": {"resource": _available(w)}} for w in self.case.workloads]
        test = {
            "apiVersion": "chainsaw.kyverno.io/v1alpha1",
            "kind": "Test",
            "metadata": {"name": self.case.name},
            "spec": {"steps": [{"try": asserts}]},
        }
        text = yaml.safe_dump(test)
        (self.test / "chainsaw-test.yaml").write_text(text, encoding="utf-8")


def write_overlay(folder: Path, case: Case, namespace: str) -> None:
    """Writes an overlay that declares everything of a case, also what is delivered late."""
    folder.mkdir(parents=True, exist_ok=True)
    kustomization = {"namespace": namespace, "resources": ["objects.yaml"]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), encoding="utf-8")
    text = yaml.safe_dump_all(list(case.declared))
    (folder / "objects.yaml").write_text(text, encoding="utf-8")


def _available(workload: str) -> dict[str, Any]:
    kind, _, name = workload.partition("/")
    kinds = {"deployment": "Deployment", "statefulset": "StatefulSet"}
    return {
        "apiVersion": "apps/v1",
        "kind": kinds[kind],
        "metadata": {"name": name},
        "status": {"availableReplicas": 1},
    }
