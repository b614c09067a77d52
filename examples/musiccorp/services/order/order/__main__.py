"""Puts the order service together: `python -m order [serve | migrate]`."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING

from chassis.consuming import EventConsumer, connect_consumer
from chassis.database import DATABASE_AWAY, check_database, migrate, open_pool
from chassis.health import Check, Health, once_reached
from chassis.program import Service, run_service
from chassis.publishing import KafkaPublisher, ensure_topic
from chassis.settings import DatabaseSettings, KafkaSettings, ServerSettings
from chassis.web import Application
from chassis.worker import Worker

from order.database import PostgresLedger
from order.neighbours import HttpCustomerDesk, HttpStockRoom, open_client
from order.orders import ORDERS_TOPIC, SETTLEMENTS_TOPIC, Wish
from order.outbox import OutboxRelay
from order.placing import apply_settlement, place_order
from order.routes import order_routes

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from order.orders import Order


@dataclass(frozen=True, kw_only=True)
class Settings(ServerSettings, DatabaseSettings, KafkaSettings):
    """All that the order service is told by its environment."""

    catalog_url: str
    customer_url: str
    neighbour_timeout_seconds: float = 2.0
    currency: str = "EUR"


def build(settings: Settings) -> Application:
    """Returns the order service on its real database, neighbours and broker."""
    pool = open_pool(settings, application="order")
    timeout_seconds = settings.neighbour_timeout_seconds
    catalog = open_client(settings.catalog_url, timeout_seconds=timeout_seconds)
    customer = open_client(settings.customer_url, timeout_seconds=timeout_seconds)
    publisher = KafkaPublisher(settings, client_id="order")
    ledger, stock = PostgresLedger(pool), HttpStockRoom(catalog)
    relay = OutboxRelay(
        ledger,
        publisher,
        prepare=functools.partial(ensure_topic, settings, ORDERS_TOPIC, client_id="order"),
    )
    settlements = _settlements_consumer(settings, ledger, stock)
    place = _placing(settings, HttpCustomerDesk(customer), stock, ledger, relay)
    outbox = Worker("outbox", relay.step)
    consumer = Worker("settlements", settlements.step, finish=settlements.close)
    checks: dict[str, Check] = {
        "database": functools.partial(check_database, pool),
        "settlements": once_reached(settlements.check),
    }
    return Application(
        routes=order_routes(place=place, ledger=ledger),
        health=Health(checks=checks, hearts=(outbox, consumer)),
        workers=(outbox, consumer),
        closers=(publisher.close, pool.close, catalog.close, customer.close),
        unavailable=DATABASE_AWAY,
    )


def bring_schema_up_to_date(settings: Settings) -> None:
    """Runs the migrations of the order service."""
    migrate(settings, files("order") / "migrations", application="order-migrate")


def _settlements_consumer(
    settings: Settings, ledger: PostgresLedger, stock: HttpStockRoom
) -> EventConsumer:
    return EventConsumer(
        [SETTLEMENTS_TOPIC],
        functools.partial(apply_settlement, ledger=ledger, stock=stock, now=_now),
        connect=connect_consumer(settings, client_id="order", group_id="order"),
    )


def _placing(
    settings: Settings,
    customers: HttpCustomerDesk,
    stock: HttpStockRoom,
    ledger: PostgresLedger,
    relay: OutboxRelay,
) -> Callable[[UUID, int, list[Wish]], Order]:
    def place(order_id: UUID, customer_id: int, wishes: list[Wish]) -> Order:
        order = place_order(
            order_id,
            customer_id,
            wishes,
            customers=customers,
            stock=stock,
            ledger=ledger,
            now=_now,
            currency=settings.currency,
        )
        relay.wake()
        return order

    return place


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(
        run_service(
            Service(name="order", settings=Settings, build=build, migrate=bring_schema_up_to_date)
        )
    )
