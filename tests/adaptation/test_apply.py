"""What the cluster is told: labels in the planned order, what exists left alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.adaptation.apply import adapt, in_order, install_metrics, metrics_trouble
from harness.adaptation.terms import Plan, PlannedNode

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
Object = dict[str, Any]


def node(name: str, *, controls: bool = False) -> Object:
    taint = {"key": CONTROL_PLANE, "effect": "NoSchedule"}
    return {
        "metadata": {"name": name, "labels": {CONTROL_PLANE: ""} if controls else {}},
        "spec": {"taints": [taint]} if controls else {},
    }


class Cluster:
    """Holds objects by path and records what was written."""

    def __init__(self, *nodes: Object, **objects: Object) -> None:
        self.lists: dict[str, list[Object]] = {"/api/v1/nodes": list(nodes)}
        self.objects: dict[str, Object] = dict(objects)
        self.applied: dict[str, Mapping[str, Any]] = {}
        self.merged: dict[str, Mapping[str, Any]] = {}

    def items(self, path: str) -> list[Object]:
        return self.lists.get(path, [])

    def find(self, path: str) -> Object | None:
        return self.objects.get(path)

    def apply(self, path: str, body: Mapping[str, Any]) -> Object:
        self.applied[path] = body
        return dict(body)

    def merge(self, path: str, body: Mapping[str, Any]) -> Object:
        self.merged[path] = body
        return dict(body)


def test_the_control_plane_comes_first_and_workers_by_their_number() -> None:
    names = ["c-worker10", "c-worker2", "c-worker", "c-control-plane"]
    nodes = [node(n, controls=n.endswith("plane")) for n in names]
    assert [n["metadata"]["name"] for n in in_order(nodes)] == list(reversed(names))


def test_nodes_get_their_labels_and_the_control_plane_takes_pods() -> None:
    kube = Cluster(node("c-worker"), node("c-control-plane", controls=True))
    plan = Plan(nodes=(PlannedNode(labels={"zone": "a"}), PlannedNode(labels={"zone": "b"})))
    adapt(kube, plan, {})
    assert kube.merged == {
        "/api/v1/nodes/c-control-plane": {
            "metadata": {"labels": {"zone": "a"}},
            "spec": {"taints": []},
        },
        "/api/v1/nodes/c-worker": {"metadata": {"labels": {"zone": "b"}}},
    }


def test_a_plan_without_labels_and_workers_touches_no_node() -> None:
    kube = Cluster(node("c-control-plane", controls=True))
    adapt(kube, Plan(), {})
    assert not kube.merged


def test_a_class_is_made_with_the_label_of_the_run_unless_it_is_there() -> None:
    path = "/apis/storage.k8s.io/v1/storageclasses/gp3"
    made = {"kind": "StorageClass", "metadata": {"name": "gp3"}, "provisioner": "p"}
    kube = Cluster()
    adapt(kube, Plan(objects=(made,)), {"run": "r"})
    assert kube.applied[path]["metadata"] == {"name": "gp3", "labels": {"run": "r"}}
    there = Cluster(**{path: made})
    adapt(there, Plan(objects=(made,)), {})
    assert not there.applied


def test_the_metrics_server_runs_the_image_it_is_given() -> None:
    kube = Cluster()
    install_metrics(kube, "registry/metrics:v1", {})
    deployment = kube.applied["/apis/apps/v1/namespaces/kube-system/deployments/metrics-server"]
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "registry/metrics:v1"
    assert "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io" in kube.applied


def test_metrics_are_served_when_every_node_has_some() -> None:
    service = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io"
    kube = Cluster(node("one"), node("two"))
    assert "not looked at" in metrics_trouble(kube)
    kube.objects[service] = {
        "status": {"conditions": [{"type": "Available", "status": "False", "message": "no pod"}]}
    }
    assert metrics_trouble(kube) == "no pod"
    kube.objects[service] = {"status": {"conditions": [{"type": "Available", "status": "True"}]}}
    kube.lists["/apis/metrics.k8s.io/v1beta1/nodes"] = [{"metadata": {"name": "one"}}]
    assert metrics_trouble(kube) == "no metrics of two yet"
    kube.lists["/apis/metrics.k8s.io/v1beta1/nodes"].append({"metadata": {"name": "two"}})
    assert metrics_trouble(kube) == ""
