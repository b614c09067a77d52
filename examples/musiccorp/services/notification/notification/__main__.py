"""Puts the notification service together: `python -m notification`."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from chassis.consuming import EventConsumer, connect_consumer
from chassis.health import Health
from chassis.program import Service, run_service
from chassis.settings import KafkaSettings, ServerSettings
from chassis.web import Application
from chassis.worker import Worker

from notification.routes import notification_routes
from notification.telling import ORDERS_TOPIC, SETTLEMENTS_TOPIC, Mailbox


@dataclass(frozen=True, kw_only=True)
class Settings(ServerSettings, KafkaSettings):
    """All that the notification service is told by its environment."""

    notifications_per_customer: int = 100


def build(settings: Settings) -> Application:
    """Returns the notification service on its real broker."""
    mailbox = Mailbox(keep_per_customer=settings.notifications_per_customer)
    events = EventConsumer(
        [ORDERS_TOPIC, SETTLEMENTS_TOPIC],
        mailbox.deliver,
        connect=connect_consumer(
            settings, client_id="notification", group_id="notification", replay=True
        ),
        replay=True,
    )
    worker = Worker("events", events.step, finish=events.close)
    return Application(
        routes=notification_routes(mailbox),
        health=Health(checks={"events": events.check}, hearts=(worker,)),
        workers=(worker,),
    )


if __name__ == "__main__":
    sys.exit(run_service(Service(name="notification", settings=Settings, build=build)))
