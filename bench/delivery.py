"""Delivers a case to the cluster and takes it away again.

Directly: server-side apply into a namespace of its own, with the pull secret that the shop has.
By Argo CD: an Application that points to the case's folder in the published repository; delivered
is what the tools need, namely that the workloads exist.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from bench.arena import ENGINE_NAMESPACE, Arena
from bench.manifests import PULL_SECRET, Object, namespaced
from harness.model.kinds import collection, object_path
from harness.model.refs import ObjectRef

SHOP = "shop-dev"
PROJECT = "bench"
REPOSITORY = "https://git.shop.example/platform/shop.git"
PROVISIONER = ObjectRef("Deployment", "local-path-storage", "local-path-provisioner")
EXIST_SECONDS = 90.0
GONE_SECONDS = 90.0


class Writable(Protocol):
    """What delivering needs of the API."""

    def find(self, path: str) -> Object | None:
        """Returns an object, or None."""

    def items(self, path: str, **query: str) -> list[Object]:
        """Returns the objects of a list."""

    def apply(self, path: str, body: Object) -> Object:
        """Applies an object server-side."""

    def merge(self, path: str, body: Object) -> Object:
        """Merges fields into an object."""

    def delete(self, path: str, *, grace_seconds: int | None = None) -> None:
        """Deletes an object."""


def apply_object(kube: Writable, obj: Object) -> None:
    """Applies one object server-side."""
    kube.apply(object_path(ObjectRef.of(obj)), obj)


def prepare_namespace(kube: Writable, namespace: str) -> None:
    """Makes a namespace with the pull secret of the shop, and waits for its ServiceAccount."""
    apply_object(kube, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    path = object_path(ObjectRef("Secret", SHOP, PULL_SECRET))
    found = kube.find(path)
    if found is None:
        message = f"the pull secret of the shop is not there: {path}"
        raise LookupError(message)
    apply_object(
        kube,
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": PULL_SECRET, "namespace": namespace},
            "type": found["type"],
            "data": found["data"],
        },
    )
    account = object_path(ObjectRef("ServiceAccount", namespace, "default"))
    _until(lambda: kube.find(account) is not None, f"{account} to exist", EXIST_SECONDS)


def deliver(kube: Writable, arena: Arena) -> float:
    """Delivers a case; returns the moment from which every tool could look (epoch seconds)."""
    if arena.application:
        apply_object(kube, project())
        apply_object(kube, application(arena))
        workloads = [_path_of(w, arena.namespace) for w in arena.case.workloads]
        _until(
            lambda: all(kube.find(path) is not None for path in workloads),
            f"Argo CD to create {arena.case.workloads[0]}",
            EXIST_SECONDS,
        )
    else:
        for obj in arena.case.objects:
            apply_object(kube, namespaced(obj, arena.namespace))
    return time.time()


def deliver_late(kube: Writable, arena: Arena) -> None:
    """Delivers what the case delivers later."""
    for obj in arena.case.late:
        apply_object(kube, namespaced(obj, arena.namespace))


def _path_of(workload: str, namespace: str) -> str:
    kind, _, name = workload.partition("/")
    return f"/apis/apps/v1/namespaces/{namespace}/{kind}s/{name}"


def project() -> Object:
    """Returns the AppProject of the cases."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": PROJECT, "namespace": ENGINE_NAMESPACE},
        "spec": {
            "sourceRepos": [REPOSITORY],
            "destinations": [{"server": "*", "namespace": "*"}],
        },
    }


def application(arena: Arena) -> Object:
    """Returns the Application that delivers a case."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": arena.application, "namespace": ENGINE_NAMESPACE},
        "spec": {
            "project": PROJECT,
            "source": {
                "repoURL": REPOSITORY,
                "targetRevision": "HEAD",
                "path": f"bench/{arena.case.name}",
            },
            "destination": {
                "server": "https://kubernetes.default.svc",
                "namespace": arena.namespace,
            },
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
    }


def take_away(kube: Writable, arena: Arena) -> None:
    """Removes a delivery: the Application first, so that nothing heals, then the namespace."""
    if arena.application:
        kube.delete(object_path(ObjectRef("Application", ENGINE_NAMESPACE, arena.application)))
    kube.delete(object_path(ObjectRef("Namespace", "", arena.namespace)))
    pods = collection("Pod", arena.namespace)
    _until(lambda: not kube.items(pods), f"the pods of {arena.namespace} to end", GONE_SECONDS)


@contextmanager
def provisioner_away(kube: Writable) -> Iterator[Callable[[], None]]:
    """Takes the volume provisioner away until the end, or until what it gives is called."""
    path = object_path(PROVISIONER)

    def back() -> None:
        kube.merge(path, {"spec": {"replicas": 1}})

    kube.merge(path, {"spec": {"replicas": 0}})
    try:
        pods = collection("Pod", PROVISIONER.namespace)
        _until(lambda: not kube.items(pods), "the provisioner to end", GONE_SECONDS)
        yield back
    finally:
        back()


def _until(goal: Callable[[], Any], what: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not goal():
        if time.monotonic() > end:
            message = f"waited {seconds:.0f} s for {what}"
            raise TimeoutError(message)
        time.sleep(0.2)
