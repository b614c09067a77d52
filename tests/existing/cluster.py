"""A cluster in memory: discovery, labels, owners, finalizers; it counts what is written."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from harness.io.kube import Kube, KubeError

Object = dict[str, Any]
KINDS = {
    "v1": {"Namespace": "namespaces", "Secret": "secrets", "Pod": "pods"},
    "apps/v1": {"Deployment": "deployments", "StatefulSet": "statefulsets"},
    "rbac.authorization.k8s.io/v1": {"ClusterRole": "clusterroles"},
    "apiextensions.k8s.io/v1": {"CustomResourceDefinition": "customresourcedefinitions"},
    "storage.k8s.io/v1": {"StorageClass": "storageclasses"},
    "networking.k8s.io/v1": {"IngressClass": "ingressclasses"},
    "argoproj.io/v1alpha1": {
        "Application": "applications",
        "ApplicationSet": "applicationsets",
        "AppProject": "appprojects",
    },
}
CLUSTER_WIDE = {
    "namespaces",
    "clusterroles",
    "customresourcedefinitions",
    "storageclasses",
    "ingressclasses",
}
PRUNE = "resources-finalizer.argocd.argoproj.io"


class FakeCluster(Kube):
    """Answers as an API server does; `log` holds every write that was asked for."""

    def __init__(self, *, argocd: bool = True, refuse: tuple[str, ...] = ()) -> None:
        self.objects: dict[str, Object] = {}
        self.log: list[str] = []
        self.argocd = argocd
        self.refuse = refuse
        """Parts of paths that this user may not touch."""
        self._uids = itertools.count(1)

    def put(self, path: str, **metadata: Any) -> Object:
        """Places an object without writing to the log."""
        parts = path.split("/")
        namespace = parts[parts.index("namespaces") + 1] if "/namespaces/" in path else ""
        where = {"namespace": namespace} if namespace and parts[-2] != "namespaces" else {}
        kind = next(k for ks in KINDS.values() for k, p in ks.items() if p == parts[-2])
        meta = {"name": parts[-1], "uid": f"uid-{next(self._uids)}", **where, **metadata}
        self.objects[path] = {"kind": kind, "metadata": meta}
        return self.objects[path]

    def get(self, path: str, **query: str) -> Object:
        self._may(path)
        if path == "/apis":
            return {"groups": [_group(v) for v in self._versions() if "/" in v]}
        for version, kinds in KINDS.items():
            if path == _root(version) and version in self._versions():
                return {"resources": [_resource(k, p) for k, p in kinds.items()]}
        if path in self.objects:
            return self.objects[path]
        plural = path.rpartition("/")[2]
        if any(plural in kinds.values() for kinds in KINDS.values()):
            return {"items": self._listed(path, query.get("labelSelector", ""))}
        message = f"GET {path}: 404 not found"
        raise KubeError(message, 404)

    def create(self, path: str, body: Mapping[str, Any]) -> Object:
        self._may(path)
        self.log.append(f"create {path}/{body['metadata']['name']}")
        made = self.put(f"{path}/{body['metadata']['name']}")
        made["metadata"] = {**made["metadata"], **body["metadata"]}
        return made

    def merge(self, path: str, body: Mapping[str, Any]) -> Object:
        self._may(path)
        self.log.append(f"merge {path}")
        meta = self.objects[path]["metadata"]
        meta.update(body.get("metadata") or {})
        if meta.get("deletionTimestamp") and not meta.get("finalizers"):
            del self.objects[path]
        return {}

    def delete(self, path: str, *, grace_seconds: int | None = None) -> None:
        assert grace_seconds is None
        self._may(path)
        self.log.append(f"delete {path}")
        found = self.objects.get(path)
        if found is None:
            return
        if found["metadata"].get("finalizers"):
            found["metadata"]["deletionTimestamp"] = "now"
            return
        uid = found["metadata"]["uid"]
        del self.objects[path]
        for owned, obj in list(self.objects.items()):
            if any(o["uid"] == uid for o in obj["metadata"].get("ownerReferences") or []):
                self.delete(owned)

    def prune(self) -> None:
        """Does Argo CD's part: ends Applications that are to be deleted."""
        for path, obj in list(self.objects.items()):
            if obj["metadata"].get("deletionTimestamp"):
                del self.objects[path]

    def _listed(self, path: str, selector: str) -> list[Object]:
        base, _, plural = path.rpartition("/")
        return [
            obj
            for p, obj in self.objects.items()
            if p.startswith(base)
            and p.split("/")[-2] == plural
            and _matches(obj["metadata"].get("labels") or {}, selector)
        ]

    def _versions(self) -> list[str]:
        return [v for v in KINDS if self.argocd or "argoproj" not in v]

    def _may(self, path: str) -> None:
        if any(part in path for part in self.refuse):
            message = f"{path}: 403 forbidden"
            raise KubeError(message, 403)


class RunningClock:
    """A clock that moves when somebody sleeps, and lets Argo CD work meanwhile."""

    def __init__(self, cluster: FakeCluster | None = None) -> None:
        self.seconds, self._cluster = 0.0, cluster

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        if self._cluster is not None:
            self._cluster.prune()


def _matches(labels: Mapping[str, str], selector: str) -> bool:
    for part in filter(None, selector.split(",")):
        key, equals, value = part.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True


def _root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def _group(version: str) -> Object:
    return {"preferredVersion": {"groupVersion": version}, "versions": [{"groupVersion": version}]}


def _resource(kind: str, plural: str) -> Object:
    verbs = ["create", "delete", "get", "list", "watch"]
    return {"name": plural, "kind": kind, "namespaced": plural not in CLUSTER_WIDE, "verbs": verbs}
