from __future__ import annotations

import pytest

from harness.diagnosis.pod_facts import ContainerFact
from harness.diagnosis.rules.data.init_scripts import INIT_FAILED, init_field
from harness.diagnosis.rules.data.missing_tables import database_lacks_something
from harness.diagnosis.rules.data.postgres import has_old_mount
from harness.diagnosis.rules.network.servers import is_initialising, ready_at
from harness.model.refs import ObjectRef
from tests.diagnosis.crash_loops import facts_at, signals_at
from tests.diagnosis.samples import postgres as samples
from tests.diagnosis.samples import start_servers
from tests.diagnosis.world import START, World, container, running

DATABASE = ObjectRef("StatefulSet", "shop", "postgres-order")


def server(image: str, mount: str = "/var/lib/postgresql/data", **env: str) -> ContainerFact:
    return ContainerFact(
        pod=ObjectRef("Pod", "shop", "postgres-order-0"),
        pod_uid="uid-1",
        workload=DATABASE,
        name="postgres",
        init=False,
        spec={
            "image": image,
            "env": [{"name": name, "value": value} for name, value in env.items()],
            "volumeMounts": [{"name": "data", "mountPath": mount}],
        },
    )


@pytest.mark.parametrize(
    ("image", "is_old"),
    [
        ("postgres:18", True),
        ("postgres:18.1-alpine", True),
        ("postgres", True),
        ("docker.io/library/postgres:latest", True),
        ("registry.test:5000/library/postgres:19", True),
        ("postgres:17.6", False),
        ("bitnami/postgresql:18", False),
        ("postgres:Bad Tag:", False),
    ],
)
def test_the_mount_path_is_old_for_images_from_18_on(image: str, is_old: bool) -> None:
    assert has_old_mount(server(image)) == is_old


def test_the_old_mount_path_is_fine_with_a_data_folder_of_its_own() -> None:
    assert has_old_mount(server("postgres:18", "/var/lib/postgresql/data/"))
    assert not has_old_mount(server("postgres:18", PGDATA="/var/lib/postgresql/data/pgdata"))
    assert not has_old_mount(server("postgres:18", "/var/lib/postgresql"))


@pytest.mark.parametrize(
    ("line", "fails"),
    [
        ("psql:/docker-entrypoint-initdb.d/10.sql:3: ERROR:  syntax error at or near", True),
        ("/docker-entrypoint-initdb.d/10.sh: line 3: jq: command not found", True),
        ("/docker-entrypoint-initdb.d/10.sh: Permission denied", True),
        ("docker-entrypoint.sh: running /docker-entrypoint-initdb.d/10-not-found.sql", False),
        ("docker-entrypoint.sh: ignoring /docker-entrypoint-initdb.d/error.txt", False),
    ],
)
def test_a_failing_script_is_told_from_a_running_one(line: str, fails: bool) -> None:
    assert bool(INIT_FAILED.search(line)) == fails


def test_the_volume_of_the_scripts_is_named() -> None:
    mounts = [{"name": "init", "mountPath": "/docker-entrypoint-initdb.d"}]
    [found] = [s for s in signals_at(scripts(mounts), 9) if s.cause == "G07"]

    assert found.field == "spec.template.spec.volumes[init]"
    assert "10-roles.sql" in found.fix
    assert init_field(server("postgres:17")).endswith("containers[postgres]")


def scripts(mounts: list[dict[str, str]]) -> World:
    crash = {"code": 3, "times": 1, "begin": 4}
    return samples.ends(samples.INIT_FAILED, crash=crash, volumeMounts=mounts)


def test_an_empty_password_is_the_secrets_fault() -> None:
    world = samples.the_password_in_the_secret_is_empty()
    [found] = [s for s in signals_at(world, 10) if s.cause == "G03"]

    assert str(found.root) == "Secret shop/order-db"
    assert found.field == "data.password"


def test_the_keys_that_a_secret_has_are_told_when_none_is_the_password() -> None:
    source = {"secretRef": {"name": "order-db"}}
    world = samples.ends(samples.NO_PASSWORD, envFrom=[source])
    world.secret("order-db", "username", "password", at=0.4)
    [found] = [s for s in signals_at(world, 10) if s.cause == "G03"]

    assert found.root == DATABASE
    assert "Secret order-db has password, username" in found.expected


def test_a_database_is_ready_in_name_only_while_its_scripts_run() -> None:
    world = start_servers.slow_postgres(start_servers.SOCKET, start_servers.PLAIN_ADDRESS)

    assert is_initialising(facts_at(world, 100), DATABASE)
    assert not is_initialising(facts_at(world, 160), DATABASE)
    assert ready_at(facts_at(world, 160), DATABASE) == pytest.approx(START + 153, abs=1)


def test_a_database_without_a_log_counts_as_initialising_for_five_minutes_at_most() -> None:
    world = samples.database()
    world.pod("postgres-order", 3, state=running(3), phase="Running")
    world.ready("postgres-order", 5)

    assert is_initialising(facts_at(world, 200), DATABASE)
    assert not is_initialising(facts_at(world, 310), DATABASE)


def test_a_missing_database_is_blamed_on_the_variable_that_names_it() -> None:
    found = list(database_lacks_something(facts_at(start_servers.a_database_does_not_exist(), 100)))

    assert [s.field for s in found] == ["spec.template.spec.containers[order].env[DB_NAME]"]
    assert 'database "orders"' in found[0].expected
    assert "POSTGRES_DB" in found[0].fix


def test_a_running_service_that_misses_a_table_complains_too() -> None:
    world = World()
    env = [{"name": "DB_HOST", "value": "postgres-order"}]
    world.workload("order", container("order", env=env))
    world.workload("postgres-order", container("db", "postgres:17"), kind="StatefulSet")
    world.service("postgres-order", 5432)
    world.log("postgres-order-0", "db", "PostgreSQL init process complete", 3)
    world.ready("postgres-order", 4)
    world.pod("order", 10, state=running(10), phase="Running")
    line = 'ERROR: relation "orders" does not exist\n'
    world.log("order-h1-abcde", "order", line * 4, 50)
    [found] = database_lacks_something(facts_at(world, 60))

    assert (found.cause, found.count) == ("P17", 4)
    assert not list(database_lacks_something(facts_at(world, 20)))


def test_a_database_that_became_ready_just_now_is_given_time() -> None:
    world = start_servers.lacks('FATAL:  role "orders" does not exist', at=60)

    assert not list(database_lacks_something(facts_at(world, 85)))
    assert [s.cause for s in database_lacks_something(facts_at(world, 160))] == ["P17"]
