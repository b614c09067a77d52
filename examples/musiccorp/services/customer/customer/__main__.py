"""Puts the customer service together: `python -m customer [serve | migrate]`."""

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

from customer.database import PostgresCustomerBook
from customer.routes import customer_routes


@dataclass(frozen=True, kw_only=True)
class Settings(ServerSettings, DatabaseSettings):
    """All that the customer service is told by its environment."""


def build(settings: Settings) -> Application:
    """Returns the customer service on its real database."""
    pool = open_pool(settings, application="customer")
    return Application(
        routes=customer_routes(PostgresCustomerBook(pool)),
        health=Health(checks={"database": functools.partial(check_database, pool)}),
        closers=(pool.close,),
        unavailable=DATABASE_AWAY,
    )


def bring_schema_up_to_date(settings: Settings) -> None:
    """Runs the migrations of the customer service."""
    migrate(settings, files("customer") / "migrations", application="customer-migrate")


if __name__ == "__main__":
    sys.exit(
        run_service(
            Service(
                name="customer", settings=Settings, build=build, migrate=bring_schema_up_to_date
            )
        )
    )
