# ruff: noqa: E501 - texts of other programs are quoted as they are
"""Timelines of PostgreSQL that does not start, or starts without what its clients need."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.crash_loops import Crash, crash_loop
from tests.diagnosis.sample import sample
from tests.diagnosis.world import World, container, running, stamp, waiting

DATABASE = "StatefulSet shop/postgres-order"
ORDER = "Deployment shop/order"
POD = "postgres-order-0"
NEW_LAYOUT = """\
Error: in 18+, these Docker images are configured to store database data in a
       format which is compatible with "pg_ctlcluster" (specifically, using
       major-version-specific directory names).  This better reflects how
       PostgreSQL itself works, and how upgrades are to be performed.

       See also https://github.com/docker-library/postgres/pull/1259

       Counter to that, there appears to be PostgreSQL data in:
         /var/lib/postgresql/data (unused mount/volume)

       The suggested container configuration for 18+ is to place a single mount
       at /var/lib/postgresql which will then place PostgreSQL data in a
       subdirectory, allowing usage of "pg_upgrade --link" without mount point
       boundary issues.
"""
NO_PASSWORD = """\
Error: Database is uninitialized and superuser password is not specified.
       You must specify POSTGRES_PASSWORD to a non-empty value for the
       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".

       You may also use "POSTGRES_HOST_AUTH_METHOD=trust" to allow all
       connections without a password. This is *not* recommended.
"""
NOT_EMPTY = """\
The files belonging to this database system will be owned by user "postgres".
initdb: error: directory "/var/lib/postgresql/data" exists but is not empty
initdb: detail: It contains a lost+found directory, perhaps due to it being a mount point.
initdb: hint: Using a mount point directly as the data directory is not recommended.
Create a subdirectory under the mount point.
"""
INIT_FAILED = """\
server started
CREATE DATABASE

/usr/local/bin/docker-entrypoint.sh: running /docker-entrypoint-initdb.d/10-roles.sql
psql:/docker-entrypoint-initdb.d/10-roles.sql:3: ERROR:  syntax error at or near "CRATE"
LINE 1: CRATE ROLE orders LOGIN;
"""
SKIPPED = f"""\
PostgreSQL Database directory appears to contain a database; Skipping initialization

{stamp(7)[:19].replace("T", " ")}.120 UTC [1] LOG:  database system is ready to accept connections
"""


def database(image: str = "postgres:17", **fields: Any) -> World:
    world = World()
    fields.setdefault("volumeMounts", [{"name": "data", "mountPath": "/var/lib/postgresql/data"}])
    world.workload("postgres-order", container("postgres", image, **fields), kind="StatefulSet")
    world.service("postgres-order", 5432)
    return world


def ends(
    log: str, image: str = "postgres:17", crash: dict[str, Any] | None = None, **fields: Any
) -> World:
    world = database(image, **fields)
    crash_loop(world, "postgres-order", Crash(log=log, seconds=1, **(crash or {})))
    return world


@sample(("G01", DATABASE), within=10)
def the_volumes_root_is_not_empty() -> World:
    return ends(NOT_EMPTY)


@sample(("G02", DATABASE), within=10)
def postgres_18_has_the_old_mount_path() -> World:
    return ends(NEW_LAYOUT, "postgres:18")


@sample(("G02", DATABASE), within=30)
def postgres_latest_has_the_old_mount_path_and_no_log_was_read() -> World:
    return ends("", "postgres")


@sample(("G02", DATABASE), within=10)
def the_runtime_cannot_mount_at_the_old_path() -> World:
    world = database("postgres:18.1")
    text = (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc "
        "create failed: unable to start container process: error during container init: error mounting "
        '"/var/lib/kubelet/pods/9f/volumes/kubernetes.io~csi/pvc-1/mount" to rootfs at '
        '"/var/lib/postgresql/data": change mount propagation through procfd: open o_path procfd: open '
        "/run/containerd/rootfs/var/lib/postgresql/data: no such file or directory: unknown"
    )
    world.pod(
        "postgres-order",
        4,
        state=waiting(
            "RunContainerError",
            text,
            exitCode=128,
            reason="StartError",
            message=text,
            finishedAt=stamp(4),
        ),
    )
    return world


@sample(within=60)
def postgres_18_with_a_data_folder_of_its_own_starts() -> World:
    env = [{"name": "PGDATA", "value": "/var/lib/postgresql/data/pgdata"}]
    world = database("postgres:18", env=env)
    world.pod("postgres-order", 3, state=running(3), phase="Running")
    world.ready("postgres-order", 20)
    return world


@sample(("G03", DATABASE), within=10)
def no_password_is_given() -> World:
    return ends(NO_PASSWORD)


@sample(("G03", "Secret shop/order-db"), within=10)
def the_password_in_the_secret_is_empty() -> World:
    source = {"secretKeyRef": {"name": "order-db", "key": "password"}}
    world = ends(NO_PASSWORD, env=[{"name": "POSTGRES_PASSWORD", "valueFrom": source}])
    world.secret("order-db", "username", "password", at=0.4)
    return world


@sample(("G04", DATABASE), within=30)
def the_data_directory_belongs_to_root() -> World:
    return ends(
        'initdb: error: could not change permissions of directory "/var/lib/postgresql/data": Operation not permitted'
    )


@sample(("G05", DATABASE), within=10)
def the_server_is_started_as_root() -> World:
    log = '"root" execution of the PostgreSQL server is not permitted.\nThe server must be started under an unprivileged user ID to prevent\npossible system security compromise.'
    return ends(log, command=["postgres"])


@sample(("G06", DATABASE), within=10)
def the_data_is_of_another_version() -> World:
    log = (
        "PostgreSQL Database directory appears to contain a database; Skipping initialization\n\n"
        "2026-11-22 10:00:01.100 UTC [1] FATAL:  database files are incompatible with server\n"
        "2026-11-22 10:00:01.100 UTC [1] DETAIL:  The data directory was initialized by PostgreSQL version 15, which is not compatible with this version 17.2 (Debian 17.2-1.pgdg120+1)."
    )
    return ends(log)


@sample(("G08", DATABASE), within=10)
def the_password_is_given_twice() -> World:
    return ends(
        "error: both POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are set (but are exclusive)"
    )


@sample(("G07", DATABASE), within=9)
def an_init_script_fails() -> World:
    return ends(INIT_FAILED, crash={"code": 3, "times": 1, "begin": 4})


def healthy_in_name_only(complaint: str) -> World:
    """The first start failed in a script; the second one skips it and is ready."""
    world = ends(INIT_FAILED, crash={"code": 3, "times": 1, "begin": 4})
    world.log(POD, "postgres", SKIPPED, 8)
    past: dict[str, Any] = {
        "exitCode": 3,
        "reason": "Error",
        "startedAt": stamp(4),
        "finishedAt": stamp(5),
    }
    ready = {**running(6, restarts=1, **past), "ready": True}
    world.ready("postgres-order", 12)
    world.pod("postgres-order", 12.5, state=ready, ready=True)
    env = [{"name": "DB_HOST", "value": "postgres-order"}]
    world.workload("order", container("order", env=env), at=13)
    crash_loop(world, "order", Crash(log=complaint, begin=30, times=6))
    return world


@sample(("G07", DATABASE), within=90, not_before=5, innocent=(ORDER,), victims=(ORDER,))
def a_client_misses_what_a_failed_init_script_should_have_made() -> World:
    return healthy_in_name_only(
        'asyncpg.exceptions.InvalidAuthorizationSpecificationError: role "orders" does not exist'
    )


@sample(within=12)
def a_server_is_still_being_initialised() -> World:
    world = database()
    world.pod("postgres-order", 3, state=running(3), phase="Running")
    log = "server started\n\n/usr/local/bin/docker-entrypoint.sh: running /docker-entrypoint-initdb.d/10-errors-not-found.sql"
    world.log(POD, "postgres", log, 6)
    return world
