"""Hosts that no Service has, pods that no StatefulSet has, ports that a Service does not offer."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.checks.dependencies import hosts_are_services, ports_are_offered
from harness.audit.checks.governing_services import governing_services_exist
from harness.audit.checks.misspelt_hosts import words_are_services
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.source import Source, Tree, Unjudged
from tests.audit.manifests import config_map, container, found, manifest, of, service, unknown
from tests.audit.manifests import workload as deployment
from tests.audit.scopes import scope

Object = dict[str, Any]


def client(**env: str) -> Object:
    return deployment("order", container(env=env))


POSTGRES = service("postgres", 5432)


def test_a_misspelt_host_is_a_defect_of_the_object_that_names_it() -> None:
    (fault,) = found(hosts_are_services, client(DB_HOST="postgress"), POSTGRES)

    assert (fault.rule, fault.cause, fault.severity) == ("dependency-not-deployed", "N09", None)
    assert str(fault.object) == "Deployment shop/order"
    assert fault.field == "spec.template.spec.containers[app].env[DB_HOST]"
    assert fault.value == "postgress"
    assert fault.fix.startswith("write postgres in place of postgress in ")
    assert fault.source == "overlays/dev"


def test_the_field_is_that_of_the_kind_of_workload() -> None:
    template = client(DB_HOST="postgress")["spec"]["template"]
    rollout = manifest("Rollout", "web", {"template": template})
    cron = manifest("CronJob", "nightly", {"jobTemplate": {"spec": {"template": template}}})
    faults = found(hosts_are_services, rollout, cron, POSTGRES)

    assert {(str(f.object), f.field.partition(".containers")[0]) for f in faults} == {
        ("Rollout shop/web", "spec.template.spec"),
        ("CronJob shop/nightly", "spec.jobTemplate.spec.template.spec"),
    }


def test_a_host_in_a_configmap_is_a_defect_of_the_configmap() -> None:
    app = container(envFrom=[{"configMapRef": {"name": "settings"}}])
    settings = config_map("settings", DB_HOST="postgress")
    (fault,) = found(hosts_are_services, deployment("order", app), settings, POSTGRES)

    assert str(fault.object) == "ConfigMap shop/settings"
    assert fault.field == "data[DB_HOST]"


def test_a_host_that_nothing_is_like_may_be_in_the_cluster() -> None:
    (fault,) = found(hosts_are_services, client(REDIS_HOST="redis"), POSTGRES)

    assert fault.severity is Severity.PRECONDITION
    assert str(fault.object) == "Service shop/redis"
    assert str(fault.user) == "Deployment shop/order"
    assert "declared are postgres" in fault.expected


def test_a_name_with_another_port_than_asked_is_not_the_one_that_was_meant() -> None:
    exporter = service("redis-exporter", 9121)
    (fault,) = found(hosts_are_services, client(REDIS_URL="redis://redis:6379"), exporter)

    assert fault.severity is Severity.PRECONDITION


def test_an_init_container_that_waits_for_nobody_says_so() -> None:
    wait = container("wait", command=["sh", "-c", "until nc -z postgress 5432; do sleep 1; done"])
    (fault,) = found(
        hosts_are_services, deployment("order", pod={"initContainers": [wait]}), POSTGRES
    )

    assert "its init container waits for it" in fault.message
    assert fault.field == "spec.template.spec.initContainers[wait].command"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_HOST", "postgres"),
        ("DB_HOST", "db.example.com"),
        ("DB_HOST", "mydb.abc.eu-central-1.rds.amazonaws.com"),
        ("DB_HOST", "10.0.0.1"),
        ("DB_HOST", "localhost"),
        ("DB_HOST", "kubernetes.default.svc"),
        ("DB_HOST", "postgres.elsewhere.svc.cluster.local"),
        ("DB_HOST", "changeme"),
        ("DB_HOST", "your-database-host"),
        ("DB_HOST", "${DB_HOST}"),
        ("DB_HOST", "{{ .Values.db }}"),
        ("DB_HOST", "<db-host>"),
        ("HOSTNAME", "order"),
        ("VIRTUAL_HOST", "albums"),
        ("BASE_URL", "http://albums"),
        ("ORDER_HOST", "order"),
        ("ORDER_HOSTNAME", "talos"),
        ("TOPIC", "orders"),
        ("API_URL", "https://albums.dev"),
        ("LISTEN_ADDRESS", "albums"),
        ("OWNER", "kubernetes://apis/apps/v1/namespaces/shop/deployments/order"),
        ("DATABASE_URL", "sqlite://albums"),
    ],
)
def test_other_hosts_and_words_are_fine(name: str, value: str) -> None:
    dev = config_map("x")
    dev["metadata"]["namespace"] = "dev"

    assert not found(hosts_are_services, client(**{name: value}), POSTGRES, dev)


@pytest.mark.parametrize(
    "other",
    [
        manifest("Cluster", "pg", {}, apiVersion="postgresql.cnpg.io/v1"),
        manifest("Kafka", "events", {}),
    ],
)
def test_what_an_operator_may_bring_is_not_judged(other: Object) -> None:
    objects = (client(DB_HOST="pg-rw"), other, POSTGRES)

    assert not found(hosts_are_services, *objects)
    assert len(unknown(hosts_are_services, *objects)) <= 1


def test_what_a_chart_may_bring_is_not_judged() -> None:
    chart = Unjudged(subject="Application argocd/redis", reason="chart", namespace="shop")
    objects = (client(REDIS_HOST="redis"), POSTGRES)
    (told,) = unknown(hosts_are_services, *objects, unjudged=(chart,))

    assert not found(hosts_are_services, *objects, unjudged=(chart,))
    assert "Application argocd/redis" in told.reason


def test_services_of_sibling_sources_count_also_without_a_namespace() -> None:
    one = Source(path="a", objects=(client(DB_HOST="postgres"),))
    other = Source(path="b", objects=(POSTGRES,))
    nameless = Source(path="c", objects=(service("postgres", 5432, namespace=""),))

    assert not [*hosts_are_services(scope(one, other))]
    assert not [*hosts_are_services(scope(one, nameless))]


def test_hosts_of_a_mesh_are_fine() -> None:
    entry = manifest("ServiceEntry", "db", {"hosts": ["database"]})

    assert not found(hosts_are_services, client(DB_HOST="database"), entry, POSTGRES)


def test_a_service_that_a_prefix_renamed_is_told_by_another_rule() -> None:
    source = Source(
        path="overlays/dev", objects=(client(DB_HOST="postgres"), service("dev-postgres", 5432))
    )
    tree = Tree(
        folders=("overlays/dev",),
        files=("overlays/dev/kustomization.yaml",),
        kustomizations={"overlays/dev": {"namePrefix": "dev-"}},
    )

    assert not [*hosts_are_services(scope(source, tree=tree))]


def quorum(replicas: int = 1, governing: str = "kafka", **spec: Any) -> tuple[Object, ...]:
    return (
        deployment("kafka", kind="StatefulSet", replicas=replicas, serviceName=governing),
        service("kafka", 9092, clusterIP="None", **spec),
    )


@pytest.mark.parametrize(
    ("host", "objects", "field"),
    [
        ("kafka-1.kafka:9092", quorum(1), "spec.template.spec.containers[app].env[KAFKA_BROKERS]"),
        ("kafka-0.kafka:9092", quorum(1, "other"), "spec.serviceName"),
        (
            "kafka-0.kafka:9092",
            (deployment("kafka", kind="StatefulSet", serviceName="kafka"), service("kafka", 9092)),
            "spec.clusterIP",
        ),
    ],
)
def test_names_of_pods_that_do_not_exist(
    host: str, objects: tuple[Object, ...], field: str
) -> None:
    (fault,) = found(hosts_are_services, client(KAFKA_BROKERS=host), *objects)

    assert (fault.rule, fault.field) == ("dependency-not-deployed", field)


def test_names_of_pods_that_exist_or_may_exist_are_fine() -> None:
    order = client(KAFKA_BROKERS="kafka-2.kafka:9092")
    scaled = manifest(
        "HorizontalPodAutoscaler",
        "kafka",
        {"scaleTargetRef": {"kind": "StatefulSet", "name": "kafka"}},
    )

    deployed = (deployment("kafka", kind="Deployment"), *quorum(1)[1:])

    assert not found(hosts_are_services, order, *quorum(3))
    assert not found(hosts_are_services, order, *deployed)
    assert not found(hosts_are_services, order, *quorum(1), scaled)


def test_a_port_that_the_service_does_not_offer_is_a_defect() -> None:
    order = client(DB_URL="postgres://postgres:5433/shop")
    (fault,) = found(ports_are_offered, order, POSTGRES, deployment("postgres"))

    assert (fault.rule, fault.cause) == ("dependency-port-missing", "N08")
    assert fault.expected == "a port of Service shop/postgres: 5432"
    assert "use port 5432 in " in fault.fix


@pytest.mark.parametrize(
    "url",
    [
        "postgres://postgres:5432/x",
        "postgres://postgres/x",
        "http://postgres",
        "https://postgres/a",
    ],
)
def test_ports_that_are_offered_or_only_implied_are_fine(url: str) -> None:
    assert not found(ports_are_offered, client(DB_URL=url), POSTGRES, deployment("postgres"))


def test_a_headless_service_leads_to_any_port() -> None:
    headless = service("postgres", 5432, clusterIP="None")
    order = client(DB_URL="postgres://postgres:6000/x")

    assert not found(ports_are_offered, order, headless, deployment("postgres"))


# --- words that almost are an address


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [
        ("NEEDS", "postgress:5432", 1),
        ("NEEDS", "postgres:5432,postgress:5432", 1),
        ("NEEDS", "postgres:5432", 0),
        ("NEEDS", "postgress:5433", 0),
        ("NEEDS", "mongo:5432", 0),
        ("NEEDS", "postgress", 0),
        ("NEEDS", "x://postgress:5432", 0),
        ("IMAGE", "postgress:5432", 0),
        ("LISTEN", "postgress:5432", 0),
        ("PASSWORD", "postgress:5432", 0),
        ("NEEDS", None, 0),
    ],
)
def test_a_word_with_the_port_of_a_service_that_is_spelt_alike(
    name: str, value: Any, count: int
) -> None:
    faults = found(words_are_services, client(**{name: value}), POSTGRES)

    assert [f.fix[:30] for f in faults] == ["write postgres:5432 in place o"] * count


def test_a_word_that_a_chart_may_explain_is_fine() -> None:
    chart = Unjudged(subject="x", reason="chart", namespace="shop")
    other = service("postgress", 1, namespace="")

    assert not found(
        words_are_services, client(NEEDS="postgress:5432"), POSTGRES, unjudged=(chart,)
    )
    assert not found(words_are_services, client(NEEDS="postgress:5432"), POSTGRES, other)


# --- governing Services


def governed(name: str = "db-headless") -> Object:
    return deployment("db", kind="StatefulSet", serviceName=name)


def test_an_absent_governing_service_is_a_note_where_nobody_asks_for_the_pods() -> None:
    (fault,) = found(governing_services_exist, governed(), service("db", 5432))

    assert (fault.rule, fault.cause) == ("statefulset-service-missing", "H11")
    assert fault.severity is Severity.NOTE


def test_another_headless_service_of_the_pods_or_a_client_makes_it_a_defect() -> None:
    other = service("db", 5432, clusterIP="None")
    (misspelt,) = found(governing_services_exist, governed(), other)
    asked = client(DB_URL="postgres://db-0.db-headless.shop.svc:5432/x")
    (named,) = found(governing_services_exist, governed(), service("db", 5432), asked)

    assert (misspelt.severity, named.severity) == (None, None)
    assert misspelt.fix == "set spec.serviceName of StatefulSet shop/db to db"


def test_governing_services_that_are_there_or_may_come_are_fine() -> None:
    chart = Unjudged(subject="x", reason="chart", namespace="shop")

    assert not found(governing_services_exist, governed("db"), service("db", clusterIP="None"))
    assert not found(governing_services_exist, governed(), unjudged=(chart,))
    assert not found(governing_services_exist, governed(""), governed("${NAME}"))
    assert not found(governing_services_exist, deployment("db", serviceName="x"))


ODD: tuple[Object, ...] = (
    deployment("x", container(env=None, envFrom=["a", {"configMapRef": ["b"]}])),
    manifest(
        "Deployment", "x", {"template": {"spec": {"containers": [{"env": [{"value": 7}, "a"]}]}}}
    ),
    manifest("ConfigMap", "settings", data=["a"]),
    manifest("StatefulSet", "x", {"serviceName": 7, "ordinals": [], "replicas": "many"}),
    manifest("ServiceEntry", "x", {"hosts": "a"}),
)


@pytest.mark.parametrize("odd", ODD)
def test_odd_input_raises_nothing(odd: Object) -> None:
    for check in (hosts_are_services, ports_are_offered, governing_services_exist):
        told = [*check(of(odd, client(DB_HOST="postgres"), POSTGRES))]
        assert all(isinstance(f, Fault | NotJudged) for f in told)
