"""Gives a cluster what a plan says: node labels, a control plane that takes pods, classes, metrics.

What is there already is left alone, so a kept cluster is adapted again without harm. A class of the
same name that somebody else made stays theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from harness.adaptation.metrics_server import API_SERVICE, metrics_server
from harness.adaptation.terms import Object, Plan, PlannedNode
from harness.model.kinds import object_path
from harness.model.refs import ObjectRef

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
NODES = "/api/v1/nodes"


class Adaptable(Protocol):
    """What adapting needs of the API."""

    def items(self, path: str) -> list[dict[str, Any]]:
        """Returns the items of a list."""

    def find(self, path: str) -> dict[str, Any] | None:
        """Returns the object at a path, or None."""

    def apply(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Applies an object."""

    def merge(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Merges fields into an object."""


def adapt(kube: Adaptable, plan: Plan, labels: Mapping[str, str]) -> None:
    """Labels the nodes and creates the classes of a plan, marked with `labels`.

    Raises:
        KubeError: The API server refuses something.
    """
    if plan.workers or plan.is_labelled:
        _prepare_nodes(kube, plan.nodes)
    for obj in plan.objects:
        path = object_path(ObjectRef.of(obj))
        if kube.find(path) is None:
            kube.apply(path, {**obj, "metadata": {**obj["metadata"], "labels": dict(labels)}})


def _prepare_nodes(kube: Adaptable, planned: Sequence[PlannedNode]) -> None:
    for node, wanted in zip(in_order(kube.items(NODES)), planned, strict=False):
        taints = (node.get("spec") or {}).get("taints") or []
        # With workers kubeadm keeps pods off the control plane; of one machine it is a part as any.
        left = [t for t in taints if t.get("key") != CONTROL_PLANE]
        body: dict[str, Any] = {"metadata": {"labels": dict(wanted.labels)}}
        if len(left) < len(taints):
            body["spec"] = {"taints": left}
        kube.merge(f"{NODES}/{node['metadata']['name']}", body)


def in_order(nodes: Sequence[Object]) -> list[Object]:
    """Returns the nodes as they were planned: the control plane, then workers by their number."""

    def place(node: Object) -> tuple[bool, int, str]:
        meta = node["metadata"]
        name = str(meta["name"])  # kind calls them NAME-worker, NAME-worker2, ...
        return CONTROL_PLANE not in (meta.get("labels") or {}), len(name), name

    return sorted(nodes, key=place)


def install_metrics(kube: Adaptable, image: str, labels: Mapping[str, str]) -> None:
    """Applies the metrics server; it serves once its API service is available.

    Raises:
        KubeError: The API server refuses something.
    """
    for path, body in metrics_server(image, labels):
        kube.apply(path, body)


def metrics_trouble(kube: Adaptable) -> str:
    """Returns why metrics are not served yet; empty once they are, of every node."""
    service = kube.find(f"/apis/apiregistration.k8s.io/v1/apiservices/{API_SERVICE}") or {}
    for condition in (service.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "Available" and condition.get("status") != "True":
            return str(condition.get("message") or condition.get("reason") or "not available")
    if not (service.get("status") or {}).get("conditions"):
        return "its API service is not looked at yet"
    known = {item["metadata"]["name"] for item in kube.items("/apis/metrics.k8s.io/v1beta1/nodes")}
    missing = [
        n["metadata"]["name"] for n in kube.items(NODES) if n["metadata"]["name"] not in known
    ]
    return f"no metrics of {', '.join(sorted(missing))} yet" if missing else ""
