from __future__ import annotations

from typing import Any

from harness.prove.load_balancer import usable_subnet
from harness.prove.routes import haproxy_config, routes


def _ingress(*paths: dict[str, Any], host: str = "shop.example") -> dict[str, Any]:
    rule = {"host": host, "http": {"paths": list(paths)}}
    return {"metadata": {"namespace": "dev", "name": "i"}, "spec": {"rules": [rule]}}


def _path(path: str, service: str, kind: str = "Prefix", **port: Any) -> dict[str, Any]:
    backend = {"service": {"name": service, "port": port or {"name": "http"}}}
    return {"path": path, "pathType": kind, "backend": backend}


def _service(name: str) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80}, {"name": "metrics", "port": 9090}]
    return {"metadata": {"namespace": "dev", "name": name}, "spec": {"ports": ports}}


def _slice(name: str, address: str, ready: bool = True, namespace: str = "dev") -> dict[str, Any]:
    return {
        "metadata": {"namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
        "ports": [{"name": "http", "port": 8080}, {"name": "metrics", "port": 9999}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": ready}}],
    }


def test_a_route_leads_to_the_ready_pods_on_the_target_port() -> None:
    slices = [
        _slice("orders", "10.244.0.7"),
        _slice("orders", "10.244.0.8", ready=False),
        _slice("orders", "10.244.0.9", namespace="other"),
        _slice("albums", "10.244.0.5"),
    ]

    (route,) = routes([_ingress(_path("/orders", "orders"))], [_service("orders")], slices)

    assert route.backends == (("10.244.0.7", 8080),)
    assert (route.host, route.path) == ("shop.example", "/orders")


def test_a_port_number_names_the_service_port_not_the_pod_port() -> None:
    (route,) = routes(
        [_ingress(_path("/", "orders", number=9090))],
        [_service("orders")],
        [_slice("orders", "10.244.0.7")],
    )

    assert route.backends == (("10.244.0.7", 9999),)


def test_a_missing_service_leaves_a_route_without_backends() -> None:
    (route,) = routes([_ingress(_path("/", "gone"))], [], [])

    assert route.backends == ()


def test_the_most_specific_route_is_asked_first() -> None:
    ingress = _ingress(
        _path("/", "a"), _path("/orders", "b"), _path("/orders/special", "c", "Exact")
    )

    config = haproxy_config(routes([ingress], [], []), 8080)

    order = [line.strip() for line in config.splitlines() if line.startswith("  acl path")]
    assert order == [
        "acl path0 path /orders/special",
        "acl path1 path_reg ^/orders(/|$)",
        "acl path2 path_beg /",
    ]


def test_the_stand_in_stands_in_the_first_declared_subnet() -> None:
    assert usable_subnet(["10.20.0.0/20", "10.21.0.0/20"]) == "10.20.0.0/20"
    assert usable_subnet(["10.0.0.0/8"]) == "10.0.0.0/20"
    assert usable_subnet(["10.255.4.0/24", "10.9.0.0/24"]) == "10.9.0.0/24"
    assert usable_subnet([]) == "10.20.0.0/24"
