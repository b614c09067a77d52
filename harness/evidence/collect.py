"""Writes what a person (or a later diagnosis) needs into a folder: objects, events, logs, node.

Everything is best effort within a budget: what cannot be read is named in `missing.txt` and never
hides the first error. Secrets are reduced to name, type and key names; known secret values are
masked in every file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.health.pods import is_pod_ready
from harness.io.kube import KubeError
from harness.model.kinds import collection
from harness.model.secret import Secret, redact

Object = dict[str, Any]
KINDS = (
    "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob",
    "PersistentVolumeClaim", "Service", "ConfigMap", "EndpointSlice", "NetworkPolicy", "Ingress",
    "Event", "Secret",
)  # fmt: skip
CLUSTER_FILES = {
    "nodes": "Node",
    "persistentvolumes": "PersistentVolume",
    "storageclasses": "StorageClass",
    "namespaces": "Namespace",
}
ENGINE_KINDS = ("Application", "ApplicationSet", "AppProject")
LOG_LINES = 200
NODE_COMMANDS = {
    "kubelet.log": ("journalctl", "-u", "kubelet", "-n", "300", "--no-pager"),
    "containerd.log": ("journalctl", "-u", "containerd", "-n", "150", "--no-pager"),
    "crictl.txt": ("crictl", "ps", "-a"),
    "disk.txt": ("df", "-h", "/var"),
}


class ClusterReader(Protocol):
    """What evidence needs of the API."""

    def items(self, path: str, **query: str) -> list[Object]:
        """Returns the items of a list."""

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, lines: int = 200
    ) -> str:
        """Returns the last lines of a container's log."""


class NodeReader(Protocol):
    """What evidence needs of Docker."""

    def execute(self, name: str, command: tuple[str, ...]) -> tuple[int, str]:
        """Runs a command in a container."""

    def container_logs(self, name: str, tail: int = 200) -> str:
        """Returns the last lines a container wrote."""


@dataclass(slots=True, kw_only=True)
class EvidenceFolder:
    """A folder that masks secrets in whatever is written to it."""

    path: Path
    secrets: Sequence[Secret]
    missing: list[str] = field(default_factory=list)

    def write(self, name: str, content: str) -> None:
        """Writes one file; empty content is left out."""
        if not content.strip():
            return
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(redact(content, self.secrets), encoding="utf-8")

    def attempt(self, name: str, read: Callable[[], str]) -> None:
        """Writes what `read` returns, or notes why it could not be read."""
        try:
            self.write(name, read())
        except (KubeError, OSError, RuntimeError, ValueError) as error:
            self.missing.append(f"{name}: {error}")

    def finish(self) -> None:
        """Notes what could not be read."""
        self.write("missing.txt", "\n".join(self.missing))


def without_values(obj: Object) -> Object:
    """Returns a Secret without its values; every other object without managed fields."""
    meta = {k: v for k, v in (obj.get("metadata") or {}).items() if k != "managedFields"}
    changed = {**obj, "metadata": meta}
    if "data" in obj and obj.get("type") is not None:
        meta.pop("annotations", None)
        changed["data"] = dict.fromkeys(obj["data"] or {}, "(hidden)")
        changed.pop("stringData", None)
    return changed


def collect_cluster(
    folder: EvidenceFolder,
    kube: ClusterReader,
    namespaces: Iterable[str],
    *,
    keep: Callable[[Object], Object] = without_values,
) -> None:
    """Writes the objects of the namespaces, Argo CD's objects and the logs that matter.

    `keep` says what may be written of an object; it gets each with its kind.
    """
    for name, kind in CLUSTER_FILES.items():
        _collection(folder, kube, f"cluster/{name}.json", kind, keep=keep)
    for kind in ENGINE_KINDS:
        _collection(folder, kube, f"argocd/{kind}.json", kind, keep=keep)
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(lambda ns: _namespace(folder, kube, ns, keep), dict.fromkeys(namespaces)))


def _collection(
    folder: EvidenceFolder,
    kube: ClusterReader,
    file: str,
    kind: str,
    namespace: str = "",
    *,
    keep: Callable[[Object], Object],
) -> None:
    path = collection(kind, namespace)
    folder.attempt(file, lambda: _dump([keep({**o, "kind": kind}) for o in kube.items(path)]))


def _namespace(
    folder: EvidenceFolder,
    kube: ClusterReader,
    namespace: str,
    keep: Callable[[Object], Object],
) -> None:
    for kind in KINDS:
        _collection(folder, kube, f"{namespace}/{kind}.json", kind, namespace, keep=keep)
    try:
        pods = kube.items(collection("Pod", namespace))
    except KubeError as error:
        folder.missing.append(f"{namespace} logs: {error}")
        return
    for pod in pods:
        _pod_logs(folder, kube, namespace, pod)


def _pod_logs(folder: EvidenceFolder, kube: ClusterReader, namespace: str, pod: Object) -> None:
    name, status = str(pod["metadata"]["name"]), pod.get("status") or {}
    lines = 50 if is_pod_ready(pod) else LOG_LINES
    for container in [
        *(status.get("initContainerStatuses") or []),
        *(status.get("containerStatuses") or []),
    ]:
        which = str(container["name"])
        stem = f"{namespace}/logs/{name}.{which}"
        folder.write(f"{stem}.log", kube.logs(namespace, name, which, lines=lines))
        if int(container.get("restartCount") or 0):
            previous = kube.logs(namespace, name, which, previous=True, lines=LOG_LINES)
            folder.write(f"{stem}.previous.log", previous)


def _dump(objects: list[Object]) -> str:
    return json.dumps(objects, indent=1, sort_keys=True) if objects else ""


def collect_containers(
    folder: EvidenceFolder, docker: NodeReader, containers: Iterable[str], nodes: Iterable[str]
) -> None:
    """Writes the logs of our own containers and the state of the nodes."""
    for name in containers:
        folder.attempt(f"docker/{name}.log", lambda n=name: docker.container_logs(n))  # type: ignore[misc]
    for node in nodes:
        for target, command in NODE_COMMANDS.items():
            folder.attempt(
                f"node/{node}/{target}",
                lambda n=node, c=command: docker.execute(n, c)[1],  # type: ignore[misc]
            )
