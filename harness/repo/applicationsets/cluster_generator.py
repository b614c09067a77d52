"""The cluster generator, on the clusters that somebody named.

Argo CD's own cluster is always there, unless it is named among them or a selector asks for labels.
Source: Argo CD v3.5 `applicationset/generators/cluster.go`.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.repo.applicationsets.context import Context, Parameters
from harness.repo.applicationsets.model import Cluster
from harness.repo.applicationsets.reading import mapping, texts
from harness.repo.applicationsets.selectors import selects
from harness.repo.gotemplate import UnresolvableError
from harness.repo.gotemplate.functions.argocd import normalize
from harness.repo.gotemplate.values import StringMap

OWN_SERVER = "https://kubernetes.default.svc"
OWN_NAME = "in-cluster"
SECRET_TYPE = "argocd.argoproj.io/secret-type"  # noqa: S105 # a label's name
_NOT_GIVEN = frozenset({
    "argocd.argoproj.io/refresh",
    "argocd.argoproj.io/hydrate",
    "argocd.argoproj.io/tracking-id",
    "argocd.argoproj.io/installation-id",
    "kubectl.kubernetes.io/last-applied-configuration",
})  # fmt: skip


def cluster_parameters(generator: Parameters, context: Context) -> list[Parameters]:
    """Returns the parameters of a cluster generator.

    Raises:
        TemplateError: Argo CD reports an error.
        UnresolvableError: Nobody said which clusters are registered.
    """
    if context.given.clusters is None:
        message = "the cluster generator asks Argo CD for its clusters (audit.clusters names them)"
        raise UnresolvableError(message)
    values = texts(generator.get("values"), "clusters.values")
    found = [
        context.renderer.with_values(values, parameters)
        for parameters in _all_parameters(generator, context.given.clusters, is_go=context.is_go)
    ]
    return [{"clusters": found}] if generator.get("flatList") is True else found


def _all_parameters(
    generator: Parameters, clusters: tuple[Cluster, ...], *, is_go: bool
) -> Iterator[Parameters]:
    selector = mapping(generator.get("selector"), "clusters.selector")
    chosen = {c.name: c for c in clusters if selects(selector, _labels(c), "clusters.selector")}
    for cluster in chosen.values():
        yield _parameters(cluster, is_go=is_go)
    asks = selector.get("matchLabels") or selector.get("matchExpressions")
    if not asks and all(cluster.server != OWN_SERVER for cluster in chosen.values()):
        yield {
            "name": OWN_NAME,
            "nameNormalized": OWN_NAME,
            "server": OWN_SERVER,
            "project": "",
        }


def _labels(cluster: Cluster) -> dict[str, str]:
    return {**cluster.labels, SECRET_TYPE: "cluster"}


def _parameters(cluster: Cluster, *, is_go: bool) -> Parameters:
    labels = _labels(cluster)
    annotations = {k: v for k, v in cluster.annotations.items() if k not in _NOT_GIVEN}
    found: Parameters = {
        "name": cluster.name,
        "nameNormalized": normalize(cluster.name),
        "server": cluster.server,
        "project": cluster.project,
    }
    if not is_go:
        found |= {f"metadata.annotations.{key}": value for key, value in annotations.items()}
        return found | {f"metadata.labels.{key}": value for key, value in labels.items()}
    metadata: Parameters = {"labels": StringMap(labels)}
    if cluster.annotations:
        metadata["annotations"] = StringMap(annotations)
    return {**found, "metadata": metadata}
