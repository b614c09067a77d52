"""One PostgreSQL connection pool per service, its readiness check and its migrations.

The pool opens in the background and reconnects with a growing pause, so that a service starts
before its database and survives a restart of it. Next: the `database` module of each service, which
holds the SQL.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from chassis.exits import CannotRun
from chassis.health import CheckResult
from chassis.worker import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable

    from chassis.settings import DatabaseSettings

__all__ = [
    "DATABASE_AWAY",
    "DatabaseUnavailable",
    "MigrationError",
    "check_database",
    "migrate",
    "open_pool",
]

log = logging.getLogger(__name__)

# Any number will do as long as every replica of every release uses the same one.
_MIGRATION_LOCK = 7_102_026


# What a request meets while the database is away; answered with 503 instead of 500.
DATABASE_AWAY: tuple[type[Exception], ...] = (PoolTimeout, psycopg.OperationalError)


class DatabaseUnavailable(CannotRun):
    """The database did not answer within the time given."""

    exit_code = os.EX_UNAVAILABLE


class MigrationError(CannotRun):
    """The history in the database contradicts the files of this release."""

    exit_code = os.EX_SOFTWARE


def connection_string(settings: DatabaseSettings, *, application: str) -> str:
    """Returns the libpq string; dead connections are noticed within seconds."""
    return make_conninfo(
        host=settings.db_host,
        port=settings.db_port,
        dbname=settings.db_name,
        user=settings.db_user,
        password=settings.db_password.reveal(),
        application_name=application,
        connect_timeout=5,
        keepalives_idle=10,
        tcp_user_timeout=10_000,
        options="-c statement_timeout=5000 -c lock_timeout=4000",
    )


def open_pool(settings: DatabaseSettings, *, application: str) -> ConnectionPool:
    """Returns a pool that connects in the background, also to a database that is not there yet."""
    pool = ConnectionPool(
        connection_string(settings, application=application),
        min_size=1,
        max_size=settings.db_pool_size,
        timeout=3.0,
        reconnect_timeout=30.0,
        # Validated on loan: after a restart of the database no request gets a dead connection.
        check=ConnectionPool.check_connection,
        open=False,
        name=application,
    )
    pool.open(wait=False)
    return pool


def check_database(pool: ConnectionPool) -> CheckResult:
    """Asks the database one question, through the same pool as the requests."""
    try:
        with pool.connection(timeout=2.0) as connection:
            connection.execute("SELECT 1")
    except (psycopg.Error, PoolTimeout) as error:
        return CheckResult(ok=False, detail=f"database does not answer: {_first_line(error)}")
    return CheckResult(ok=True, detail="answers")


def migrate(
    settings: DatabaseSettings,
    folder: Traversable,
    *,
    application: str,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[str, ...]:
    """Brings the schema up to date and returns the names of the migrations applied now.

    Runs under an advisory lock in one transaction: replicas that start together wait for each
    other, and a migration that fails leaves nothing behind.

    Raises:
        DatabaseUnavailable: no connection within `db_wait_seconds`.
        MigrationError: an applied migration is missing or differs from the file.
    """
    files = {f.name: f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith(".sql")}
    with _connect(settings, application=application, sleep=sleep, clock=clock) as connection:
        connection.execute("SET statement_timeout = '120s'; SET lock_timeout = '120s'")
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY,"
            " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        rows = connection.execute("SELECT name, checksum FROM schema_migrations").fetchall()
        applied = {str(name): str(applied_checksum) for name, applied_checksum in rows}
        pending = pending_migrations(files, applied)
        for name in pending:
            connection.execute(files[name].encode())
            connection.execute(
                "INSERT INTO schema_migrations (name, checksum) VALUES (%s, %s)",
                (name, checksum(files[name])),
            )
    log.info("schema is up to date", extra={"applied": pending, "known": len(files)})
    return pending


def pending_migrations(files: Mapping[str, str], applied: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the names still to run, in order.

    A database that is ahead of the files is accepted: it is a rollback, or a newer replica was
    faster.

    Raises:
        MigrationError: a file was changed after it had been applied.
    """
    for name in sorted(files.keys() & applied.keys()):
        if checksum(files[name]) != applied[name]:
            msg = f"migration {name} was changed after it had been applied; add a new one instead"
            raise MigrationError(msg)
    return tuple(sorted(files.keys() - applied.keys()))


def checksum(text: str) -> str:
    """Returns the fingerprint by which a changed migration is noticed."""
    return hashlib.sha256(text.encode()).hexdigest()


def _connect(
    settings: DatabaseSettings,
    *,
    application: str,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> psycopg.Connection:
    give_up = clock() + settings.db_wait_seconds
    backoff = Backoff()
    while True:
        try:
            return psycopg.connect(connection_string(settings, application=application))
        except psycopg.OperationalError as error:
            pause = backoff.next_seconds()
            where = f"database {settings.db_name} at {settings.db_host}:{settings.db_port}"
            if clock() + pause > give_up:
                msg = f"{where} is not reachable: {_first_line(error)}"
                raise DatabaseUnavailable(msg) from error
            log.warning("waiting for %s: %s", where, _first_line(error))
            sleep(pause)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
