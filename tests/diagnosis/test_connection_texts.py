# ruff: noqa: E501 - texts of other programs are quoted as they are
from __future__ import annotations

import json

import pytest

from harness.diagnosis.rules.network.connection_texts import NO_TROUBLE, TroubleKind, classify

TIMEOUT, REFUSED = TroubleKind.TIMEOUT, TroubleKind.REFUSED
NAME, NOT_READY = TroubleKind.NAME, TroubleKind.NOT_READY

LINES: list[tuple[str, TroubleKind, str, int]] = [
    ('psycopg2.OperationalError: connection to server at "postgres-order" (10.96.20.15), port 5432 '
     "failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?",
     REFUSED, "postgres-order", 5432),
    ('psycopg2.OperationalError: could not connect to server: Connection refused\n\tIs the server '
     'running on host "postgres-order" (10.96.20.15) and accepting\n\tTCP/IP connections on port 5432?',
     REFUSED, "postgres-order", 0),
    ('psycopg.OperationalError: connection failed: connection to server at "10.96.20.15", port 5432 '
     "failed: timeout expired", TIMEOUT, "10.96.20.15", 5432),
    ('psycopg2.OperationalError: could not translate host name "postgres-ordr" to address: '
     "Name or service not known", NAME, "postgres-ordr", 0),
    ("psycopg.OperationalError: failed to resolve host 'postgres-order': [Errno -3] Temporary failure "
     "in name resolution", NAME, "postgres-order", 0),
    ('psycopg2.OperationalError: connection to server at "db" (10.96.20.15), port 5432 failed: FATAL:  '
     "the database system is starting up", NOT_READY, "db", 5432),
    ("ConnectionRefusedError: [Errno 111] Connect call failed ('10.96.20.15', 5432)",
     REFUSED, "10.96.20.15", 5432),
    ("asyncpg.exceptions.CannotConnectNowError: the database system is starting up", NOT_READY, "", 0),
    ("dial tcp 10.96.20.15:5432: connect: connection refused", REFUSED, "10.96.20.15", 5432),
    ("2026/11/22 10:00:00 dial tcp: lookup postgres-order on 10.96.0.10:53: no such host",
     NAME, "postgres-order", 0),
    ("panic: dial tcp: lookup postgres-order on 10.96.0.10:53: read udp 10.244.0.7:41234->"
     "10.96.0.10:53: i/o timeout", NAME, "postgres-order", 0),
    ("dial tcp 10.96.20.15:5432: i/o timeout", TIMEOUT, "10.96.20.15", 5432),
    ("failed to connect to `user=order database=orders`: 10.96.20.15:5432 (postgres-order): dial error: "
     "dial tcp 10.96.20.15:5432: connect: connection refused", REFUSED, "postgres-order", 5432),
    ("Error: connect ECONNREFUSED 10.96.20.15:5432", REFUSED, "10.96.20.15", 5432),
    ("Error: getaddrinfo ENOTFOUND postgres-order", NAME, "postgres-order", 0),
    ("Error: getaddrinfo EAI_AGAIN postgres-order", NAME, "postgres-order", 0),
    ("Error: connect ETIMEDOUT 10.96.20.15:5432", TIMEOUT, "10.96.20.15", 5432),
    ("org.postgresql.util.PSQLException: Connection to postgres-order:5432 refused. Check that the "
     "hostname and port are correct and that the postmaster is accepting TCP/IP connections.\n"
     "\tat org.postgresql.core.v3.ConnectionFactoryImpl.openConnectionImpl(ConnectionFactoryImpl.java:342)\n"
     "Caused by: java.net.ConnectException: Connection refused\n"
     "\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)\n\t... 14 more",
     REFUSED, "postgres-order", 5432),
    ("org.postgresql.util.PSQLException: The connection attempt failed.\n"
     "Caused by: java.net.UnknownHostException: postgres-order", NAME, "postgres-order", 0),
    ("Caused by: java.net.SocketTimeoutException: Connect timed out", TIMEOUT, "", 0),
    ("[2026-11-22 10:00:00,123] WARN [Producer clientId=producer-1] Connection to node -1 "
     "(kafka-bootstrap/10.96.7.8:9092) could not be established. Node may not be available. "
     "(org.apache.kafka.clients.NetworkClient)", REFUSED, "kafka-bootstrap", 9092),
    ("INFO [Producer clientId=producer-1] Disconnecting from node -1 due to socket connection setup "
     "timeout. The timeout value is 8291 ms.\nWARN [Producer clientId=producer-1] Bootstrap broker "
     "kafka-bootstrap:9092 (id: -1 rack: null) disconnected", TIMEOUT, "kafka-bootstrap", 9092),
    ("WARN Couldn't resolve server kafka-bootstrap:9092 from bootstrap.servers as DNS resolution failed "
     "for kafka-bootstrap\norg.apache.kafka.common.config.ConfigException: No resolvable bootstrap urls "
     "given in bootstrap.servers", NAME, "kafka-bootstrap", 9092),
    ("%3|1732270000.123|FAIL|rdkafka#producer-1| [thrd:kafka-bootstrap:9092/bootstrap]: "
     "kafka-bootstrap:9092/bootstrap: Connect to ipv4#10.96.7.8:9092 failed: Connection refused "
     "(after 0ms in state CONNECT)", REFUSED, "kafka-bootstrap", 9092),
    ("%3|1732270000.123|FAIL|rdkafka#producer-1| [thrd:kafka-bootstrap:9092/bootstrap]: "
     "kafka-bootstrap:9092/bootstrap: Failed to resolve 'kafka-bootstrap:9092': Name or service not "
     "known (after 5ms in state CONNECT)", NAME, "kafka-bootstrap", 9092),
    ("%4|1732270000.123|FAIL|rdkafka#producer-1| [thrd:kafka-bootstrap:9092/bootstrap]: "
     "kafka-bootstrap:9092/bootstrap: Connection setup timed out in state CONNECT (after 30029ms in "
     "state CONNECT)", TIMEOUT, "kafka-bootstrap", 9092),
    ("ERROR:kafka.conn:Connect attempt to <BrokerConnection node_id=bootstrap-0 host=kafka-bootstrap:9092 "
     "<connecting> [IPv4 ('10.96.7.8', 9092)]> returned error 111. Disconnecting.\n"
     "kafka.errors.NoBrokersAvailable: NoBrokersAvailable", REFUSED, "kafka-bootstrap", 9092),
    ("WARNING:kafka.conn:DNS lookup failed for kafka-bootstrap:9092, exception was [Errno -2] Name or "
     "service not known. Is your advertised.listeners (called advertised.host.name before Kafka 9) "
     "correct and resolvable?", NAME, "kafka-bootstrap", 9092),
    ("Unable connect to \"kafka-bootstrap:9092\": [Errno 111] Connect call failed ('10.96.7.8', 9092)",
     REFUSED, "kafka-bootstrap", 9092),
    ("kafka.errors.NoBrokersAvailable: NoBrokersAvailable", TIMEOUT, "", 0),
    ("redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.",
     REFUSED, "redis", 6379),
    ("redis.exceptions.ConnectionError: Error -2 connecting to redis:6379. Name or service not known.",
     NAME, "redis", 6379),
    ("requests.exceptions.ConnectionError: HTTPConnectionPool(host='catalog', port=8080): Max retries "
     "exceeded with url: /albums (Caused by NewConnectionError('<urllib3.connection.HTTPConnection object "
     "at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused'))",
     REFUSED, "catalog", 8080),
    ("requests.exceptions.ConnectTimeout: HTTPConnectionPool(host='catalog', port=8080): Max retries "
     "exceeded with url: / (Caused by ConnectTimeoutError(<urllib3.connection.HTTPConnection object at "
     "0x7f>, 'Connection to catalog timed out. (connect timeout=5)'))", TIMEOUT, "catalog", 8080),
    ("aiohttp.client_exceptions.ClientConnectorError: Cannot connect to host catalog:8080 ssl:default "
     "[Connect call failed ('10.96.1.1', 8080)]", REFUSED, "catalog", 8080),
    ("curl: (7) Failed to connect to catalog port 8080 after 2 ms: Connection refused",
     REFUSED, "catalog", 8080),
    ("curl: (6) Could not resolve host: catalog", NAME, "catalog", 0),
    ("wget: bad address 'catalog:8080'", NAME, "catalog", 8080),
    ("wget: can't connect to remote host (10.96.1.1): Connection refused", REFUSED, "10.96.1.1", 0),
    ("postgres-order:5432 - rejecting connections", NOT_READY, "postgres-order", 5432),
    ("postgres-order:5432 - no response", TIMEOUT, "postgres-order", 5432),
    ("ERROR 2005 (HY000): Unknown MySQL server host 'mysql' (-2)", NAME, "mysql", 0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "host", "port"), LINES, ids=[t[0][:40] for t in LINES])
def test_a_clients_text_tells_kind_and_place(
    text: str, kind: TroubleKind, host: str, port: int
) -> None:
    found = classify(text)

    assert (found.kind, found.host, found.port) == (kind, host, port)


def test_a_name_server_without_an_answer_is_told_from_a_wrong_name() -> None:
    silent = classify("socket.gaierror: [Errno -3] Temporary failure in name resolution")
    wrong = classify("socket.gaierror: [Errno -2] Name or service not known")

    assert silent.kind is wrong.kind is NAME
    assert silent.is_unanswered
    assert not wrong.is_unanswered


def test_a_json_log_is_opened() -> None:
    text = 'connection to server at "order-db" (10.96.2.3), port 5432 failed: Connection refused'
    line = json.dumps({"level": "error", "message": "cannot start", "exception": text})

    assert classify(line).host == "order-db"
    assert classify(line).address == "10.96.2.3"


def test_the_newest_trouble_counts() -> None:
    log = "dial tcp 10.0.0.1:5432: connect: connection refused\ndial tcp 10.0.0.2:9092: i/o timeout"

    assert classify(log).host == "10.0.0.2"
    assert classify(log).kind is TIMEOUT


def test_a_traceback_through_connect_that_ends_without_a_word_is_a_time_out() -> None:
    log = (
        "Traceback (most recent call last):\n"
        '  File "/app/db.py", line 9, in open\n    await asyncpg.connect(dsn)\n'
        '  File "/usr/lib/python3.12/asyncpg/connect_utils.py", line 802, in _connect_addr\n'
        "    raise TimeoutError\nTimeoutError"
    )

    assert classify(log).kind is TIMEOUT
    assert classify("ValueError: no\nTimeoutError").kind is None


@pytest.mark.parametrize(
    "text",
    [
        "KeyError: 'DB_HOST'",
        "listening on 0.0.0.0:8080",
        "FATAL: password authentication failed for user \"order\"",
        "ValueError: timeout must be a number",
        "PermissionError: [Errno 13] Permission denied: '/data'",
        "job timed out",
        "",
    ],
)  # fmt: skip
def test_other_errors_are_no_connection_trouble(text: str) -> None:
    assert classify(text) == NO_TROUBLE


def test_a_trouble_long_before_the_end_is_not_what_the_program_ended_with() -> None:
    log = "\n".join(["connect ECONNREFUSED 10.0.0.1:1", *(f"step {n}" for n in range(30))])

    assert classify(log) == NO_TROUBLE


def test_no_password_is_quoted() -> None:
    log = "connect ECONNREFUSED 10.0.0.1:5432 postgresql://order:geheim@10.0.0.1:5432/orders"

    assert "geheim" not in classify(log).line
