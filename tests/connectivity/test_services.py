from __future__ import annotations

from typing import Any

import pytest

from harness.connectivity.inventory import Inventory
from harness.connectivity.services import (
    Target,
    Trouble,
    absent_target_ports,
    all_targets,
    idle_services,
    publishes_not_ready,
    selected,
    targets,
)
from harness.model.refs import ObjectRef
from tests.connectivity.objects import Object, container, service, workload

HTTP = container(ports=[{"containerPort": 9000}, {"name": "http", "containerPort": 8080}])
WEB = workload("web", containers=[HTTP])


def _targets(entry: Object, port: int, **spec: Any) -> list[tuple[int, str]]:
    web = service("web", entry, **spec)
    found = targets(web, port, Inventory.of([WEB, web]))
    return [(each.port, each.trouble) for each in found]


@pytest.mark.parametrize(
    ("entry", "port", "expected"),
    [
        ({"port": 80, "targetPort": 8080}, 80, (8080, "")),
        ({"port": 80, "targetPort": "http"}, 80, (8080, "")),
        ({"port": 8080}, 8080, (8080, "")),
        ({"port": 80, "targetPort": "http"}, 0, (8080, "")),
        ({"port": 80, "targetPort": "grpc"}, 80, (0, Trouble.NAMED_PORT_ABSENT)),
        ({"port": 80, "targetPort": "http"}, 8080, (0, Trouble.PORT_NOT_OFFERED)),
    ],
)
def test_a_port_is_translated_to_that_of_the_pod(
    entry: Object, port: int, expected: tuple[int, str]
) -> None:
    assert _targets(entry, port) == [expected]


def test_a_headless_service_translates_nothing() -> None:
    entry = {"port": 80, "targetPort": "http"}
    assert _targets(entry, 80, clusterIP="None") == [(80, "")]
    assert _targets(entry, 9093, clusterIP="None") == [(9093, "")]
    assert _targets(entry, 0, clusterIP="None") == [(8080, "")]


def test_of_one_port_with_two_protocols_tcp_is_taken() -> None:
    web = service("web", {"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"})
    found = targets(web, 53, Inventory.of([WEB, web]))
    assert [each.protocol for each in found] == ["TCP"]


def test_an_unknown_port_of_several_is_not_guessed() -> None:
    web = service("web", {"port": 80, "targetPort": 8080}, {"port": 81, "targetPort": 8081})
    inventory = Inventory.of([WEB, web])
    assert [(t.port, t.trouble) for t in targets(web, 0, inventory)] == [(0, "")]
    assert [t.port for t in all_targets(web, inventory.workloads[0])] == [8080, 8081]


def test_a_service_leads_to_every_workload_of_its_namespace_with_its_labels() -> None:
    canary = workload("canary", labels={"app": "web", "track": "canary"})
    far = workload("web", namespace="other")
    web = service("web", {"port": 80})
    names = [str(w.ref) for w in selected(web, Inventory.of([WEB, canary, far, web]))]
    assert names == ["Deployment shop/canary", "Deployment shop/web"]


def test_a_service_without_selector_or_of_another_host_is_not_judged() -> None:
    manual = service("web", {"port": 80}, selector=None)
    alias = service("web", type="ExternalName", externalName="db.example.com")
    for obj, trouble in ((manual, Trouble.NO_SELECTOR), (alias, Trouble.EXTERNAL_NAME)):
        inventory = Inventory.of([WEB, obj])
        assert targets(obj, 80, inventory) == (Target(workload=None, trouble=trouble),)
        assert idle_services(inventory) == ()


def test_a_service_that_selects_nothing_is_told_with_the_nearest_workload() -> None:
    lost = service("lost", {"port": 80}, selector={"app": "webb", "tier": "front"})
    web = workload("web", labels={"app": "web", "tier": "front"})
    far = workload("a-far-one", labels={"app": "web"})
    inventory = Inventory.of([far, web, lost, service("web", {"port": 80})])
    assert targets(lost, 80, inventory)[0].trouble is Trouble.SELECTS_NOTHING
    assert idle_services(inventory) == (
        (
            ObjectRef("Service", "shop", "lost"),
            "Deployment shop/web lacks app=webb; it has app=web",
        ),
    )


def test_a_service_far_from_every_workload_says_so() -> None:
    lost = service("lost", {"port": 80})
    assert idle_services(Inventory.of([lost]))[0][1] == "the namespace has no workload"
    assert idle_services(Inventory.of([WEB, lost]))[0][1] == "no workload has any of app=lost"


def test_a_target_port_that_no_container_names_is_told() -> None:
    web = service("web", {"port": 80, "targetPort": "grpc"}, {"port": 81, "targetPort": "http"})
    assert absent_target_ports(Inventory.of([WEB, web])) == (
        (ObjectRef("Service", "shop", "web"), "grpc", ObjectRef("Deployment", "shop", "web")),
    )


def test_a_sidecar_may_have_the_named_port_and_an_init_container_not() -> None:
    web = service("web", {"port": 80, "targetPort": "http"})
    for policy, port in (("Always", 8080), (None, 0)):
        init = {**HTTP, "name": "side", "restartPolicy": policy}
        obj = workload("web", pod={"initContainers": [init]})
        assert [t.port for t in targets(web, 80, Inventory.of([obj, web]))] == [port]


def test_names_of_unready_pods_are_published_only_when_said() -> None:
    assert publishes_not_ready(service("a", publishNotReadyAddresses=True))
    assert not publishes_not_ready(service("a"))


def test_what_a_workload_owns_is_not_a_workload_of_its_own() -> None:
    owner = {"kind": "ReplicaSet", "name": "web-1", "controller": True}
    pod: Object = {
        "kind": "Pod",
        "metadata": {
            "name": "web-1-x", "namespace": "shop", "labels": {"app": "web"},
            "ownerReferences": [owner],
        },
        "spec": {"containers": []},
        "status": {"podIP": "10.244.0.9"},
    }  # fmt: skip
    owners: list[Object] = [{"kind": "Cluster", "controller": True}, {"kind": "ReplicaSet"}]
    for each in owners:
        other = {**pod, "metadata": {**pod["metadata"], "ownerReferences": [each]}}
        assert [w.ref.kind for w in Inventory.of([other]).workloads] == ["Pod"]
    static = {**pod, "metadata": {**pod["metadata"], "ownerReferences": [{"kind": "Node"}]}}
    inventory = Inventory.of([WEB, pod])
    assert [w.ref.kind for w in inventory.workloads] == ["Deployment"]
    assert inventory.endpoint(inventory.workloads[0]).ip == "10.244.0.9"
    assert [w.ref.kind for w in Inventory.of([static]).workloads] == ["Pod"]


def test_a_pod_is_found_by_the_labels_that_no_controller_gave_it() -> None:
    labels = {"app": "db", "controller-revision-hash": "db-1", "job-name": "x"}
    pod = {"kind": "Pod", "metadata": {"name": "db", "labels": labels}, "spec": {}}
    (found,) = Inventory.of([pod]).workloads
    assert found.selector == {"app": "db"}
    assert found.labels == labels
