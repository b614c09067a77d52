"""Connects from the network of a workload's pod, without changing the pod.

On a kind cluster each node is a container: there the network namespace of the pod's process is
entered (`crictl inspect`, `nsenter`), and bash opens the connection. The pod's labels, policies and
address are its own. Names are looked up in the cluster's API, because the file system stays the
node's. A second try from the node itself tells a blocked connection from one nobody answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pytest

from harness.health.pods import is_pod_ready
from harness.model.kinds import collection, object_path
from harness.model.refs import ObjectRef
from harness.pytest_plugin.deployment import Reach

Execute = Callable[[str, tuple[str, ...]], tuple[int, str]]
CONNECT = 'exec 3<>"/dev/tcp/$0/$1" && echo connected'
TIMEOUT_CODES = frozenset({124, 137, 143})
WORDS = {
    "refused": "refused",
    "timed out": "timeout",
    "no route": "unreachable",
    "unreachable": "unreachable",
}


class Reading(Protocol):
    """What a probe needs of the API."""

    def find(self, path: str) -> dict[str, Any] | None:
        """Returns an object, or None."""

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Returns the items of a list."""


def probe(
    kube: Reading, execute: Execute, client: ObjectRef, target: str, *, seconds: float
) -> Reach:
    """Returns how a connection from a workload's pod to `host:port` ended.

    Raises:
        UsageError: The target is no `host:port`, no Service, or the workload has no running pod.
    """
    host, port = _split(target)
    address = address_of(kube, host, client.namespace)
    pod = _running_pod(kube, client)
    node = str(pod["spec"]["nodeName"])
    entered = ("nsenter", "-t", _process(execute, node, pod), "-n")
    word = _connect(execute, node, entered, address, port, seconds)
    listens = word == "open" or _connect(execute, node, (), address, port, seconds) == "open"
    return Reach(client=str(client), target=target, word=word, listens=listens)


def word_for(code: int, output: str) -> str:
    """Returns how a connection ended, from the exit code and the words of bash and timeout."""
    if code == 0 and "connected" in output:
        return "open"
    said = output.lower()
    known = next((word for part, word in WORDS.items() if part in said), "")
    return known or ("timeout" if code in TIMEOUT_CODES else "unknown")


def address_of(kube: Reading, host: str, namespace: str) -> str:
    """Returns an IP address for a Service `name`, `name.namespace` or `name.namespace.svc...`.

    Anything else, as an IP address, comes back as it is. A headless Service gives one of its pods.
    """
    name, _, rest = host.partition(".")
    space = rest.partition(".")[0] or namespace
    service = kube.find(object_path(ObjectRef("Service", space, name))) if _is_name(name) else None
    if service is None:
        if _is_name(name) and "." not in host:
            message = f"there is no Service {space}/{name}"
            raise pytest.UsageError(message)
        return host
    address = str((service.get("spec") or {}).get("clusterIP") or "None")
    return address if address != "None" else _endpoint(kube, space, name)


def _is_name(word: str) -> bool:
    return bool(word) and not word.isdigit() and ":" not in word


def _endpoint(kube: Reading, namespace: str, name: str) -> str:
    slices = kube.items(
        collection("EndpointSlice", namespace), labelSelector=f"kubernetes.io/service-name={name}"
    )
    for found in slices:
        for endpoint in found.get("endpoints") or []:
            for address in endpoint.get("addresses") or []:
                return str(address)
    message = f"Service {namespace}/{name} has no endpoint"
    raise pytest.UsageError(message)


def _split(target: str) -> tuple[str, int]:
    host, _, port = target.rpartition(":")
    if not host or not port.isdigit():
        message = f"{target!r} is no host:port, as orders:8080"
        raise pytest.UsageError(message)
    return host.strip("[]"), int(port)


def _running_pod(kube: Reading, client: ObjectRef) -> dict[str, Any]:
    workload = kube.find(object_path(client)) or {}
    if client.kind == "Pod":
        return workload
    labels = ((workload.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    pods = kube.items(collection("Pod", client.namespace), labelSelector=selector) if labels else []
    running = [p for p in pods if (p.get("status") or {}).get("phase") == "Running"]
    if not running:
        message = f"{client} has no running pod to connect from"
        raise pytest.UsageError(message)
    return max(running, key=is_pod_ready)


def _process(execute: Execute, node: str, pod: dict[str, Any]) -> str:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    alive = [s for s in statuses if "running" in (s.get("state") or {})]
    identifier = str(alive[0]["containerID"]).partition("://")[2] if alive else ""
    template = "{{.info.pid}}"
    code, output = execute(
        node, ("crictl", "inspect", "--output", "go-template", "--template", template, identifier)
    )
    if code or not output.strip().isdigit():
        message = f"no process of pod {pod['metadata']['name']} was found on {node}"
        raise pytest.UsageError(message)
    return output.strip()


def _connect(
    execute: Execute, node: str, entered: tuple[str, ...], address: str, port: int, seconds: float
) -> str:
    limit = ("timeout", str(max(seconds, 0.1)))
    code, output = execute(node, (*entered, *limit, "bash", "-c", CONNECT, address, str(port)))
    return word_for(code, output)
