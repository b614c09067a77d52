from __future__ import annotations

import pytest

from harness.diagnosis.pod_facts import ContainerFact
from harness.diagnosis.rules.data.kafka_texts import ROWS, is_kafka
from harness.diagnosis.rules.data.quorum import names_of_unready_pods_are_not_published
from harness.diagnosis.signal import T0, NeedKind
from harness.model.refs import ObjectRef
from tests.diagnosis.crash_loops import facts_at, signals_at
from tests.diagnosis.samples import kafka as samples
from tests.diagnosis.world import running


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("apache/kafka:4.1.0", True),
        ("confluentinc/cp-kafka:7.9.0", True),
        ("bitnami/kafka:4", True),
        ("provectuslabs/kafka-ui:latest", False),
        ("danielqsj/kafka-exporter:v1.9", False),
        ("confluentinc/cp-kafka-connect:7.9.0", False),
        ("ghcr.io/shop/order:1", False),
    ],
)
def test_brokers_are_told_from_their_companions(image: str, expected: bool) -> None:
    ref = ObjectRef("Pod", "shop", "kafka-0")
    made = ContainerFact(
        pod=ref, pod_uid="", workload=ref, name="kafka", init=False, spec={"image": image}
    )

    assert is_kafka(made) == expected


def test_every_row_has_a_text_of_its_own() -> None:
    causes = [row.cause for row in ROWS]

    assert len(causes) == len(set(causes))


def test_what_the_volume_holds_is_told() -> None:
    [found] = [s for s in signals_at(samples.the_volume_belongs_to_another_cluster(), 20)
               if s.cause == "K01"]  # fmt: skip

    assert "MkU3OEVBNTcwNTJENDM2Qg" in found.expected
    assert found.field == "spec.template.spec.containers[kafka].env[CLUSTER_ID]"


def test_a_pod_field_is_below_the_pod() -> None:
    [found] = [s for s in signals_at(samples.a_service_called_kafka_sets_a_property(), 10)
               if s.cause == "K10"]  # fmt: skip

    assert found.field == "spec.template.spec.enableServiceLinks"


def test_a_hidden_quorum_is_certain_only_with_an_unknown_host_of_the_service() -> None:
    named = samples.the_headless_service_hides_pods_that_are_not_ready()
    unnamed = samples.a_quorum_does_not_form_behind_a_service_that_hides_it()

    certain = list(names_of_unready_pods_are_not_published(facts_at(named, 12)))
    periodic = list(names_of_unready_pods_are_not_published(facts_at(unnamed, 100)))

    assert [s.need for s in certain] == [T0]
    assert [s.need.kind for s in periodic] == [NeedKind.REPEATED]
    assert certain[0].field == "spec.publishNotReadyAddresses"


def test_a_probe_of_the_controllers_port_does_not_wait_for_the_quorum() -> None:
    world = samples.kafka(replicas=3, published=False)
    made = world.live("StatefulSet", "kafka")
    [broker] = made["spec"]["template"]["spec"]["containers"]
    broker["readinessProbe"] = {"tcpSocket": {"port": "controller"}}
    world.put(made, 1)
    world.pod("kafka", 3, state=running(3), phase="Running")
    world.log("kafka-0", "kafka", samples.UNKNOWN_HOST, 8)

    assert not list(names_of_unready_pods_are_not_published(facts_at(world, 20)))


def test_the_advertised_value_is_told() -> None:
    [found] = [s for s in signals_at(samples.the_broker_advertises_localhost(), 130)
               if s.cause == "K06"]  # fmt: skip

    assert "PLAINTEXT://localhost:9092" in found.seen
    assert found.field.endswith("env[KAFKA_ADVERTISED_LISTENERS]")


def test_the_replication_factor_is_told_with_the_number_of_brokers() -> None:
    [found] = [s for s in signals_at(samples.offsets_want_more_brokers_than_there_are(), 130)
               if s.cause == "K11"]  # fmt: skip

    assert "has 1 broker(s)" in found.seen
    assert "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR is 3" in found.expected


def test_an_address_that_the_client_itself_was_given_is_not_the_brokers_fault() -> None:
    line = samples.LOCALHOST.replace("localhost/127.0.0.1", "broker.example.test/10.0.0.9")
    world = samples.client(line)
    made = world.live("Deployment", "order")
    [order] = made["spec"]["template"]["spec"]["containers"]
    order["env"] = samples.env(SERVERS="kafka:9092,broker.example.test:9092")
    world.put(made, 1)
    world.pod("order", 40, state=running(40), phase="Running")

    assert "K06" not in {s.cause for s in signals_at(world, 130)}
    assert "K06" in {s.cause for s in signals_at(samples.client(line), 130)}
