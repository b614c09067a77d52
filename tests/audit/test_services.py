"""Services: selectors, target ports, ports in quotes, variables set by their names."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.checks.port_numbers import ports_are_in_range, ports_are_numbers
from harness.audit.checks.service_links import services_set_no_variable
from harness.audit.checks.service_ports import target_ports_exist
from harness.audit.checks.services import services_select_pods
from harness.audit.finding import NotJudged, Severity
from harness.audit.source import Source, Unjudged
from tests.audit.manifests import config_map, container, found, manifest, of, service, unknown
from tests.audit.manifests import workload as deployment
from tests.audit.scopes import scope

Object = dict[str, Any]
ELSEWHERE = {"app.kubernetes.io/name": "grafana"}


def selecting(**labels: str) -> Object:
    return service("order", selector=labels)


def test_a_misspelt_selector_is_a_defect_that_names_the_workload() -> None:
    (fault,) = found(services_select_pods, selecting(app="ordr"), deployment("order"))

    assert fault.rule == "service-selects-nothing"
    assert (fault.severity, fault.cause) == (None, "N07")
    assert str(fault.object) == "Service shop/order"
    assert (fault.field, fault.value) == ("spec.selector.app", "ordr")
    assert "Deployment shop/order" in fault.expected
    assert fault.fix == "set app: order in spec.selector of Service shop/order"
    assert fault.source == "overlays/dev"


def test_a_selector_that_is_like_no_workload_is_an_external_precondition() -> None:
    (fault,) = found(services_select_pods, selecting(**ELSEWHERE), deployment("order"))

    assert fault.severity is Severity.PRECONDITION


def test_a_selector_with_one_label_too_many_is_a_defect() -> None:
    selector = selecting(app="order", tier="web")
    (fault,) = found(services_select_pods, selector, deployment("order"))

    assert (fault.severity, fault.field) == (None, "spec.selector.tier")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("role", "primary"),
        ("statefulset.kubernetes.io/pod-name", "order-0"),
        ("longhorn.io/recovery-backend", "x"),
        ("app", "${APP}"),
        ("app", "{{ .Values.app }}"),
    ],
)
def test_labels_that_are_set_later_are_no_reason_to_speak(key: str, value: str) -> None:
    selector = selecting(**{"app": "order", key: value})

    assert not [*services_select_pods(of(selector, deployment("order")))]


@pytest.mark.parametrize(
    "other",
    [
        manifest("Kafka", "events", {}),
        manifest("HelmRelease", "x", {}, apiVersion="helm.toolkit.fluxcd.io/v2"),
        manifest("Deployment", "torn", {"template": {"metadata": {"labels": ["a"]}, "spec": {}}}),
    ],
)
def test_where_somebody_else_may_bring_the_pods_it_is_not_judged(other: Object) -> None:
    objects = (selecting(**ELSEWHERE), deployment("order"), other)

    assert not found(services_select_pods, *objects)
    assert len(unknown(services_select_pods, *objects)) == 1


def test_a_chart_of_the_namespace_may_bring_the_pods_and_one_of_another_may_not() -> None:
    objects = (selecting(**ELSEWHERE), deployment("order"))

    def judged(namespace: str) -> int:
        chart = Unjudged(subject="Application argocd/x", reason="chart", namespace=namespace)
        return len(found(services_select_pods, *objects, unjudged=(chart,)))

    assert (judged("shop"), judged(""), judged("monitoring")) == (0, 0, 1)


def test_custom_resources_without_pods_of_their_own_change_nothing() -> None:
    objects = (
        selecting(app="ordr"),
        deployment("order"),
        manifest("Certificate", "tls", {}, apiVersion="cert-manager.io/v1"),
        manifest("Rollout", "web", deployment("web")["spec"]),
        manifest("ServiceMonitor", "m", {}, apiVersion="monitoring.coreos.com/v1"),
    )

    assert len(found(services_select_pods, *objects)) == 1


def test_the_pods_of_an_argo_rollout_are_selected() -> None:
    rollout = manifest("Rollout", "order", deployment("order")["spec"])

    assert not [*services_select_pods(of(service("order"), rollout))]


def test_pods_of_another_source_in_the_namespace_are_selected() -> None:
    one = Source(path="a", objects=(service("order"),))
    other = Source(path="b", objects=(deployment("order"),))
    nameless = Source(path="c", objects=(deployment("order", namespace=""),))

    assert not [*services_select_pods(scope(one, other))]
    assert not [*services_select_pods(scope(one, nameless))]


def test_pods_of_another_namespace_are_not_selected() -> None:
    objects = (service("order"), deployment("order", namespace="other"), deployment("orders"))

    assert len(found(services_select_pods, *objects)) == 1


@pytest.mark.parametrize(
    "spec",
    [
        {"selector": {}},
        {"selector": None},
        {"type": "ExternalName", "externalName": "db.example", "selector": {"app": "x"}},
    ],
)
def test_services_without_a_selector_are_not_judged(spec: Object) -> None:
    assert not [*services_select_pods(of(manifest("Service", "db", spec), deployment("order")))]


def test_the_clusters_own_pods_and_declared_endpoints_are_fine() -> None:
    cluster = service("kube-scheduler", namespace="kube-system")
    pods = deployment("order", namespace="kube-system")
    endpoints = manifest("Endpoints", "legacy", subsets=[])

    assert not [*services_select_pods(of(cluster, pods))]
    assert not [*services_select_pods(of(service("legacy"), endpoints, deployment("order")))]


def test_a_service_of_knative_is_no_service() -> None:
    knative = manifest(
        "Service", "web", {"selector": {"a": "b"}}, apiVersion="serving.knative.dev/v1"
    )

    assert not found(services_select_pods, knative, deployment("order"))


NAMED = container(ports=[{"name": "http", "containerPort": 8080}])


def test_a_target_port_that_no_container_names_is_a_defect() -> None:
    (fault,) = found(target_ports_exist, service("order", 80, "htp"), deployment("order", NAMED))

    assert (fault.rule, fault.cause) == ("service-targetport-missing", "N08")
    assert (fault.field, fault.value) == ("spec.ports[80].targetPort", "htp")
    assert fault.fix == "write http as spec.ports[80].targetPort of Service shop/order"


def test_a_target_port_of_another_protocol_is_a_defect() -> None:
    udp = container(ports=[{"name": "dns", "containerPort": 53, "protocol": "UDP"}])
    (fault,) = found(target_ports_exist, service("dns", 53, "dns"), deployment("dns", udp))

    assert "protocol: TCP" in fault.fix


@pytest.mark.parametrize("target", ["http", 8080, 9999, None, "http-envoy-prom", "${PORT}"])
def test_target_ports_that_are_there_or_need_no_declaration_are_fine(target: Any) -> None:
    assert not found(target_ports_exist, service("order", 80, target), deployment("order", NAMED))


def test_a_port_of_a_sidecar_counts() -> None:
    pod = {"initContainers": [{**NAMED, "name": "proxy", "restartPolicy": "Always"}]}

    assert not found(target_ports_exist, service("order", 80, "http"), deployment("order", pod=pod))


def test_one_of_several_selected_workloads_with_the_name_is_enough() -> None:
    job = deployment("job", kind="Job", labels={"app": "order"})
    objects = (service("order", 80, "http"), deployment("order", NAMED), job)

    assert not found(target_ports_exist, *objects)


def probed(port: int) -> Object:
    return container(
        ports=[{"containerPort": 8080}], readinessProbe={"httpGet": {"port": port}}, args=["run"]
    )


def test_a_number_beside_the_only_declared_and_probed_port_is_a_note() -> None:
    (fault,) = found(target_ports_exist, service("order", 80), deployment("order", probed(8080)))

    assert fault.rule == "service-targetport-undeclared"


def test_a_number_is_fine_where_nothing_shows_that_the_program_listens_elsewhere() -> None:
    order = service("order", 80)
    written = {**probed(8080), "env": [{"name": "LISTEN", "value": ":80"}]}

    assert not found(target_ports_exist, order, deployment("order", probed(80)))
    assert not found(target_ports_exist, order, deployment("order", written))
    assert not found(target_ports_exist, order, deployment("order", NAMED))
    unnamed = container(ports=[{"containerPort": 8080}])
    assert not found(target_ports_exist, order, deployment("order", unnamed))


def test_numbers_in_quotes_are_taken_for_names() -> None:
    order = container(readinessProbe={"httpGet": {"port": "8080"}})
    faults = found(ports_are_numbers, service("order", 80, "8080"), deployment("order", order))

    assert [f.rule for f in faults] == ["port-in-quotes"] * 2
    assert {f.field for f in faults} == {
        "spec.ports[80].targetPort",
        "spec.template.spec.containers[app].readinessProbe.httpGet.port",
    }
    assert not found(ports_are_numbers, service("order", 80, 8080), deployment("order", NAMED))


@pytest.mark.parametrize(
    ("port", "target", "declared", "count"),
    [
        (808000, 8080, 8080, 1),
        (0, 8080, 8080, 1),
        (80, 70000, 8080, 1),
        (80, 8080, -1, 1),
        (80, 0, 65535, 0),
        (1, "http", "${PORT}", 0),
        (True, None, None, 0),
    ],
)
def test_numbers_that_no_port_has(port: Any, target: Any, declared: Any, count: int) -> None:
    order = container(ports=[{"name": "http", "containerPort": declared, "hostPort": 0}])
    faults = found(ports_are_in_range, service("order", port, target), deployment("order", order))

    assert [f.rule for f in faults] == ["port-out-of-range"] * count


def test_the_field_of_a_wrong_number_is_named() -> None:
    ports = [{"containerPort": 99999}, {"name": "b", "hostPort": 99999}]
    order = deployment("order", container(ports=ports))
    listed = service("order", ports=[{"port": 99999}, {"name": "web", "port": 99999}])
    faults = found(ports_are_in_range, listed, order)

    assert [f.field for f in faults] == [
        "spec.ports[0].port",
        "spec.ports[web].port",
        "spec.template.spec.containers[app].ports[0].containerPort",
        "spec.template.spec.containers[app].ports[b].hostPort",
    ]


def test_a_target_port_that_policies_forbid_and_nobody_declares_is_a_defect() -> None:
    rule = {"from": [{"podSelector": {}}], "ports": [{"port": 8080}]}
    policy = manifest("NetworkPolicy", "in", {"podSelector": {}, "ingress": [rule]})
    client = deployment("web", container(env={"ORDER_URL": "http://order:8080"}))
    server = deployment("order", container(ports=[{"containerPort": 8080}]))
    (fault,) = found(target_ports_exist, service("order", 8080, 8089), server, client, policy)

    assert (fault.rule, fault.severity) == ("service-targetport-undeclared", Severity.DEFECT)
    assert fault.value == "8089"
    assert not found(target_ports_exist, service("order", 8080, 8089), server, client)


KAFKA = container("kafka", "confluentinc/cp-kafka:7.7.0")


def test_a_service_called_kafka_breaks_confluents_image() -> None:
    (fault,) = found(services_set_no_variable, service("kafka"), deployment("broker", KAFKA))

    assert (fault.rule, fault.cause) == ("service-links-override", "K10")
    assert fault.fix == "set spec.template.spec.enableServiceLinks: false"


@pytest.mark.parametrize(
    ("name", "image", "variable"),
    [
        ("flower", "mher/flower:2.0", "FLOWER_PORT"),
        ("mlflow", "ghcr.io/mlflow/mlflow:v2", "MLFLOW_PORT"),
    ],
)
def test_other_programs_that_read_a_variable_of_their_name(
    name: str, image: str, variable: str
) -> None:
    (fault,) = found(
        services_set_no_variable, service(name), deployment("x", container(name, image))
    )

    assert fault.cause == "P13"
    assert variable in fault.message


@pytest.mark.parametrize(
    "broker",
    [
        deployment("broker", KAFKA, pod={"enableServiceLinks": False}),
        deployment("broker", {**KAFKA, "env": [{"name": "KAFKA_PORT", "value": ""}]}),
        deployment("broker", {**KAFKA, "envFrom": [{"configMapRef": {"name": "absent"}}]}),
        deployment("broker", {**KAFKA, "command": ["kafka-topics", "--create"]}),
        deployment("broker", container("kafka", "bitnami/kafka:3.7")),
        deployment("broker", KAFKA, namespace="other"),
    ],
)
def test_service_links_harm_nobody_who_does_not_read_them(broker: Object) -> None:
    assert not found(services_set_no_variable, service("kafka"), broker)


def test_a_headless_service_sets_no_variables() -> None:
    headless = service("kafka", clusterIP="None")

    assert not found(services_set_no_variable, headless, deployment("broker", KAFKA))


def test_a_reference_to_a_variable_that_only_a_service_sets_is_a_note() -> None:
    app = container(args=["--port=$(REDIS_PORT)"])
    (fault,) = found(services_set_no_variable, service("redis"), deployment("app", app))
    given = {**app, "envFrom": [{"configMapRef": {"name": "settings"}}]}

    assert fault.severity is Severity.NOTE
    assert not found(
        services_set_no_variable,
        service("redis"),
        deployment("app", given),
        config_map("settings", REDIS_PORT="6379"),
    )


ODD: tuple[Object, ...] = (
    {"kind": "Service"},
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": None},
    manifest("Service", "x", {"selector": ["a"], "ports": "80"}),
    manifest("Service", "x", {"selector": {"a": None, "b": {}}, "ports": [None, 7, {"port": "x"}]}),
    manifest("Deployment", "x", {"template": {"spec": {"containers": ["a", {"ports": [7]}]}}}),
    manifest("Deployment", "x", []),
    manifest("Pod", "x", {"containers": {"name": "a"}}),
)


@pytest.mark.parametrize("odd", ODD)
def test_odd_input_raises_nothing(odd: Object) -> None:
    checks = (
        services_select_pods,
        target_ports_exist,
        ports_are_numbers,
        ports_are_in_range,
        services_set_no_variable,
    )
    odd_scope = scope(Source(path="a", objects=(odd, service("order"), deployment("order"))))

    for check in checks:
        assert all(isinstance(each, NotJudged) for each in check(odd_scope))
