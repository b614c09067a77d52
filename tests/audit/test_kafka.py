"""Kafka in KRaft mode: what the variables of its images decide."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.checks.kafka import (
    cluster_ids_are_valid,
    factors_fit_the_brokers,
    node_ids_are_voters,
    nodes_find_one_another,
)
from harness.audit.checks.kafka_listeners import (
    addresses_are_routable,
    clients_are_sent_to_brokers,
    names_fit,
)
from harness.audit.checks.kafka_storage import folders_are_right
from harness.audit.cluster_profile import KIND
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.source import Source, Unjudged
from tests.audit.manifests import config_map, container, found, manifest, of, service
from tests.audit.manifests import workload as deployment
from tests.audit.scopes import scope

Object = dict[str, Any]
CHECKS = (
    cluster_ids_are_valid,
    node_ids_are_voters,
    nodes_find_one_another,
    factors_fit_the_brokers,
    addresses_are_routable,
    names_fit,
    clients_are_sent_to_brokers,
    folders_are_right,
)
ID = "5L6g3nShT-eMCtK--X86sw"
POD_NAME = {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
INDEX = "metadata.labels['apps.kubernetes.io/pod-index']"
ORDINAL = {"name": "KAFKA_NODE_ID", "valueFrom": {"fieldRef": {"fieldPath": INDEX}}}
HEADLESS = service("kafka", 9092, clusterIP="None", publishNotReadyAddresses=True)
PROBE = {"readinessProbe": {"tcpSocket": {"port": 9092}}}


def settings(replicas: int = 1, **changed: str | None) -> dict[str, str]:
    """The variables of a healthy quorum; None takes one away."""
    voters = ",".join(f"{n}@kafka-{n}.kafka:9093" for n in range(replicas))
    factor = str(min(replicas, 3))
    known: dict[str, str | None] = {
        "CLUSTER_ID": ID,
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": voters,
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://$(POD_NAME).kafka:9092",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": factor,
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": factor,
        "KAFKA_LOG_DIRS": "/var/lib/kafka/data/logs",
    }
    return {key: value for key, value in {**known, **changed}.items() if value is not None}


def broker(
    replicas: int = 1, *, image: str = "apache/kafka:4.1.0", variables: Any = None, **more: Any
) -> Object:
    values = settings(replicas) if variables is None else variables
    env = [POD_NAME, *more.pop("env", [ORDINAL])]
    env += [{"name": key, "value": value} for key, value in values.items()]
    own = more.pop("own", PROBE)
    spec = {"replicas": replicas, "serviceName": "kafka", "podManagementPolicy": "Parallel"}
    return deployment(
        "kafka", container("kafka", image, env=env, **own), kind="StatefulSet", **spec | more
    )


def faults(*objects: Object, **more: Any) -> list[Fault]:
    return [f for check in CHECKS for f in found(check, *objects, **more)]


def causes(*objects: Object, **more: Any) -> list[str]:
    return sorted(f.cause for f in faults(*objects, **more))


@pytest.mark.parametrize("replicas", [1, 3, 5])
@pytest.mark.parametrize("image", ["apache/kafka:4.1.0", "confluentinc/cp-kafka:7.8.0"])
def test_a_healthy_quorum_has_no_fault(replicas: int, image: str) -> None:
    assert not faults(broker(replicas, image=image), HEADLESS)


def test_the_same_holds_for_bitnamis_variables() -> None:
    names = {
        k.replace("KAFKA_", "KAFKA_CFG_").replace("CLUSTER_ID", "KAFKA_KRAFT_CLUSTER_ID"): v
        for k, v in settings(3).items()
    }
    ordinal = {**ORDINAL, "name": "KAFKA_CFG_NODE_ID"}
    bitnami = broker(3, image="bitnami/kafka:3.7", variables=names, env=[ordinal])
    wrong = {**names, "KAFKA_CFG_CONTROLLER_QUORUM_VOTERS": "0@kafka-0.kafka:9093"}

    assert not faults(bitnami, HEADLESS)
    assert causes(
        broker(3, image="bitnami/kafka:3.7", variables=wrong, env=[ordinal]), HEADLESS
    ) == ["K12"]


# --- cluster id


@pytest.mark.parametrize(
    ("image", "severity"),
    [
        ("confluentinc/cp-kafka:7.6.0", None),
        ("apache/kafka:3.8.0", None),
        ("apache/kafka:4.1.0", Severity.NOTE),
        ("confluentinc/cp-kafka:latest", Severity.NOTE),
    ],
)
def test_a_malformed_cluster_id(image: str, severity: Severity | None) -> None:
    (fault,) = faults(broker(image=image, variables=settings(CLUSTER_ID="shop-1")), HEADLESS)

    assert (fault.rule, fault.cause, fault.severity) == ("kafka-kraft-config", "K03", severity)
    assert fault.field == "spec.template.spec.containers[kafka].env[CLUSTER_ID]"


def test_confluents_image_wants_a_cluster_id_and_apaches_has_one() -> None:
    without = settings(CLUSTER_ID=None)

    assert causes(broker(image="confluentinc/cp-kafka:7.8.0", variables=without), HEADLESS) == [
        "K03"
    ]
    assert not causes(broker(variables=without), HEADLESS)
    own = {**PROBE, "envFrom": [{"secretRef": {"name": "kafka"}}]}
    unknown = broker(image="confluentinc/cp-kafka:7.8.0", variables=without, own=own)
    assert not causes(unknown, HEADLESS)


def test_nodes_of_one_quorum_have_one_cluster_id() -> None:
    one = broker(variables=settings(CLUSTER_ID=ID))
    other = broker(variables=settings(CLUSTER_ID="MkU3OEVBNTcwNTJENDM2Qg"))
    other["metadata"] = {"name": "kafka-b", "namespace": "shop"}

    assert causes(one, other, HEADLESS).count("K01") == 1


# --- node ids and voters


def test_voters_of_fewer_nodes_than_there_are_controllers() -> None:
    (fault,) = faults(broker(3, variables=settings(3) | {
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "0@kafka-0.kafka:9093"
    }), HEADLESS)  # fmt: skip

    assert fault.cause == "K12"
    assert "add 1@<host>:<port>, 2@<host>:<port>" in fault.fix


def test_one_node_id_for_all_pods() -> None:
    literal = [{"name": "KAFKA_NODE_ID", "value": "1"}]
    (fault,) = faults(broker(3, env=literal), HEADLESS)

    assert fault.cause == "K02"
    assert not [f for f in faults(broker(1, env=literal), HEADLESS) if f.cause == "K02"]


def test_a_broker_alone_must_not_be_a_voter() -> None:
    alone = settings(1) | {"KAFKA_PROCESS_ROLES": "broker"}

    assert "K12" in causes(broker(variables=alone), HEADLESS)


@pytest.mark.parametrize(
    "own",
    [
        {"command": ["sh", "-c", "export KAFKA_NODE_ID=${HOSTNAME##*-}; exec run"]},
        {"args": ["--override", "node.id=7"]},
    ],
)
def test_node_ids_that_a_script_sets_are_not_known(own: Object) -> None:
    literal = [{"name": "KAFKA_NODE_ID", "value": "9"}]

    assert not causes(broker(3, env=literal, own={**PROBE, **own}), HEADLESS)


# --- pods that do not find one another


def test_names_of_ready_pods_only_keep_a_quorum_from_forming() -> None:
    hidden = service("kafka", 9092, clusterIP="None")
    (fault,) = faults(broker(3), hidden)

    assert (fault.cause, str(fault.object)) == ("K07", "Service shop/kafka")
    assert fault.field == "spec.publishNotReadyAddresses"


def test_pods_without_a_probe_or_with_one_of_the_quorums_port_are_found() -> None:
    hidden = service("kafka", 9092, clusterIP="None")
    controller = {"readinessProbe": {"tcpSocket": {"port": 9093}}}
    bare = settings(3) | {"KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://$(POD_NAME).kafka:9093"}

    assert not causes(broker(3, own={}), hidden)
    assert not causes(broker(3, own=controller, variables=bare), hidden)


def test_starting_one_by_one_is_noted() -> None:
    (fault,) = faults(broker(3, podManagementPolicy="OrderedReady"), HEADLESS)

    assert (fault.cause, fault.severity) == ("K07", Severity.NOTE)
    assert not faults(broker(1, podManagementPolicy="OrderedReady"), HEADLESS)


# --- factors


@pytest.mark.parametrize(
    ("changed", "count"),
    [
        ({"KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "3"}, 1),
        ({"KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": None}, 1),
        ({"KAFKA_DEFAULT_REPLICATION_FACTOR": "2"}, 1),
        ({"KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "2"}, 1),
        ({"KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "${FACTOR}"}, 0),
        ({}, 0),
    ],
)
def test_factors_above_the_number_of_brokers(changed: dict[str, Any], count: int) -> None:
    assert causes(broker(variables=settings(1, **changed)), HEADLESS) == ["K11"] * count


def test_brokers_of_the_whole_namespace_count() -> None:
    one = broker(variables=settings(KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR="2"))
    other = broker()
    other["metadata"] = {"name": "kafka-b", "namespace": "shop"}
    scaled = manifest(
        "HorizontalPodAutoscaler", "k", {"scaleTargetRef": {"kind": "StatefulSet", "name": "kafka"}}
    )

    assert "K11" not in causes(one, other, HEADLESS)
    assert "K11" not in causes(one, scaled, HEADLESS)
    assert "K11" not in causes(one, manifest("Kafka", "more", {}), HEADLESS)
    assert "K11" in causes(one, HEADLESS)


# --- listeners


@pytest.mark.parametrize(
    ("changed", "image", "count"),
    [
        ({"KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://0.0.0.0:9092"}, "apache/kafka:4.1.0", 1),
        (
            {
                "KAFKA_ADVERTISED_LISTENERS": None,
                "KAFKA_LISTENERS": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://:9093",
            },
            "apache/kafka:4.1.0",
            1,
        ),
        (
            {"KAFKA_LISTENERS": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://0.0.0.0:9093"},
            "apache/kafka:3.9.0",
            1,
        ),
        (
            {"KAFKA_LISTENERS": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://0.0.0.0:9093"},
            "apache/kafka:3.9.1",
            0,
        ),
        (
            {"KAFKA_LISTENERS": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://:9093"},
            "apache/kafka:3.9.0",
            0,
        ),
    ],
)
def test_addresses_that_are_none(changed: dict[str, Any], image: str, count: int) -> None:
    faulty = broker(image=image, variables=settings(1, **changed))

    assert causes(faulty, HEADLESS) == ["K05"] * count


def test_names_of_listeners_must_fit() -> None:
    alien = settings(KAFKA_ADVERTISED_LISTENERS="EXTERNAL://$(POD_NAME).kafka:9092")
    unmapped = settings(KAFKA_LISTENER_SECURITY_PROTOCOL_MAP="PLAINTEXT:PLAINTEXT")
    default = settings(KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=None)

    assert "advertises EXTERNAL" in faults(broker(variables=alien), HEADLESS)[0].message
    assert "the listener CONTROLLER" in faults(broker(variables=unmapped), HEADLESS)[0].message
    assert not faults(broker(variables=default), HEADLESS)


CLIENT = deployment("order", container(env={"KAFKA_BROKERS": "kafka:9092"}))


def test_clients_that_are_sent_to_themselves() -> None:
    local = broker(variables=settings(KAFKA_ADVERTISED_LISTENERS="PLAINTEXT://localhost:9092"))
    plain = service("kafka", 9092)
    (fault,) = found(clients_are_sent_to_brokers, local, plain, CLIENT)

    assert fault.cause == "K06"
    assert "Deployment shop/order" in fault.message
    assert not found(clients_are_sent_to_brokers, local, plain)


def test_clients_that_are_sent_to_nobody() -> None:
    lost = broker(variables=settings(KAFKA_ADVERTISED_LISTENERS="PLAINTEXT://kafak:9092"))
    (fault,) = faults(lost, HEADLESS)
    chart = Unjudged(subject="x", reason="chart", namespace="shop")

    assert (fault.cause, fault.expected) == ("K06", "the host kafka")
    assert not faults(lost, HEADLESS, unjudged=(chart,))


@pytest.mark.parametrize(
    "host", ["kafka", "kafka.shop.svc.cluster.local", "kafka.example.com", "${HOST}"]
)
def test_clients_that_are_sent_somewhere(host: str) -> None:
    fine = broker(variables=settings(KAFKA_ADVERTISED_LISTENERS=f"PLAINTEXT://{host}:9092"))

    assert not faults(fine, HEADLESS)


def test_a_service_in_a_sibling_source_without_namespace_is_somewhere() -> None:
    fine = broker(variables=settings(KAFKA_ADVERTISED_LISTENERS="PLAINTEXT://kafka:9092"))
    fine["metadata"] = {"name": "kafka"}
    nowhere = {**HEADLESS, "metadata": {"name": "kafka"}}
    sources = (Source(path="a", objects=(fine,)), Source(path="b", objects=(nowhere,)))

    assert not [*clients_are_sent_to_brokers(scope(*sources))]


def test_several_pods_need_names_of_their_own() -> None:
    shared = settings(3) | {"KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://kafka:9092"}
    (fault,) = faults(broker(3, variables=shared), HEADLESS)

    assert fault.cause == "K06"
    assert "all advertise kafka" in fault.message


# --- storage


def stored(storage: str = "gp3", *, path: str = "/var/lib/kafka/data", **more: Any) -> Object:
    claim = {"metadata": {"name": "data"}, "spec": {"storageClassName": storage}}
    mount = {"name": "data", "mountPath": path}
    return broker(volumeClaimTemplates=[claim], own={**PROBE, "volumeMounts": [mount]}, **more)


GROUP = {"pod": {"securityContext": {"fsGroup": 1000}}}


def test_data_at_the_root_of_block_storage() -> None:
    root = settings(KAFKA_LOG_DIRS="/var/lib/kafka/data")
    (fault,) = faults(stored(variables=root, **GROUP), HEADLESS)
    (unsure,) = faults(stored("", variables=root, **GROUP), HEADLESS)

    assert (fault.cause, fault.severity) == ("K09", Severity.DEFECT)
    assert unsure.severity is Severity.NOTE
    assert not faults(stored("local-path", variables=root, **GROUP), HEADLESS)
    assert not faults(stored("", variables=root, **GROUP), HEADLESS, profile=KIND)
    assert not faults(stored(**GROUP), HEADLESS)


def test_a_data_folder_that_belongs_to_root() -> None:
    (fault,) = faults(stored(), HEADLESS)
    init = {"pod": {"initContainers": [container("own", command=["chown", "1000", "/data"])]}}

    assert (fault.cause, fault.severity) == ("K13", Severity.DEFECT)
    assert "fsGroup to 1000" in fault.fix
    assert not faults(stored(**init), HEADLESS)
    assert not faults(stored(pod={"securityContext": {"runAsUser": 0}}), HEADLESS)


def test_a_claim_that_is_not_used_is_noted() -> None:
    (fault,) = faults(stored(variables=settings(KAFKA_LOG_DIRS=None), **GROUP), HEADLESS)

    assert fault.severity is Severity.NOTE
    assert "kafka-logs" in fault.message


# --- what is not read


@pytest.mark.parametrize(
    "image",
    [
        "quay.io/strimzi/kafka:latest",
        "provectuslabs/kafka-ui:v1",
        "redpandadata/redpanda:v24",
        "kafka",
    ],
)
def test_other_images_are_not_read(image: str) -> None:
    odd = settings(CLUSTER_ID="x", KAFKA_ADVERTISED_LISTENERS="PLAINTEXT://0.0.0.0:9092")

    assert not faults(broker(image=image, variables=odd), HEADLESS)


def test_variables_of_a_configmap_are_read() -> None:
    values = settings(KAFKA_ADVERTISED_LISTENERS="PLAINTEXT://0.0.0.0:9092")
    own = {**PROBE, "envFrom": [{"configMapRef": {"name": "kafka"}}]}
    configured = broker(variables={}, own=own)

    assert causes(configured, config_map("kafka", **values), HEADLESS) == ["K05"]
    assert not causes(configured, HEADLESS)


def test_a_job_with_the_image_is_no_broker() -> None:
    job = deployment(
        "topics", container("kafka", "apache/kafka:4.1.0", env=settings(CLUSTER_ID="x")), kind="Job"
    )

    assert not faults(job, HEADLESS)


@pytest.mark.parametrize(
    "variables",
    [
        {"KAFKA_CONTROLLER_QUORUM_VOTERS": "a@b,@:,1@", "KAFKA_PROCESS_ROLES": ",,"},
        {"KAFKA_LISTENERS": "://,PLAINTEXT//x", "KAFKA_ADVERTISED_LISTENERS": "A://[::1]:-1"},
        {"KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "many", "KAFKA_LOG_DIRS": ","},
        {"CLUSTER_ID": 7, "KAFKA_NODE_ID": ["a"]},
    ],
)
def test_odd_values_raise_nothing(variables: Any) -> None:
    odd = broker(variables=variables, replicas="many", volumeClaimTemplates=["a"])

    for check in CHECKS:
        assert all(isinstance(f, Fault | NotJudged) for f in check(of(odd, HEADLESS)))
