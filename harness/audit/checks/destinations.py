"""Clusters that Applications deploy to and that nobody registers: cause A10.

Only the cluster that Argo CD runs in is known without a Secret, by the one address
`https://kubernetes.default.svc` or the name `in-cluster` (argo-cd `util/db/cluster.go`). A cluster
that is added by hand with `argocd cluster add` is a precondition like any other.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.audit.checks.all_checks import ScopeCheck
from harness.audit.clusters import IN_CLUSTER_SERVER, clusters, in_words
from harness.audit.engine_objects import applications
from harness.audit.finding import Fault
from harness.audit.reading import is_placeholder, mapping
from harness.audit.scope import Scope
from harness.model.refs import ObjectRef


def unregistered_clusters(scope: Scope) -> Iterator[Fault]:
    """Yields the clusters that Applications name and that no Secret registers, one each."""
    registered = clusters(scope)
    for app in applications(scope):
        cluster = registered.destination(mapping(app.spec.get("destination")))
        if cluster is None or registered.has(cluster):
            continue
        word = "name" if cluster.name else "server"
        value = cluster.name or cluster.server or ""
        if is_placeholder(value):
            continue
        is_own_misspelt = "kubernetes.default" in value
        yield app.fault(
            "argocd-destination-cluster-unregistered", "spec", "destination", word,
            message=f"{app.ref} deploys to the cluster {value}, which no Secret here registers",
            expected="a Secret with the label argocd.argoproj.io/secret-type: cluster that holds "
            f"it, or one of: {in_words(registered.known)}",
            fix=f"set spec.destination.server to {IN_CLUSTER_SERVER}"
            if is_own_misspelt
            else f"argocd cluster add, for {value}",
            cause="A10",
            value=value,
            root=ObjectRef("Cluster", "", value),
        )  # fmt: skip


CHECKS: tuple[ScopeCheck, ...] = (unregistered_clusters,)
