"""Probes and readiness gates, by what the manifest alone decides."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.checks.probes import (
    gates_have_controllers,
    ports_are_declared,
    ports_are_named,
    probes_have_one_handler,
)
from harness.audit.cluster_profile import KIND
from harness.audit.finding import Severity
from harness.audit.source import Unjudged
from tests.audit.manifests import config_map, container, found, manifest, of
from tests.audit.manifests import workload as deployment

Object = dict[str, Any]
PORTS = [{"name": "http", "containerPort": 8080}]
AWS = "target-health.elbv2.k8s.aws/k8s-shop"


def probed(port: Any, *, ports: Any = PORTS, kind: str = "readinessProbe", **more: Any) -> Object:
    probe = {kind: {"httpGet": {"path": "/", "port": port}}}
    return deployment("order", container("order", ports=ports, **probe, **more))


@pytest.mark.parametrize("kind", ["readinessProbe", "livenessProbe", "startupProbe"])
def test_a_named_port_that_the_container_lacks_is_a_defect(kind: str) -> None:
    (fault,) = found(ports_are_named, probed("htp", kind=kind))

    assert (fault.rule, fault.cause) == ("probe-port-missing", "B06")
    assert fault.field == f"spec.template.spec.containers[order].{kind}.httpGet.port"
    assert fault.fix.startswith("write http as ")


def test_a_port_of_another_container_does_not_count() -> None:
    probing = container("proxy", livenessProbe={"tcpSocket": {"port": "http"}})

    assert (
        len(found(ports_are_named, deployment("order", container("order", ports=PORTS), probing)))
        == 1
    )


def test_a_hook_is_looked_at_too() -> None:
    hook = {"preStop": {"httpGet": {"port": "admin"}}}

    assert len(found(ports_are_named, deployment("order", container(lifecycle=hook)))) == 1


@pytest.mark.parametrize("port", ["http", 8080, 9999, "${PORT}", "{{ .port }}", "", None, ["a"]])
def test_ports_that_are_named_or_numbers_are_fine(port: Any) -> None:
    assert not found(ports_are_named, probed(port))


def test_a_number_that_stands_nowhere_else_is_noted_once() -> None:
    order = container(
        "order",
        ports=PORTS,
        readinessProbe={"tcpSocket": {"port": 8000}},
        livenessProbe={"tcpSocket": {"port": 8000}},
    )
    (fault,) = found(ports_are_declared, deployment("order", order))

    assert (fault.rule, fault.cause, fault.value) == ("probe-port-undeclared", "B01", "8000")


@pytest.mark.parametrize(
    "objects",
    [
        (probed(8080),),
        (probed(8081),),
        (probed(8000, ports=None),),
        (probed(8000, ports=[*PORTS, {"containerPort": 9090}]),),
        (probed(8000, args=["--health=:8000"]),),
        (probed(8000, env={"HEALTH": "0.0.0.0:8000"}),),
        (probed(8000, envFrom=[{"configMapRef": {"name": "absent"}}]),),
        (
            probed(8000, envFrom=[{"configMapRef": {"name": "settings"}}]),
            config_map("settings", PORT="8000"),
        ),
    ],
)
def test_numbers_that_may_be_right_are_fine(objects: tuple[Object, ...]) -> None:
    assert not found(ports_are_declared, *objects)


def test_two_handlers_and_none_are_refused() -> None:
    both = container(readinessProbe={"httpGet": {"port": 1}, "exec": {"command": ["a"]}})
    none = container(livenessProbe={"periodSeconds": 5})
    (two,) = found(probes_have_one_handler, deployment("a", both))
    (no,) = found(probes_have_one_handler, deployment("b", none))

    assert (two.rule, no.rule) == ("probe-handlers", "probe-handlers")
    assert "exec and httpGet" in two.message


@pytest.mark.parametrize(
    "probe", [{"grpc": {"port": 1}}, {"httpGet": {"port": 1}, "exec": None}, {}, None, "a"]
)
def test_one_handler_and_no_probe_are_fine(probe: Any) -> None:
    assert not found(probes_have_one_handler, deployment("a", container(readinessProbe=probe)))


def gated(kind: str = AWS) -> Object:
    return deployment("order", pod={"readinessGates": [{"conditionType": kind}]})


def test_a_gate_of_a_load_balancer_needs_its_controller() -> None:
    (anywhere,) = found(gates_have_controllers, gated())
    (on_kind,) = found(gates_have_controllers, gated(), profile=KIND)

    assert (anywhere.rule, anywhere.cause) == ("readiness-gate-without-controller", "B10")
    assert (anywhere.severity, on_kind.severity) == (None, Severity.MISMATCH)


def test_gates_whose_controller_is_there_or_unknown_are_fine() -> None:
    controller = deployment("aws-load-balancer-controller", namespace="kube-system")
    chart = Unjudged(subject="x", reason="chart", charts=("aws-load-balancer-controller",))

    assert not found(gates_have_controllers, gated(), controller)
    assert not found(gates_have_controllers, gated(), unjudged=(chart,))
    assert not found(gates_have_controllers, gated("example.com/ready"))


@pytest.mark.parametrize(
    "odd",
    [
        manifest("Pod", "x", {"containers": [{"readinessProbe": ["a"], "ports": "80"}, None]}),
        manifest("Pod", "x", {"containers": [{"livenessProbe": {"httpGet": "a", "exec": 7}}]}),
        manifest("Pod", "x", {"containers": {}, "readinessGates": ["a", {"conditionType": 7}]}),
    ],
)
def test_odd_input_raises_nothing(odd: Object) -> None:
    for check in (ports_are_named, ports_are_declared, gates_have_controllers):
        assert not [*check(of(odd))]
    assert len([*probes_have_one_handler(of(odd))]) <= 1
