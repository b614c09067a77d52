"""Puts the catalog together: `python -m catalog [serve | migrate]`."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass
from importlib.resources import files

from chassis.database import DATABASE_AWAY, check_database, migrate, open_pool
from chassis.health import Health
from chassis.program import Service, run_service
from chassis.settings import DatabaseSettings, ServerSettings
from chassis.web import Application

from catalog.database import PostgresShelf
from catalog.routes import catalog_routes


@dataclass(frozen=True, kw_only=True)
class Settings(ServerSettings, DatabaseSettings):
    """All that the catalog is told by its environment."""


def build(settings: Settings) -> Application:
    """Returns the catalog on its real database."""
    pool = open_pool(settings, application="catalog")
    return Application(
        routes=catalog_routes(PostgresShelf(pool)),
        health=Health(checks={"database": functools.partial(check_database, pool)}),
        closers=(pool.close,),
        unavailable=DATABASE_AWAY,
    )


def bring_schema_up_to_date(settings: Settings) -> None:
    """Runs the migrations of the catalog."""
    migrate(settings, files("catalog") / "migrations", application="catalog-migrate")


if __name__ == "__main__":
    sys.exit(
        run_service(
            Service(name="catalog", settings=Settings, build=build, migrate=bring_schema_up_to_date)
        )
    )
