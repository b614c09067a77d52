"""Services of type LoadBalancer get a node's address where no cloud gives one."""

from __future__ import annotations

from typing import Any

from harness.prove.service_addresses import assigned

NODES = ("172.18.0.2", "172.18.0.3")


def service(name: str, *ports: int, kind: str = "LoadBalancer", **more: Any) -> dict[str, Any]:
    return {
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"type": kind, "ports": [{"port": p} for p in ports], **more},
    }


def addresses(*services: dict[str, Any]) -> dict[str, str]:
    return {a.service.name: a.address for a in assigned(services, NODES)}


def test_each_gets_the_first_node_whose_ports_are_free() -> None:
    assert addresses(
        service("a", 80), service("b", 80, 443), service("c", 443), service("d", 80)
    ) == {
        "a": NODES[0],
        "b": NODES[1],
        "c": NODES[0],
        "d": "",
    }


def test_a_port_of_the_nodes_own_programs_is_left_alone() -> None:
    assert addresses(service("api", 6443)) == {"api": ""}


def test_other_types_classes_and_those_that_have_an_address_are_left_alone() -> None:
    has = service("has", 81) | {"status": {"loadBalancer": {"ingress": [{"ip": "1.1.1.1"}]}}}
    assert addresses(service("plain", 80, kind="ClusterIP"), has) == {}
    assert addresses(service("other", 80, loadBalancerClass="service.k8s.aws/nlb")) == {}
