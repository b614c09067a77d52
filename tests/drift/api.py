"""A small API server for the tests: it serves, lists, and merges by dry run as the real one does.

Strict: a path that it does not know is a 404, a kind it does not serve has no path. Whatever is
asked is remembered. `ignores_dry_run` makes it store what it was only to rehearse.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from harness.drift.fields import identity_of
from harness.io.kube import KubeError

Object = dict[str, Any]
VERBS = ["create", "delete", "get", "list", "patch"]
KINDS: dict[str, dict[str, tuple[str, bool]]] = {
    "v1": {
        "ConfigMap": ("configmaps", True),
        "Secret": ("secrets", True),
        "Service": ("services", True),
        "Pod": ("pods", True),
        "Namespace": ("namespaces", False),
    },
    "apps/v1": {
        "Deployment": ("deployments", True),
        "ReplicaSet": ("replicasets", True),
        "StatefulSet": ("statefulsets", True),
    },
    "autoscaling/v2": {"HorizontalPodAutoscaler": ("horizontalpodautoscalers", True)},
    "argoproj.io/v1alpha1": {
        "Application": ("applications", True),
        "ApplicationSet": ("applicationsets", True),
        "AppProject": ("appprojects", True),
    },
}


def base(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


class FakeApi:
    """Holds live objects."""

    def __init__(self, *objects: Object, without: tuple[str, ...] = ()) -> None:
        self.versions = {v: k for v, k in KINDS.items() if v not in without}
        self.objects: dict[str, Object] = {}
        self.extensions: tuple[str, ...] = ()
        self.refusals: dict[tuple[str, str], KubeError] = {}
        """By method and end of the path."""
        self.ignores_dry_run = False
        self.moves = 0
        """How many times an object changes between reading and rehearsing."""
        self.asked: list[tuple[str, str]] = []
        self.managers: list[str] = []
        for obj in objects:
            self.put(obj)

    def put(self, obj: Object) -> None:
        """Makes an object live."""
        stored = copy.deepcopy(obj)
        meta = stored["metadata"]
        meta.setdefault("resourceVersion", "7")
        meta.setdefault("uid", f"{obj['kind']}-{meta['name']}")
        self.objects[self._path(obj)] = stored

    def remove(self, kind: str, name: str) -> None:
        """Deletes an object."""
        ends = [
            p for p, o in self.objects.items() if (o["kind"], o["metadata"]["name"]) == (kind, name)
        ]
        del self.objects[ends[0]]

    def one(self, kind: str, name: str) -> Object:
        """The stored object, to be changed."""
        return next(
            o for o in self.objects.values() if (o["kind"], o["metadata"]["name"]) == (kind, name)
        )

    def _path(self, obj: Object) -> str:
        version, meta = str(obj["apiVersion"]), obj["metadata"]
        plural, namespaced = self.versions[version][obj["kind"]]
        space = f"/namespaces/{meta['namespace']}" if namespaced else ""
        return f"{base(version)}{space}/{plural}/{meta['name']}"

    def _note(self, method: str, path: str) -> None:
        self.asked.append((method, path))
        for (wanted, end), error in self.refusals.items():
            if wanted == method and path.endswith(end):
                raise error

    def get(self, path: str, **query: str) -> Object:  # noqa: ARG002
        found = self.find(path)
        if found is None:
            message = f"GET {path}: 404 not found"
            raise KubeError(message, 404)
        return found

    def find(self, path: str) -> Object | None:
        self._note("GET", path)
        if path == "/apis":
            groups = [v for v in self.versions if "/" in v]
            return {
                "groups": [
                    {"preferredVersion": {"groupVersion": v}, "versions": [{"groupVersion": v}]}
                    for v in groups
                ]
            }
        if path.endswith("/apiservices"):
            return {
                "items": [{"spec": {"group": g, "service": {"name": "x"}}} for g in self.extensions]
            }
        for version, kinds in self.versions.items():
            if path == base(version):
                return {"resources": [_resource(k, *v) for k, v in kinds.items()]}
        return copy.deepcopy(self.objects.get(path))

    def items(self, path: str, **query: str) -> list[Object]:  # noqa: ARG002
        self._note("LIST", path)
        plural = path.rpartition("/")[2]
        found = [
            {k: v for k, v in obj.items() if k not in {"kind", "apiVersion"}}
            for where, obj in sorted(self.objects.items())
            if where.startswith(f"{path}/")
            or ("/namespaces/" not in path and f"/{plural}/" in where)
        ]
        return copy.deepcopy(found)

    def rehearse(self, path: str, body: Mapping[str, Any], *, manager: str) -> Object:
        self._note("PATCH", path)
        self.managers.append(manager)
        stored = self.objects[path]
        if self.moves:
            self.moves -= 1
            stored["metadata"]["resourceVersion"] = str(
                int(stored["metadata"]["resourceVersion"]) + 1
            )
        merged: Object = _merged(stored, body)
        if self.ignores_dry_run:
            self.objects[path] = copy.deepcopy(merged)
        return merged

    def rehearse_creation(self, path: str, body: Mapping[str, Any]) -> Object:
        self._note("POST", path)
        meta = {**body["metadata"], "name": "drift-x1"}
        return copy.deepcopy({**body, "metadata": meta})


def _resource(kind: str, plural: str, namespaced: bool) -> Object:
    return {"name": plural, "kind": kind, "namespaced": namespaced, "verbs": VERBS}


def _merged(stored: Any, applied: Any) -> Any:
    if isinstance(stored, dict) and isinstance(applied, dict):
        changed = {k: _merged(stored.get(k), v) for k, v in applied.items()}
        return copy.deepcopy({**stored, **changed})
    if isinstance(stored, list) and isinstance(applied, list):
        keys = identity_of(stored, applied)
        if keys is not None:
            there = {i[keys[0]]: i for i in stored}
            new = {i[keys[0]]: _merged(there.get(i[keys[0]]), i) for i in applied}
            return list({**there, **new}.values())
    return copy.deepcopy(applied)
