"""Clusters that a repository registers with Argo CD, and what a destination means. Pure.

A cluster is registered by a Secret with the label `argocd.argoproj.io/secret-type: cluster` that
holds `name` and `server`; the cluster Argo CD runs in needs none and is called `in-cluster`
(argo-cd `util/db/cluster.go`, `util/argo/argo.go`). A Secret that an operator makes may register
any cluster.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.audit.reading import at, is_placeholder, mapping, text, text_at
from harness.audit.scope import Scope
from harness.audit.source import Object

IN_CLUSTER_SERVER = "https://kubernetes.default.svc"
IN_CLUSTER_NAME = "in-cluster"
LABEL, VALUE = "argocd.argoproj.io/secret-type", "cluster"
_MAKERS = frozenset(
    {"ExternalSecret", "ClusterExternalSecret", "SealedSecret", "VaultStaticSecret"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster by its name and its API server; None where one of them is not known."""

    name: str | None
    server: str | None

    @property
    def is_own(self) -> bool:
        """Whether it is the cluster Argo CD runs in."""
        return self.server == IN_CLUSTER_SERVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """The registered clusters."""

    known: tuple[Cluster, ...]
    is_open: bool
    """Whether others may be registered by what is made elsewhere."""

    @classmethod
    def of(cls, scope: Scope) -> Clusters:
        """Returns the clusters that the objects and files of a repository register."""
        documents = (d for found in scope.tree.documents.values() for d in found)
        objects = [*scope.objects, *documents]
        registered = [o for o in objects if o.get("kind") == "Secret" and _is_cluster(o)]
        known = tuple(_cluster(o) for o in registered)
        made = any(text(o.get("kind")) in _MAKERS and _is_made_cluster(o) for o in objects)
        unreadable = any(c.name is None and c.server is None for c in known)
        return cls(known=known, is_open=made or unreadable)

    def destination(self, spec: Mapping[str, Any]) -> Cluster | None:
        """Returns the cluster of a `spec.destination`; None where it names none, or two."""
        name, server = text(spec.get("name")), text(spec.get("server")).rstrip("/")
        if bool(name) == bool(server):
            return None
        if name == IN_CLUSTER_NAME or server == IN_CLUSTER_SERVER:
            return Cluster(name=IN_CLUSTER_NAME, server=IN_CLUSTER_SERVER)
        found = next((c for c in self.known if name == c.name or server == c.server), None)
        return found or Cluster(name=name or None, server=server or None)

    def has(self, cluster: Cluster) -> bool:
        """Tells whether a cluster is registered, or may be."""
        return self.is_open or cluster.is_own or cluster in self.known


def clusters(scope: Scope) -> Clusters:
    """Returns the registered clusters of a scope."""
    found: Clusters = scope.memo("clusters", lambda: Clusters.of(scope))
    return found


def _is_cluster(obj: Object) -> bool:
    return text_at(obj, "metadata", "labels", LABEL) == VALUE


def _is_made_cluster(obj: Object) -> bool:
    """Tells whether an operator's Secret gets the label, or may get it from elsewhere."""
    spec = mapping(obj.get("spec"))
    templates = (at(spec, "target", "template"), spec.get("template"), spec.get("destination"), obj)
    return any(
        text_at(t, "metadata", "labels", LABEL) == VALUE or text_at(t, "labels", LABEL) == VALUE
        for t in templates
    )


def _cluster(secret: Object) -> Cluster:
    name, server = _value(secret, "name"), _value(secret, "server")
    return Cluster(name=name, server=server.rstrip("/") if server else None)


def _value(secret: Object, key: str) -> str | None:
    plain = text_at(secret, "stringData", key)
    found = plain or _decoded(text_at(secret, "data", key))
    return None if not found or is_placeholder(found) else found


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def in_words(found: Iterable[Cluster]) -> str:
    """Returns the registered clusters for a person, the own one first."""
    names = [c.name or c.server or "" for c in found]
    return ", ".join(dict.fromkeys([IN_CLUSTER_SERVER, *filter(None, names)]))
