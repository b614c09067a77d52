# ruff: noqa: E501 - texts of other programs are quoted as they are
"""Timelines of Kafka that does not start, does not find itself, or is of no use to its clients."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.crash_loops import Crash, crash_loop
from tests.diagnosis.sample import sample
from tests.diagnosis.world import World, container, running, stamp

KAFKA = "StatefulSet shop/kafka"
ORDER = "Deployment shop/order"
HEADLESS = "Service shop/kafka-headless"
NOT_REGISTERED = """\
[2026-11-22 10:01:04,100] INFO [BrokerLifecycleManager id=0] Unable to register the broker because the RPC got timed out before it could be sent. (kafka.server.BrokerLifecycleManager)
[2026-11-22 10:01:05,100] ERROR [BrokerLifecycleManager id=0] Shutting down because we were unable to register with the controller quorum. (kafka.server.BrokerLifecycleManager)
[2026-11-22 10:01:05,101] ERROR [BrokerServer id=0] Received a fatal error while waiting for the controller to acknowledge that we are caught up (kafka.server.BrokerServer)
java.util.concurrent.CancellationException
"""
UNKNOWN_HOST = """\
[2026-11-22 10:00:05,100] WARN [RaftManager id=0] Error connecting to node kafka-1.kafka-headless:9093 (id: 1 rack: null isFenced: false) (org.apache.kafka.clients.NetworkClient)
java.net.UnknownHostException: kafka-1.kafka-headless
\tat java.base/java.net.InetAddress$CachedAddresses.get(InetAddress.java:892)
"""


def env(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def kafka(
    image: str = "apache/kafka:4.1.0", replicas: int = 1, *, published: bool = True, **values: str
) -> World:
    world = World()
    voters = ",".join(f"{n}@kafka-{n}.kafka-headless:9093" for n in range(replicas))
    values = {
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": voters,
        **values,
    }
    broker = container(
        "kafka", image, env=env(**values),
        ports=[{"name": "broker", "containerPort": 9092}, {"name": "controller", "containerPort": 9093}],
        readinessProbe={"tcpSocket": {"port": "broker"}, "periodSeconds": 5},
    )  # fmt: skip
    spec = {"serviceName": "kafka-headless", "podManagementPolicy": "Parallel"}
    world.workload("kafka", broker, kind="StatefulSet", replicas=replicas, spec=spec)
    world.service("kafka", 9092)
    ports = [{"name": "broker", "port": 9092}, {"name": "controller", "port": 9093}]
    fields: dict[str, Any] = {"publishNotReadyAddresses": True} if published else {}
    world.service("kafka-headless", 9093, {"app": "kafka"}, clusterIP="None", ports=ports, **fields)
    return world


def ends(log: str, image: str = "apache/kafka:4.1.0", **crash: Any) -> World:
    world = kafka(image)
    crash_loop(world, "kafka", Crash(log=log, **crash))
    return world


@sample(("K01", KAFKA), within=30)
def the_volume_belongs_to_another_cluster() -> World:
    return ends(
        "[2026-11-22 10:00:03,100] ERROR Exiting Kafka due to fatal exception (kafka.Kafka$)\njava.lang.RuntimeException: Invalid cluster.id in: /var/lib/kafka/data/meta.properties. Expected 4qYfB0TdTL2mVnZxkPc3wA, but read MkU3OEVBNTcwNTJENDM2Qg"
    )


@sample(("K02", KAFKA), within=30)
def the_volume_belongs_to_another_node() -> World:
    return ends(
        "kafka.common.InconsistentNodeIdException: Configured node.id `1` doesn't match stored node.id `0' in meta.properties. If you moved your data, make sure your configured controller.id matches."
    )


@sample(("K03", KAFKA), within=10)
def the_cluster_id_is_malformed() -> World:
    return ends(
        'Exception in thread "main" org.apache.kafka.common.KafkaException: Cluster ID string musiccorp-dev does not appear to be a valid UUID: Input string `musiccorp-dev` decoded as 9 bytes, which is not equal to the expected 16 bytes of a base64-encoded UUID'
    )


@sample(("K03", KAFKA), within=10)
def the_cluster_id_is_not_set() -> World:
    return ends("===> Running in KRaft mode...\nCLUSTER_ID environment variable not set")


@sample(("K04", KAFKA), within=30)
def the_storage_is_not_formatted() -> World:
    return ends(
        "[2026-11-22 10:00:03,100] ERROR Exiting Kafka due to fatal exception (kafka.Kafka$)\njava.lang.RuntimeException: No readable meta.properties files found."
    )


@sample(("K05", KAFKA), within=10)
def a_listener_is_bound_to_all_addresses() -> World:
    return ends(
        'Exception in thread "main" java.lang.IllegalArgumentException: requirement failed: advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address.'
    )


@sample(("K09", KAFKA), within=10)
def the_log_directory_is_the_root_of_a_volume() -> World:
    return ends(
        "[2026-11-22 10:00:03,100] ERROR There was an error in one of the threads during logs loading: org.apache.kafka.common.KafkaException: Found directory /var/lib/kafka/data/lost+found, 'lost+found' is not in the form of topic-partition or topic-partition.uniqueId-delete (if marked for deletion). (kafka.log.LogManager)"
    )


@sample(("K10", KAFKA), within=10)
def a_service_called_kafka_sets_a_property() -> World:
    log = "===> User\nuid=1000(appuser) gid=1000(appuser) groups=1000(appuser)\n===> Configuring ...\nRunning in KRaft mode...\nport is deprecated. Please use KAFKA_ADVERTISED_LISTENERS instead."
    return ends(log, "confluentinc/cp-kafka:7.9.0", seconds=1)


@sample(("K12", KAFKA), within=10)
def a_node_is_not_among_the_voters() -> World:
    return ends(
        "java.lang.IllegalArgumentException: requirement failed: If process.roles contains the 'controller' role, the node id 1 must be included in the set of voters controller.quorum.voters=Set(0)"
    )


@sample(("K13", KAFKA), within=30)
def the_data_folder_may_not_be_written() -> World:
    log = "===> Check if /var/lib/kafka/data is writable ...\nCommand [/usr/local/bin/dub path /var/lib/kafka/data writable] FAILED !"
    return ends(log, "confluentinc/cp-kafka:7.9.0")


# K07


@sample(("K07", HEADLESS), within=12)
def the_headless_service_hides_pods_that_are_not_ready() -> World:
    world = kafka(replicas=3, published=False)
    for number in range(3):
        name = f"kafka-{number}"
        world.pod("kafka", 3, name=name, state=running(3), phase="Running")
        world.log(name, "kafka", UNKNOWN_HOST, 8)
    return world


@sample(("K07", HEADLESS), within=200, not_before=130)
def a_quorum_does_not_form_behind_a_service_that_hides_it() -> World:
    """The decisive line is gone from the log; the period of the exits remains."""
    world = kafka(replicas=3, published=False)
    for number in range(3):
        crash_loop(
            world, "kafka", Crash(log=NOT_REGISTERED, seconds=62, times=3, pod=f"kafka-{number}")
        )
    return world


@sample(within=100)
def a_quorum_that_forms_does_not_find_a_name_at_first() -> World:
    world = kafka(replicas=3)
    for number in range(3):
        name = f"kafka-{number}"
        world.pod("kafka", 3, name=name, state=running(3), phase="Running")
        world.log(name, "kafka", UNKNOWN_HOST, 8)
    for number in range(3):
        world.ready("kafka", 40 + number, name=f"kafka-{number}")
    return world


@sample(within=200)
def a_broker_leaves_once_while_the_quorum_forms() -> World:
    """One exit after a minute is normal; its clients crash meanwhile."""
    world = kafka()
    crash_loop(world, "kafka", Crash(log=NOT_REGISTERED, seconds=62, times=1))
    past: dict[str, Any] = {
        "exitCode": 1,
        "reason": "Error",
        "startedAt": stamp(2),
        "finishedAt": stamp(64),
    }
    world.pod("kafka", 65, state=running(65, restarts=1, **past), phase="Running")
    world.ready("kafka", 95)
    world.workload("order", container("order", env=env(KAFKA_BOOTSTRAP_SERVERS="kafka:9092")))
    crash_loop(
        world, "order", Crash(log="kafka.errors.NoBrokersAvailable: NoBrokersAvailable", times=5)
    )
    world.ready("order", 165)
    return world


# K08: section 4.12


def policy(name: str, *ports: int) -> dict[str, Any]:
    peer = [{"podSelector": {"matchLabels": {"app": "kafka"}}}]
    listed = [{"protocol": "TCP", "port": port} for port in ports]
    spec = {
        "podSelector": {"matchLabels": {"app": "kafka"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": peer, "ports": listed}],
        "egress": [
            {"to": peer, "ports": listed},
            {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]},
        ],
    }
    return {"kind": "NetworkPolicy", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def kept_apart(*ports: int) -> World:
    world = kafka(replicas=3)
    made = policy("allow-kafka-internal", *ports)
    world.declare(made)
    world.put(made)
    return world


SETUP_TIMEOUT = "[2026-11-22 10:00:20,100] INFO [RaftManager id=0] Disconnecting from node 1 due to socket connection setup timeout. The timeout value is 9531 ms. (org.apache.kafka.clients.NetworkClient)\n"


@sample(("K08", "NetworkPolicy shop/allow-kafka-internal"), within=140, innocent=(KAFKA,))
def section_4_12_the_policy_of_kafka_lacks_the_controllers_port() -> World:
    world = kept_apart(9092)
    for number in range(3):
        crash = Crash(
            log=SETUP_TIMEOUT + NOT_REGISTERED, seconds=65, times=2, pod=f"kafka-{number}"
        )
        crash_loop(world, "kafka", crash)
    return world


@sample(within=100)
def policies_that_let_kafka_reach_itself_are_no_fault() -> World:
    world = kept_apart(9092, 9093)
    for number in range(3):
        name = f"kafka-{number}"
        world.pod("kafka", 3, name=name, state=running(3), phase="Running")
        world.log(name, "kafka", SETUP_TIMEOUT, 20)
    for number in range(3):
        world.ready("kafka", 50 + number, name=f"kafka-{number}")
    return world


# K06, K11


def client(
    log: str,
    *,
    at: float = 40,
    ready: float = 20,
    again: tuple[float, ...] = (60, 90, 120),
    **values: Any,
) -> World:
    """Kafka is ready; order runs, is not ready, and complains."""
    world = kafka(**values)
    world.ready("kafka", ready)
    probe = {"httpGet": {"path": "/readyz", "port": 8080}, "failureThreshold": 60}
    world.workload(
        "order",
        container("order", env=env(KAFKA_BOOTSTRAP_SERVERS="kafka:9092"), readinessProbe=probe),
    )
    world.pod("order", at, state=running(at), phase="Running")
    for count, moment in enumerate(again, 1):
        world.log("order-h1-abcde", "order", log * count * 2, moment)
    return world


LOCALHOST = "[2026-11-22 10:00:40,100] WARN [Producer clientId=producer-1] Connection to node 0 (localhost/127.0.0.1:9092) could not be established. Node may not be available. (org.apache.kafka.clients.NetworkClient)\n"
LOCALHOST_C = "%3|1732270000.123|FAIL|rdkafka#producer-1| [thrd:localhost:9092/0]: localhost:9092/0: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)\n"
AT_NODE = "[2026-11-22 10:00:40,100] WARN [Producer clientId=producer-1] Connection to node 0 (kafka-0.kafka-headless/10.244.0.9:9092) could not be established. Node may not be available. (org.apache.kafka.clients.NetworkClient)\n"


@sample(("K06", KAFKA), within=140, not_before=115, innocent=(ORDER,))
def the_broker_advertises_localhost() -> World:
    return client(LOCALHOST, KAFKA_ADVERTISED_LISTENERS="PLAINTEXT://localhost:9092")


@sample(("K06", KAFKA), within=140, not_before=115, innocent=(ORDER,))
def the_broker_advertises_localhost_to_librdkafka() -> World:
    return client(LOCALHOST_C)


@sample(within=100)
def a_broker_is_away_for_a_moment_under_its_right_name() -> World:
    world = client(AT_NODE)
    world.ready("order", 99)
    return world


TOO_HIGH = "[2026-11-22 10:00:40,100] ERROR org.apache.kafka.common.errors.InvalidReplicationFactorException: Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be reached because only 1 broker(s) are registered.\n"


@sample(("K11", KAFKA), within=150, not_before=90, innocent=(ORDER,))
def offsets_want_more_brokers_than_there_are() -> World:
    return client(TOO_HIGH)


@sample(("K11", ORDER), within=150, not_before=90, innocent=(KAFKA,))
def a_client_makes_topics_for_more_brokers_than_there_are() -> World:
    return client(TOO_HIGH, KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR="1")


@sample(within=80)
def a_coordinator_is_not_there_at_first() -> World:
    line = "[2026-11-22 10:00:40,100] INFO Group coordinator lookup failed: The coordinator is not available. COORDINATOR_NOT_AVAILABLE\n"
    world = client(line, again=(45, 60))
    world.ready("order", 79)
    return world
