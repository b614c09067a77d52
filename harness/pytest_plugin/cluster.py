"""What the fixtures `gitops_cluster` and `gitops_deployed` hand over.

`Cluster` reads and writes the raw objects of the deployed cluster through `harness.io.kube`, and
runs the kubectl of the bundle. Changes are the test's business: the cluster is thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from harness.bundle.manifest import read_bundle
from harness.io.kube import Kube
from harness.io.process import ProcessRunner
from harness.model.kinds import collection, object_path
from harness.model.refs import ObjectRef
from harness.model.run import RunRecord

KUBECTL_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The live cluster of a test run."""

    kubeconfig: Path
    run: RunRecord
    """What the deployment came to; it may have failed."""

    @cached_property
    def kube(self) -> Kube:
        """The API: raw objects by path."""
        return Kube(self.kubeconfig)

    def get(self, kind: str, name: str, namespace: str = "") -> dict[str, Any]:
        """Returns one object.

        Raises:
            KubeError: There is none, or the API server does not answer.
        """
        return self.kube.get(object_path(ObjectRef(kind, namespace, name)))

    def items(self, kind: str, namespace: str = "") -> list[dict[str, Any]]:
        """Returns the objects of a kind, of one namespace or all."""
        return self.kube.items(collection(kind, namespace))

    def kubectl(self, *arguments: str) -> str:
        """Runs kubectl and returns what it printed.

        Raises:
            AssertionError: It failed; with its own words.
        """
        __tracebackhide__ = True
        done = ProcessRunner().run(
            [kubectl_program(), *arguments],
            deadline_seconds=KUBECTL_SECONDS,
            env={"KUBECONFIG": str(self.kubeconfig)},
        )
        if not done.ok:
            message = f"kubectl {' '.join(arguments)}: {done.explain()}"
            raise AssertionError(message)
        return done.stdout


def kubectl_program() -> str:
    """Returns the kubectl of the newest bundle, else the one on the PATH."""
    bundles = (user_cache_path("gitops-harness") / "bundles").glob("*/bundle.json")
    newest = sorted(bundles, key=lambda p: p.stat().st_mtime)
    return str(read_bundle(newest[-1]).tools["kubectl"].path) if newest else "kubectl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A repository that is deployed, ready and proven."""

    cluster: Cluster
    run: RunRecord
