"""The promise: Kafka is a quorum that keeps its messages, PostgreSQL keeps its data and its doors.

One kept cluster with staging: three brokers, three databases. Everything is asked of the programs
themselves, inside their pods, as an operator would.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from scenarios.deployed import Answer, Deployed, deployed

pytestmark = pytest.mark.nightly

BROKERS = ("kafka-0", "kafka-1", "kafka-2")
BOOTSTRAP = ("--bootstrap-server", "kafka:9092")
SCRIPTS = "/opt/kafka/bin"
OWNERS = {"catalog-db": "catalog", "customer-db": "customer", "order-db": "order"}
SERVICES = ("catalog", "customer", "notification", "order", "payment")
CONNECT = """
import socket, sys

try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=4).close()
except TimeoutError:
    print("timeout")
else:
    print("connected")
"""


@pytest.fixture(scope="module")
def staging(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Deployed]:
    """The example's staging."""
    bundle = str(request.config.getoption("--gitops-bundle"))
    with deployed("staging", tmp_path_factory.mktemp("staging"), bundle) as found:
        yield found


def ask(staging: Deployed, broker: str, script: str, *arguments: str) -> str:
    """Runs one of Kafka's tools in a broker's pod; its heap is not the broker's."""
    command = f'KAFKA_HEAP_OPTS=-Xmx128m KAFKA_OPTS= exec {SCRIPTS}/{script} "$@"'
    answer = staging.run_in(broker, "sh", "-c", command, script, *BOOTSTRAP, *arguments)
    assert answer.code == 0, answer.text
    return answer.text


def query(staging: Deployed, database: str, sql: str, *, password: str = "") -> Answer:
    """Asks a database with the password of its Secret, or with another one.

    By the pod's own address: the image trusts everybody on 127.0.0.1, and the policies let no
    database talk to the address of its Service.
    """
    chosen = f"'{password}'" if password else '"$POSTGRES_PASSWORD"'
    command = (
        f'PGCONNECT_TIMEOUT=10 PGPASSWORD={chosen} exec psql --host "$HOSTNAME" '
        '--username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --no-align --tuples-only '
        '--no-psqlrc --command "$0"'
    )
    return staging.run_in(f"{database}-0", "sh", "-c", command, sql)


def test_the_quorum_has_three_voters_a_leader_and_no_lag(staging: Deployed) -> None:
    status = ask(staging, "kafka-0", "kafka-metadata-quorum.sh", "describe", "--status")
    voters = re.search(r"CurrentVoters:\s+\[(.*)\]", status)
    assert voters is not None, status
    assert set(re.findall(r'"id":\s*(\d)', voters[1]) or voters[1].split(",")) == {"0", "1", "2"}
    assert re.search(r"LeaderId:\s+[012]$", status, re.MULTILINE), status
    replicas = ask(staging, "kafka-0", "kafka-metadata-quorum.sh", "describe", "--replication")
    rows = [line.split() for line in replicas.splitlines()[1:] if line.strip()]
    states = sorted(row[-1] for row in rows)
    assert states == ["Follower", "Follower", "Leader"], replicas


def test_the_topics_are_there_and_every_replica_is_in_sync(staging: Deployed) -> None:
    said = ask(staging, "kafka-0", "kafka-topics.sh", "--describe")
    for topic in ("orders", "settlements"):
        assert re.search(rf"Topic: {topic}\s.*PartitionCount: 6\s+ReplicationFactor: 3", said), said
    behind = ask(
        staging, "kafka-0", "kafka-topics.sh", "--describe", "--under-replicated-partitions"
    )
    assert "Topic:" not in behind, behind


def test_messages_survive_the_restart_of_a_broker_and_flow_meanwhile(staging: Deployed) -> None:
    topic, keep = f"probe-{int(time.time())}", ("--replication-factor", "3", "--partitions", "1")
    ask(staging, "kafka-0", "kafka-topics.sh", "--create", "--topic", topic, *keep)
    leader = re.search(
        r"Leader: (\d)", ask(staging, "kafka-0", "kafka-topics.sh", "--describe", "--topic", topic)
    )
    assert leader is not None
    lost, other = BROKERS[int(leader[1])], BROKERS[(int(leader[1]) + 1) % 3]
    produce(staging, other, topic, "before")
    staging.kubectl("delete", "pod", lost, "--wait=false")
    produce(staging, other, topic, "meanwhile")
    assert consume(staging, other, topic, 2) == ["before", "meanwhile"]
    staging.kubectl("rollout", "status", "statefulset", "kafka", "--timeout=240s", seconds=300)
    produce(staging, lost, topic, "after")
    assert consume(staging, lost, topic, 3) == ["before", "meanwhile", "after"]
    ask(staging, "kafka-0", "kafka-topics.sh", "--delete", "--topic", topic)


def produce(staging: Deployed, broker: str, topic: str, message: str) -> None:
    """Sends one message, acknowledged by every replica in sync."""
    command = (
        f"echo {message} | KAFKA_HEAP_OPTS=-Xmx128m KAFKA_OPTS= "
        f"{SCRIPTS}/kafka-console-producer.sh --bootstrap-server kafka:9092 --topic {topic} "
        "--producer-property acks=all"
    )
    answer = staging.run_in(broker, "sh", "-c", command)
    assert answer.code == 0, answer.text


def consume(staging: Deployed, broker: str, topic: str, count: int) -> list[str]:
    """Returns the first messages of a topic."""
    words = ("--topic", topic, "--from-beginning", "--max-messages", str(count))
    said = ask(staging, broker, "kafka-console-consumer.sh", *words, "--timeout-ms", "60000")
    return [line for line in said.splitlines() if line in {"before", "meanwhile", "after"}]


@pytest.mark.parametrize("database", OWNERS)
def test_data_survives_the_deletion_of_its_pod(staging: Deployed, database: str) -> None:
    value = f"kept-{time.time_ns()}"
    made = query(staging, database, f"CREATE TABLE IF NOT EXISTS probe AS SELECT '{value}' AS word")
    assert made.code == 0, made.text
    staging.replace_pod(f"{database}-0")
    found = query(staging, database, "SELECT word FROM probe")
    assert value in found.text
    assert query(staging, database, "DROP TABLE probe").code == 0


@pytest.mark.parametrize("database", OWNERS)
def test_a_password_opens_its_database_and_another_does_not(
    staging: Deployed, database: str
) -> None:
    assert query(staging, database, "SELECT 40 + 2").text.strip() == "42"
    refused = query(staging, database, "SELECT 40 + 2", password="wrong")  # noqa: S106
    assert refused.code != 0
    assert "password authentication failed" in refused.text


@pytest.mark.parametrize("service", SERVICES)
def test_a_database_is_reached_by_its_own_service_alone(staging: Deployed, service: str) -> None:
    for database, owner in OWNERS.items():
        target = ("python", "-c", CONNECT, database, "5432")
        answer = staging.run_in(f"deployment/{service}", *target)
        wanted = "connected" if owner == service else "timeout"
        assert answer.text.splitlines()[-1] == wanted, f"{service} to {database}: {answer.text}"
