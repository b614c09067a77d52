"""What an event is, and how every client of Kafka here is configured.

Events are JSON objects; what they mean is left to the services. Next: `publishing` hands them to
Kafka, `consuming` feeds a handler with them. Both are "at least once", so handlers are idempotent.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confluent_kafka import KafkaError

    from chassis.settings import KafkaSettings

__all__ = ["Event", "EventPublisher", "PublishFailed", "client_config", "kafka_log", "parse_event"]

kafka_log = logging.getLogger("kafka")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One message: the key keeps everything about one order in sequence."""

    topic: str
    key: str
    body: dict[str, Any]


class PublishFailed(Exception):  # noqa: N818 - a state of the world, not a fault of the caller
    """The brokers did not confirm every event; the caller still holds them and tries again."""


class EventPublisher(Protocol):
    """Hands events to Kafka and returns once they are safe there."""

    def publish(self, events: Sequence[Event]) -> None:
        """Blocks until every event is acknowledged by all in-sync replicas.

        Raises:
            PublishFailed: at least one was not.
        """


def parse_event(topic: str, key: bytes | None, value: bytes | None) -> Event | None:
    """Returns the event, or None for what can never become one."""
    try:
        body = json.loads(value or b"")
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    return Event(topic=topic, key=(key or b"").decode("utf-8", "replace"), body=body)


def client_config(settings: KafkaSettings, client_id: str) -> dict[str, Any]:
    """Returns what publishers, consumers and administrators have in common."""
    return {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "client.id": client_id,
        "socket.keepalive.enable": True,
        "socket.connection.setup.timeout.ms": 5000,
        "reconnect.backoff.max.ms": 3000,
        "topic.metadata.refresh.interval.ms": 10_000,
        # Every failed attempt is in librdkafka's log already; this only keeps stderr silent.
        "error_cb": _log_client_error,
    }


def _log_client_error(error: KafkaError) -> None:
    kafka_log.debug("client error: %s", error.str())
