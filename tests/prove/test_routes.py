"""Which targets stand behind a route, and the order of routes for classes other than `alb`."""

from __future__ import annotations

from typing import Any

import pytest

from harness.prove.routes import routing
from harness.prove.routing import Listener, Routing, Snapshot, Target, TargetGroup
from tests.prove.ingresses import endpoints, ingress, made, path, service, shown


def plain(*paths: dict[str, Any], **options: Any) -> dict[str, Any]:
    return ingress(*paths, of_class="nginx", **options)


def targets(found: Routing, number: int = 0) -> tuple[Target, ...]:
    action = found.routes[number].action
    assert isinstance(action, TargetGroup)
    return action.targets


def test_a_route_leads_to_the_ready_pods_of_its_service_on_the_target_port() -> None:
    slices = (
        endpoints("10.244.0.7"),
        endpoints("10.244.0.8", ready=False),
        endpoints("10.244.0.9", namespace="other"),
        endpoints("10.244.0.5", "albums"),
    )

    for of_class in ("alb", "nginx"):
        one = ingress(of_class=of_class)
        found = routing(Snapshot(ingresses=(one,), services=(service(),), slices=slices))

        assert targets(found) == (Target("10.244.0.7", 8080),)


def test_a_port_number_names_the_service_port_not_the_pod_port() -> None:
    assert targets(made(plain(path("/", number=9090)))) == (Target("10.244.0.7", 9999),)


@pytest.mark.parametrize("backend", [path("/", "gone"), path("/", name="gone")])
def test_a_missing_service_or_port_leaves_a_route_without_targets(backend: dict[str, Any]) -> None:
    assert targets(made(plain(backend))) == ()


def test_exact_paths_come_before_long_prefixes_before_short_ones_before_any_host() -> None:
    anywhere = plain(path("/anywhere/long"), host="", name="a")
    found = made(anywhere, plain(path("/"), path("/orders"), path("/a", kind="Exact")))

    assert [shown(r) for r in found.routes] == [
        ("shop.example", "/a", "exact"),
        ("shop.example", "/orders", "prefix"),
        ("shop.example", "/", "prefix"),
        ("", "/anywhere/long", "prefix"),
    ]


def test_other_classes_listen_on_80_and_with_tls_on_443_too() -> None:
    with_tls = plain(name="secure", host="secure.example")
    with_tls["spec"]["tls"] = [{"hosts": ["secure.example"]}]

    first, second = made(plain(), with_tls).routes

    assert (first.host, first.listeners) == (
        "secure.example",
        (Listener(80), Listener(443, tls=True)),
    )
    assert second.listeners == (Listener(80),)


def test_a_default_backend_takes_what_no_rule_takes() -> None:
    one = plain(path("/orders"))
    one["spec"]["defaultBackend"] = {"service": {"name": "web", "port": {"number": 80}}}

    assert [shown(r)[:2] for r in made(one).routes] == [("shop.example", "/orders"), ("", "/")]


def test_annotations_of_other_controllers_are_said_not_to_be_imitated() -> None:
    one = plain()
    one["metadata"]["annotations"] = {"nginx.ingress.kubernetes.io/rewrite-target": "/$1", "a": "b"}

    (note,) = made(one).notes

    assert "Ingress dev/shop" in note
    assert "nginx.ingress.kubernetes.io/rewrite-target" in note


def test_a_port_with_and_without_tls_has_tls() -> None:
    secure = ingress(name="b", listen_ports='[{"HTTPS": 80}]', host="b.example")

    found = made(ingress(name="a", host="a.example"), secure)

    assert found.listeners == (Listener(80, tls=True),)
    assert "port 80 is declared with and without TLS" in found.notes[-1]
