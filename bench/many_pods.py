"""Watches thousands of pods that are written to a real API server, where no kubelet acts on them.

The pods name a scheduler that does not exist, so that nothing places, runs or deletes them (pods of
a node that does not exist would be collected as garbage within a minute). Measured is a process of
its own (`bench.observing`): memory, time to the first complete view, latency from a status written
to its entry in the timeline, time of a diagnosis.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from bench.contest import Ring
from bench.contestants import ROOT
from bench.delivery import apply_object
from bench.manifests import Object
from harness.io.kube import Kube
from harness.model.kinds import collection, object_path
from harness.model.refs import ObjectRef

NAMESPACE = "case-many-pods"
WRITERS = 16
OBSERVING_SECONDS = 600.0
BROKEN_EVERY = 100
"""One pod in so many is not ready."""


def pod(number: int) -> Object:
    """Returns one of the pods, as a Deployment's would look."""
    labels = {"app": f"service-{number % 50}", "pod-template-hash": "5d8f7c9b6"}
    container = {
        "name": "service",
        "image": f"ghcr.io/shop/service-{number % 50}:1.0.{number % 7}",
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": "NAME", "value": f"service-{number % 50}"}],
        "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
        "resources": {"requests": {"cpu": "5m", "memory": "32Mi"}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod_name(number), "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "schedulerName": "nobody",
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": False,
            "containers": [container],
        },
    }


def pod_name(number: int) -> str:
    """Returns the name of a pod."""
    return f"service-{number % 50}-5d8f7c9b6-{number:05d}"


def status(number: int, *, ready: bool, started: str = "2026-01-01T00:00:00Z") -> Object:
    """Returns the status that a kubelet would have written."""
    word = "True" if ready else "False"
    conditions = [
        {"type": kind, "status": "True" if kind in {"PodScheduled", "Initialized"} else word}
        for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    ]
    state: Object = {
        "name": "service",
        "image": f"ghcr.io/shop/service-{number % 50}:1.0.{number % 7}",
        "imageID": f"ghcr.io/shop/service@sha256:{number:064x}",
        "containerID": f"containerd://{number:064x}",
        "ready": ready,
        "started": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": started}},
    }
    return {"phase": "Running", "conditions": conditions, "containerStatuses": [state]}


def status_path(number: int) -> str:
    """Returns where the status of a pod is written."""
    return f"{collection('Pod', NAMESPACE)}/{pod_name(number)}/status"


def measure(ring: Ring, pods: int, patches: int) -> dict[str, Any]:
    """Returns what was measured with this many pods."""
    with _written(ring, pods) as seconds:
        ring.say(f"observing {pods} pods")
        words = ("-m", "bench.observing", str(ring.kubeconfig), str(pods), str(patches))
        done = ring.runner.run(
            (sys.executable, *words), deadline_seconds=OBSERVING_SECONDS, cwd=ROOT
        )
        if not done.ok:
            message = f"observing {pods} pods: {done.explain()}"
            raise LookupError(message)
        found: dict[str, Any] = json.loads(done.stdout)
    return {**found, "write_seconds": round(seconds, 1)}


@contextmanager
def _written(ring: Ring, pods: int) -> Iterator[float]:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    apply_object(ring.kube, namespace)
    account = object_path(ObjectRef("ServiceAccount", NAMESPACE, "default"))
    while ring.kube.find(account) is None:
        time.sleep(0.2)
    began = time.monotonic()
    try:
        ring.say(f"writing {pods} pods and their status")
        _for_each(pods, lambda number: _write(ring.kube, number))
        yield time.monotonic() - began
    finally:
        ring.say(f"removing {pods} pods")
        _for_each(pods, lambda number: _remove(ring.kube, number))
        ring.kube.delete(object_path(ObjectRef("Namespace", "", NAMESPACE)))


def _for_each(pods: int, do: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(max_workers=WRITERS) as pool:
        for _ in pool.map(do, range(pods)):
            pass


def _write(kube: Kube, number: int) -> None:
    kube.create(collection("Pod", NAMESPACE), pod(number))
    ready = number % BROKEN_EVERY != 0
    kube.merge(status_path(number), {"status": status(number, ready=ready)})


def _remove(kube: Kube, number: int) -> None:
    kube.delete(f"{collection('Pod', NAMESPACE)}/{pod_name(number)}", grace_seconds=0)
