# ruff: noqa: E501 - texts of other programs are quoted as they are
"""Timelines of services that their database refuses for the password."""

from __future__ import annotations

from tests.diagnosis.crash_loops import Crash, crash_loop
from tests.diagnosis.sample import sample
from tests.diagnosis.samples.configuration_world import (
    secret_env,
)
from tests.diagnosis.samples.pull_world import (
    SPACE,
    backends_ready,
)
from tests.diagnosis.world import (
    World,
    container,
    running,
    stamp,
)

ORDER = f"Deployment {SPACE}/order"


REFUSED = (
    'psycopg.OperationalError: connection failed: connection to server at "postgres-order" '
    '(10.96.20.15), port 5432 failed: FATAL:  password authentication failed for user "order"'
)
SERVER = """\
{}2026-09-21 14:13:25.101 UTC [1] LOG:  database system is ready to accept connections
2026-09-21 14:13:30.442 UTC [70] FATAL:  password authentication failed for user "order"
2026-09-21 14:13:30.442 UTC [70] DETAIL:  Connection matched file "/var/lib/postgresql/data/pg_hba.conf" line 128: "host all all all scram-sha-256"
"""
KEPT = "\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n"


def two_passwords(client_digest: str, server_digest: str, *, text: str = REFUSED) -> World:
    """The order service and its database, each with a Secret; the service is refused."""
    world = World(SPACE)
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-postgres-order-0"}}]
    password = secret_env("POSTGRES_PASSWORD", "postgres-order-secret", "POSTGRES_PASSWORD")
    database = container("postgres", "postgres:16.4", env=[password])
    world.workload("postgres-order", database, kind="StatefulSet", volumes=volumes)
    world.service("postgres-order", 5432)
    env = [
        {"name": "DB_HOST", "value": "postgres-order"},
        secret_env("DB_PASSWORD", "order-db", "password"),
    ]
    world.workload("order", container("order", "ghcr.io/musiccorp/order:1", env=env))
    world.secret(
        "postgres-order-secret", "POSTGRES_PASSWORD", digest_POSTGRES_PASSWORD=server_digest
    )
    world.secret("order-db", "password", digest_password=client_digest)
    world.put({
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data-postgres-order-0", "namespace": SPACE},
        "spec": {"accessModes": ["ReadWriteOnce"], "volumeName": "pv-1"},
        "status": {"phase": "Bound"},
    }, at=0.6)  # fmt: skip
    backends_ready(world, 5, "postgres-order")
    crash_loop(world, "order", Crash(log=text, begin=8, times=4))
    return world


@sample(
    ("S13", f"Secret {SPACE}/order-db"),
    within=80,
    not_before=30,
    innocent=(ORDER, f"StatefulSet {SPACE}/postgres-order"),
    victims=(ORDER,),
)
def a_service_and_its_database_with_different_passwords() -> World:
    world = two_passwords("aaaa1111bbbb", "cccc2222dddd")
    world.log("postgres-order-0", "postgres", SERVER.format(""), 12)
    return world


@sample(
    ("S14", f"PersistentVolumeClaim {SPACE}/data-postgres-order-0"),
    within=60,
    not_before=20,
    innocent=(ORDER, f"StatefulSet {SPACE}/postgres-order", f"Secret {SPACE}/order-db"),
    victims=(ORDER,),
)
def data_that_keep_an_older_password() -> World:
    world = two_passwords("aaaa1111bbbb", "aaaa1111bbbb")
    claim = world.live("PersistentVolumeClaim", "data-postgres-order-0")
    world.put({**claim, "metadata": {**claim["metadata"], "creationTimestamp": stamp(-3000)}}, 0.7)
    world.log("postgres-order-0", "postgres", SERVER.format(KEPT), 12)
    return world


@sample(within=140)
def a_client_that_is_refused_once_while_roles_are_made() -> World:
    world = two_passwords("aaaa1111bbbb", "aaaa1111bbbb")
    world.entries = [
        e for e in world.entries if e.ref.kind != "Pod" or "order-h1" not in e.ref.name
    ]
    world.pod("order", 8)
    world.pod("order", 10, state=running(10))
    world.log("order-h1-abcde", "order", f"{REFUSED}\nretrying in 5 s\n", 11)
    world.log(
        "order-h1-abcde",
        "order",
        f"{REFUSED}\nretrying in 5 s\nconnected, running migrations\n",
        16,
    )
    return world
