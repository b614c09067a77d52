from __future__ import annotations

from pathlib import Path

import pytest
from chassis.database import (
    DatabaseUnavailable,
    MigrationError,
    checksum,
    migrate,
    pending_migrations,
)
from chassis.settings import DatabaseSettings, Secret

FILES = {"0002_more.sql": "INSERT", "0001_first.sql": "CREATE", "0010_last.sql": "DROP"}


def test_migrations_run_in_the_order_of_their_names() -> None:
    assert pending_migrations(FILES, {}) == ("0001_first.sql", "0002_more.sql", "0010_last.sql")


def test_what_was_applied_does_not_run_again() -> None:
    applied = {"0001_first.sql": checksum("CREATE")}
    assert pending_migrations(FILES, applied) == ("0002_more.sql", "0010_last.sql")


def test_a_database_ahead_of_the_files_is_accepted() -> None:
    applied = {name: checksum(text) for name, text in FILES.items()} | {"0011_newer.sql": "x"}
    assert pending_migrations(FILES, applied) == ()


def test_a_file_changed_after_it_was_applied_is_refused_by_name() -> None:
    with pytest.raises(MigrationError, match=r"0001_first\.sql was changed"):
        pending_migrations(FILES, {"0001_first.sql": checksum("CREATE OR REPLACE")})


def test_a_database_that_stays_away_is_waited_for_and_then_named(tmp_path: Path) -> None:
    now = [0.0]
    settings = DatabaseSettings(
        db_host=str(tmp_path),  # a folder without a socket: refused without any network
        db_name="order",
        db_user="app",
        db_password=Secret("hunter2"),
        db_wait_seconds=3.0,
    )

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with pytest.raises(DatabaseUnavailable) as caught:
        migrate(settings, tmp_path, application="test", sleep=sleep, clock=lambda: now[0])
    assert f"database order at {tmp_path}:5432 is not reachable" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert 1.0 < now[0] <= 3.0
