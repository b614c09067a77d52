from __future__ import annotations

import pytest

from harness.connectivity.dependencies import dependencies
from harness.connectivity.headless import (
    AbsentGoverningService,
    absent_governing_services,
    unpublished_self_needs,
)
from harness.model.refs import ObjectRef
from tests.connectivity.objects import (
    Object,
    container,
    env,
    fresh_musiccorp,
    one,
    service,
    workload,
)


def _kafka(host: str, replicas: int = 3) -> Object:
    main = container(env=env(VOTERS=f"{host}:9093"))
    return workload(
        "kafka", kind="StatefulSet", serviceName="kafka-headless", replicas=replicas,
        containers=[main],
    )  # fmt: skip


def _headless(**spec: object) -> Object:
    found = service("kafka-headless", selector={"app": "kafka"})
    found["spec"].update({"clusterIP": "None", **spec})
    return found


def test_a_stateful_set_without_its_service_is_told_with_the_nearest() -> None:
    kafka = _kafka("kafka-0.kafka-headless")
    renamed = service("dev-kafka-headless", selector={"app": "kafka"}, clusterIP="None")
    assert absent_governing_services([kafka, renamed]) == (
        AbsentGoverningService(
            workload=ObjectRef("StatefulSet", "shop", "kafka"),
            service="kafka-headless",
            nearest="dev-kafka-headless",
        ),
    )
    assert absent_governing_services([kafka, _headless()]) == ()
    assert absent_governing_services([workload("x", kind="StatefulSet"), workload("y")]) == ()


@pytest.mark.parametrize(
    ("host", "replicas", "flag", "told"),
    [
        ("kafka-0.kafka-headless", 3, False, True),
        ("kafka-0.kafka-headless", 3, True, False),
        ("kafka-0.kafka-headless", 1, False, True),
        ("kafka-0.kafka-headless.shop.svc.cluster.local", 1, False, False),
        ("kafka-0.kafka-headless.shop.svc.cluster.local", 3, False, True),
    ],
)
def test_a_set_that_asks_for_its_own_unready_pods_is_told(
    host: str, replicas: int, *, flag: bool, told: bool
) -> None:
    objects = [_kafka(host, replicas), _headless(publishNotReadyAddresses=flag)]
    assert bool(unpublished_self_needs(dependencies(objects), objects)) is told


def test_needs_of_others_and_services_with_an_address_are_not_told() -> None:
    client = workload(
        "client", containers=[container(env=env(KAFKA_HOST="kafka-0.kafka-headless"))]
    )
    web = workload("web", containers=[container(env=env(OWN_URL="http://web"))])
    objects = [client, web, service("web", {"port": 80}), _kafka("localhost"), _headless()]
    graph = dependencies(objects)
    assert len(graph.dependencies) == 2
    assert unpublished_self_needs(graph, objects) == ()


def test_the_example_publishes_the_names_of_its_brokers() -> None:
    objects = fresh_musiccorp()
    one(objects, "StatefulSet", "kafka")["spec"]["replicas"] = 3
    assert absent_governing_services(objects) == ()
    assert unpublished_self_needs(dependencies(objects), objects) == ()
    del one(objects, "Service", "kafka-headless")["spec"]["publishNotReadyAddresses"]
    (need,) = unpublished_self_needs(dependencies(objects), objects)
    assert need.client.name == "kafka"
