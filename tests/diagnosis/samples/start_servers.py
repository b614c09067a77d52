# ruff: noqa: E501 - texts of other programs are quoted as they are
"""Timelines of programs that end, or wait, because of a server they need."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.crash_loops import Crash, crash_loop
from tests.diagnosis.sample import sample
from tests.diagnosis.samples.start import CONFIG_ERROR, ORDER, POD
from tests.diagnosis.world import World, container, running, stamp, waiting

REFUSED = """\
Traceback (most recent call last):
  File "/app/order/database.py", line 31, in open_pool
    return psycopg.connect(url)
psycopg.OperationalError: connection failed: connection to server at "10.96.20.15", port 5432 failed: Connection refused
\tIs the server running on that host and accepting TCP/IP connections?
"""


TCP = {"tcpSocket": {"port": 5432}, "periodSeconds": 5}
HOST = {"exec": {"command": ["pg_isready", "-h", "127.0.0.1"]}, "periodSeconds": 5}
SOCKET = {"exec": {"command": ["pg_isready", "-U", "order"]}, "periodSeconds": 5}
ANSWERS = {
    "tcpSocket": "dial tcp 10.244.0.9:5432: connect: connection refused",
    "exec": "127.0.0.1:5432 - no response",
}
PLAIN_ADDRESS = {"name": "DB_HOST", "value": "postgres-order"}
HIDDEN_ADDRESS = {
    "name": "DB_URL",
    "valueFrom": {"secretKeyRef": {"name": "order-url", "key": "url"}},
}


@sample(within=300)
def section_4_25_postgres_takes_150_seconds_behind_a_tcp_probe() -> World:
    return slow_postgres(TCP, PLAIN_ADDRESS)


@sample(within=300)
def section_4_25_postgres_takes_150_seconds_behind_a_probe_of_the_host() -> World:
    return slow_postgres(HOST, PLAIN_ADDRESS)


@sample(within=300)
def section_4_25_postgres_takes_150_seconds_behind_a_socket_probe() -> World:
    return slow_postgres(SOCKET, PLAIN_ADDRESS)


@sample(within=300)
def section_4_25_behind_a_socket_probe_with_no_log_of_the_database() -> World:
    return slow_postgres(SOCKET, PLAIN_ADDRESS, has_log=False)


@sample(within=300)
def section_4_25_with_the_address_in_a_secret() -> World:
    return slow_postgres(HOST, HIDDEN_ADDRESS)


@sample(within=300)
def section_4_25_behind_a_socket_probe_with_the_address_in_a_secret() -> World:
    return slow_postgres(SOCKET, HIDDEN_ADDRESS)


@sample(within=300)
def a_warning_before_a_refused_connection_is_no_cause() -> World:
    warnings = (
        "WARNING: The directory '/home/order/.cache' is not writable: Permission denied: '/home/order/.cache'\n"
        "WARNING: environment variable SENTRY_DSN is not set\n"
        "INFO connecting to tcp://10.96.20.15:5432\n"
    )
    return slow_postgres(TCP, PLAIN_ADDRESS, log=warnings + REFUSED)


def slow_postgres(
    probe: dict[str, Any], address: dict[str, Any], *, has_log: bool = True, log: str = REFUSED
) -> World:
    """Postgres runs an init script for 150 s while order is started again and again."""
    world = World()
    world.workload("order", container("order", env=[address], ports=[{"containerPort": 8080}]))
    server = container("postgres", "postgres:17", readinessProbe=probe)
    world.workload("postgres-order", server, kind="StatefulSet")
    world.service("postgres-order", 5432, clusterIP="10.96.20.15")
    world.pod("postgres-order", 3, state=running(3), phase="Running")
    if has_log:
        initialised_until(world, 153)
    if probe is SOCKET:
        world.ready("postgres-order", 8)
    else:
        answer = next(text for way, text in ANSWERS.items() if way in probe)
        for count in range(1, 30):
            world.event(
                "Pod",
                "postgres-order-0",
                "Unhealthy",
                f"Readiness probe failed: {answer}",
                3 + 5 * count,
                count=count,
            )
        world.ready("postgres-order", 158)
    last = crash_loop(world, "order", Crash(log=log, times=6))
    past: dict[str, Any] = {"exitCode": 1, "reason": "Error"}
    past |= {"startedAt": stamp(last - 2), "finishedAt": stamp(last)}
    begin = last + 10
    world.pod("order", begin, state=running(begin, restarts=6, **past), phase="Running")
    world.ready("order", begin + 4)
    return world


def initialised_until(world: World, at: float) -> None:
    """The log of a database whose init script runs until `at`."""
    start = (
        "PostgreSQL init process starting\nwaiting for server to start....done\nserver started\n"
    )
    script = "/usr/local/bin/docker-entrypoint.sh: running /docker-entrypoint-initdb.d/10-seed.sh"
    world.log("postgres-order-0", "postgres", f"{start}{script}", 5)
    time = stamp(at)[:19].replace("T", " ")
    done = (
        "PostgreSQL init process complete; ready for start up.\n\n"
        f'{time}.120 UTC [1] LOG:  listening on IPv4 address "0.0.0.0", port 5432\n'
        f"{time}.204 UTC [1] LOG:  database system is ready to accept connections"
    )
    world.log("postgres-order-0", "postgres", f"{start}{script}\n{done}", at + 1)


@sample(within=240)
def a_client_of_a_slow_server_fails_once_more_after_it_is_ready() -> World:
    """Right after the server is ready its client meets another hurdle, once."""
    world = World()
    world.workload(
        "order", container("order", env=[{"name": "KAFKA_SERVERS", "value": "queue:9092"}])
    )
    world.workload("queue", container("queue", "example.test/queue:1"), kind="StatefulSet")
    world.service("queue", 9092)
    world.ready("queue", 60)
    refused = (
        "Unable connect to \"queue:9092\": [Errno 111] Connect call failed ('10.96.7.8', 9092)"
    )
    other = {4: "RuntimeError: topic orders has no leader yet"}
    last = crash_loop(world, "order", Crash(log=refused, logs=other, times=5))
    past: dict[str, Any] = {
        "exitCode": 1,
        "reason": "Error",
        "startedAt": stamp(last - 2),
        "finishedAt": stamp(last),
    }
    world.pod("order", last + 80, state=running(last + 80, restarts=5, **past), phase="Running")
    world.ready("order", last + 85)
    return world


@sample(("P01", ORDER), within=300, not_before=90)
def a_program_ends_with_its_own_error_after_its_slow_server_is_ready() -> World:
    world = World()
    world.workload(
        "order", container("order", env=[{"name": "KAFKA_SERVERS", "value": "queue:9092"}])
    )
    world.workload("queue", container("queue", "example.test/queue:1"), kind="StatefulSet")
    world.service("queue", 9092)
    world.ready("queue", 60)
    refused = (
        "Unable connect to \"queue:9092\": [Errno 111] Connect call failed ('10.96.7.8', 9092)"
    )
    own = dict.fromkeys(range(4, 9), CONFIG_ERROR)
    crash_loop(world, "order", Crash(log=refused, logs=own, times=7))
    return world


# P07


@sample(within=240)
def a_wait_for_a_slow_database_is_no_fault() -> World:
    world = World()
    wait = container(
        "wait",
        "busybox:1.37",
        command=["sh", "-c", "until nc -z postgres-order 5432; do sleep 2; done"],
    )
    world.workload("order", container("order"), initContainers=[wait])
    world.workload("postgres-order", container("postgres", "postgres:17"), kind="StatefulSet")
    world.service("postgres-order", 5432)
    world.pod("postgres-order", 3, state=running(3), phase="Running")
    world.pod("order", 3, init={"wait": running(3)}, phase="Pending")
    world.log(POD, "wait", "nc: postgres-order (10.96.20.15:5432): Connection refused", 200)
    return world


@sample(("G03", "StatefulSet shop/postgres-order"), within=30, victims=(ORDER,), innocent=(ORDER,))
def a_database_that_does_not_start_explains_its_client() -> World:
    world = World()
    world.workload(
        "order", container("order", env=[{"name": "DB_HOST", "value": "postgres-order"}])
    )
    world.workload("postgres-order", container("postgres", "postgres:17"), kind="StatefulSet")
    world.service("postgres-order", 5432, clusterIP="10.96.20.15")
    text = 'Error: Database is uninitialized and superuser password is not specified.\n       You must specify POSTGRES_PASSWORD to a non-empty value for the\n       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".\n'
    crash_loop(world, "postgres-order", Crash(log=text, seconds=1))
    crash_loop(world, "order", Crash(log=REFUSED, times=5))
    return world


@sample(
    ("G03", "StatefulSet shop/postgres-order"),
    ("P05", "Deployment shop/payment"),
    within=30,
    innocent=(ORDER,),
)
def two_faults_are_two_roots() -> World:
    world = a_database_that_does_not_start_explains_its_client()
    world.workload("payment", container("payment"), securityContext={"runAsNonRoot": True})
    text = 'container has runAsNonRoot and image will run as root (pod: "payment-h1-abcde_shop(9f)", container: payment)'
    world.pod("payment", 4, state=waiting("CreateContainerConfigError", text))
    return world


# P17


def lacks(text: str, at: float = 8) -> World:
    """The database is ready from `at` on; order ends over and over with these words."""
    world = World()
    env = [{"name": "DB_HOST", "value": "postgres-order"}, {"name": "DB_NAME", "value": "orders"}]
    world.workload("order", container("order", env=env))
    world.workload("postgres-order", container("postgres", "postgres:17"), kind="StatefulSet")
    world.service("postgres-order", 5432)
    done = "PostgreSQL init process complete; ready for start up."
    world.log("postgres-order-0", "postgres", done, 7)
    world.ready("postgres-order", at)
    crash_loop(world, "order", Crash(log=text, begin=20, times=6))
    return world


@sample(("P17", ORDER), within=100, not_before=64)
def a_table_does_not_exist() -> World:
    return lacks(
        'psycopg.errors.UndefinedTable: relation "orders" does not exist\nLINE 1: SELECT id FROM orders'
    )


@sample(("P17", ORDER), within=100, not_before=64)
def a_database_does_not_exist() -> World:
    return lacks('FATAL:  database "orders" does not exist')


@sample(within=100)
def a_table_does_not_exist_while_a_migration_runs() -> World:
    world = lacks('psycopg.errors.UndefinedTable: relation "orders" does not exist')
    env = [{"name": "DB_HOST", "value": "postgres-order"}]
    world.workload(
        "order-migrate", container("migrate", env=env), kind="Job", restartPolicy="OnFailure"
    )
    world.pod("order-migrate", 10, name="order-migrate-x", state=running(9), phase="Running")
    return world
