"""Puts the payment service together: `python -m payment`."""

from __future__ import annotations

import functools
import sys
import threading
from dataclasses import dataclass

from chassis.consuming import EventConsumer, connect_consumer
from chassis.health import Health
from chassis.program import Service, run_service
from chassis.publishing import KafkaPublisher, ensure_topic
from chassis.settings import KafkaSettings, ServerSettings
from chassis.web import Application
from chassis.worker import Worker

from payment.settling import ORDERS_TOPIC, SETTLEMENTS_TOPIC, settle_order


@dataclass(frozen=True, kw_only=True)
class Settings(ServerSettings, KafkaSettings):
    """All that the payment service is told by its environment."""

    payment_limit_cents: int


class PaymentWork:
    """Consumes orders once the topic for settlements, which this service owns, exists."""

    def __init__(self, settings: Settings, orders: EventConsumer) -> None:
        self._settings = settings
        self._orders = orders
        self._is_prepared = False

    def step(self, stop: threading.Event) -> None:
        """Moves on by one event."""
        if not self._is_prepared:
            ensure_topic(self._settings, SETTLEMENTS_TOPIC, client_id="payment")
            self._is_prepared = True
        self._orders.step(stop)


def build(settings: Settings) -> Application:
    """Returns the payment service on its real broker."""
    publisher = KafkaPublisher(settings, client_id="payment")
    orders = EventConsumer(
        [ORDERS_TOPIC],
        functools.partial(
            settle_order, publisher=publisher, limit_cents=settings.payment_limit_cents
        ),
        connect=connect_consumer(settings, client_id="payment", group_id="payment"),
    )
    worker = Worker("orders", PaymentWork(settings, orders).step, finish=orders.close)
    return Application(
        routes=(),
        health=Health(checks={"orders": orders.check}, hearts=(worker,)),
        workers=(worker,),
        closers=(publisher.close,),
    )


if __name__ == "__main__":
    sys.exit(run_service(Service(name="payment", settings=Settings, build=build)))
