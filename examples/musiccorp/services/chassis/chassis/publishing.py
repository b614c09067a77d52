"""Handing events to Kafka: acknowledged by all in-sync replicas, or reported as not published.

Nothing is kept here; the caller still holds what was not confirmed. Next: `outbox` of the order
service and `settling` of the payment service call `publish`.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from chassis.events import Event, PublishFailed, client_config, kafka_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chassis.settings import KafkaSettings

__all__ = ["KafkaPublisher", "ensure_topic"]

log = logging.getLogger(__name__)


class KafkaPublisher:
    """The real publisher: idempotent, acknowledged by all in-sync replicas."""

    def __init__(self, settings: KafkaSettings, *, client_id: str) -> None:
        self._config = client_config(settings, client_id) | {
            "enable.idempotence": True,
            "delivery.timeout.ms": 10_000,
            "linger.ms": 5,
        }
        self._producer: Producer | None = None

    def publish(self, events: Sequence[Event]) -> None:
        """Blocks until every event is acknowledged, for at most about 12 seconds.

        Raises:
            PublishFailed: at least one was not; a broken producer is replaced at the next call.
        """
        errors: list[KafkaError] = []
        producer = self._connected()
        for event in events:
            body = json.dumps(event.body).encode()
            producer.produce(
                event.topic,
                key=event.key.encode(),
                value=body,
                on_delivery=lambda error, _message: errors.append(error) if error else None,
            )
        waiting = producer.flush(12.0)
        if errors or waiting:
            self._producer = None
            reason = errors[0].str() if errors else f"{waiting} not confirmed in time"
            msg = f"{len(events)} events not published: {reason}"
            raise PublishFailed(msg)

    def close(self) -> None:
        """Waits shortly for what is still on its way."""
        if self._producer:
            self._producer.flush(5.0)

    def _connected(self) -> Producer:
        if self._producer is None:
            self._producer = Producer(self._config, logger=kafka_log)
        return self._producer


def ensure_topic(settings: KafkaSettings, topic: str, *, client_id: str) -> None:
    """Creates the topic unless it exists; the service that publishes to a topic owns it.

    Raises:
        KafkaException: no broker in reach, or fewer brokers than replicas; the caller tries again.
    """
    admin = AdminClient(client_config(settings, client_id), logger=kafka_log)
    wanted = NewTopic(
        topic,
        num_partitions=settings.kafka_topic_partitions,
        replication_factor=settings.kafka_topic_replication_factor,
    )
    try:
        admin.create_topics([wanted], request_timeout=10.0)[topic].result(timeout=15.0)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
        return
    log.info("topic created", extra={"topic": topic, "partitions": settings.kafka_topic_partitions})
