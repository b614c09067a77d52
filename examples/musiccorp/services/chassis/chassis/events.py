"""Publishing to and consuming from Kafka, at least once, and never crashing for want of a broker.

Events are JSON objects. A consumer marks an event as done only after its handler returned; a
handler that fails sees the same event again, so handlers are idempotent. What events mean is left
to the services. Next: `worker` runs the consumer's `step`; `health` reads its `check`.
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from chassis.health import CheckResult
from chassis.logs import Complaint
from chassis.worker import Backoff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chassis.settings import KafkaSettings

__all__ = [
    "Event",
    "EventConsumer",
    "EventPublisher",
    "KafkaPublisher",
    "PublishFailed",
    "connect_consumer",
    "ensure_topic",
]

log = logging.getLogger(__name__)
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


class KafkaPublisher:
    """The real publisher: idempotent, acknowledged by all in-sync replicas."""

    def __init__(self, settings: KafkaSettings, *, client_id: str) -> None:
        self._config = _client_config(settings, client_id) | {
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


Rebalanced = Callable[[Any, list[TopicPartition]], None]


class ConsumerClient(Protocol):
    """The part of confluent-kafka's `Consumer` that is used here."""

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        """Returns the cluster's metadata."""

    def subscribe(
        self,
        topics: list[str],
        on_assign: Rebalanced | None = None,
        on_revoke: Rebalanced | None = None,
        on_lost: Rebalanced | None = None,
    ) -> None:
        """Joins the group."""

    def poll(self, timeout: float = -1) -> Any:
        """Returns a message, an error or nothing."""

    def store_offsets(self, message: Any) -> None:
        """Marks a message as done."""

    def seek(self, partition: TopicPartition) -> None:
        """Goes back to an offset."""

    def close(self) -> None:
        """Commits what is stored and leaves the group."""


class EventConsumer:
    """Feeds a handler with the events of some topics; `step` is what a `Worker` repeats."""

    def __init__(
        self,
        topics: Sequence[str],
        handler: Callable[[Event], None],
        *,
        connect: Callable[[Callable[[str], None]], ConsumerClient],
        replay: bool = False,
    ) -> None:
        """`replay` is for a consumer that rebuilds its state: ready once it has read everything."""
        self._topics = list(topics)
        self._handler = handler
        self._connect = connect
        self._replay = replay
        self._client: ConsumerClient | None = None
        self._backoff = Backoff()
        self._complaint = Complaint(log)
        self._lock = threading.Lock()
        self._subscribed = False
        self._assigned: set[tuple[str, int]] | None = None
        self._at_end: set[tuple[str, int]] = set()
        self._brokers_up = False
        self._waiting_for = "not connected yet"

    def step(self, stop: threading.Event) -> None:
        """Moves on by one message, or waits for one up to half a second."""
        if self._client is None:
            self._client = self._connect(self._read_statistics)
        if not self._subscribed:
            self._await_topics(self._client, stop)
            return
        message = self._client.poll(0.5)
        if message is None:
            return
        if message.error():
            self._note_error(message)
            return
        self._consume(self._client, message, stop)

    def close(self) -> None:
        """Commits what was handled and leaves the group, so that another replica takes over."""
        if self._client is not None:
            self._client.close()
            log.info("consumer closed", extra={"topics": self._topics})

    def check(self) -> CheckResult:
        """Is ready with a broker in reach and partitions assigned (when replaying: all read)."""
        with self._lock:
            if self._assigned is None:
                return CheckResult(ok=False, detail=self._waiting_for)
            if not self._brokers_up:
                return CheckResult(ok=False, detail="no Kafka broker in reach")
            behind = self._assigned - self._at_end if self._replay else set()
            if behind:
                return CheckResult(ok=False, detail=f"replaying, {len(behind)} partitions to go")
            return CheckResult(ok=True, detail=f"{len(self._assigned)} partitions assigned")

    def _await_topics(self, client: ConsumerClient, stop: threading.Event) -> None:
        missing = self._missing_topics(client)
        if not missing:
            client.subscribe(
                self._topics,
                on_assign=self._note_assigned,
                on_revoke=self._note_revoked,
                on_lost=self._note_revoked,
            )
            self._subscribed = True
            self._waiting_for = "joining the consumer group"
            self._backoff.reset()
            return
        if missing != self._waiting_for:
            log.warning("consumer is waiting: %s", missing)
        self._waiting_for = missing
        stop.wait(self._backoff.next_seconds())

    def _missing_topics(self, client: ConsumerClient) -> str:
        try:
            known = client.list_topics(timeout=5.0).topics
        except KafkaException as error:
            return f"no Kafka broker in reach: {error.args[0].str()}"
        self._brokers_up = True
        missing = [topic for topic in self._topics if topic not in known]
        return f"topic {', '.join(missing)} does not exist yet" if missing else ""

    def _consume(self, client: ConsumerClient, message: Any, stop: threading.Event) -> None:
        where = {
            "topic": message.topic(),
            "partition": message.partition(),
            "offset": message.offset(),
        }
        event = parse_event(message.topic(), message.key(), message.value())
        if event is None:
            log.error("event skipped: not a JSON object", extra=where)
            client.store_offsets(message=message)
            return
        try:
            self._handler(event)
        except Exception as error:
            pause = self._backoff.next_seconds()
            self._complaint.failed("event not handled, trying again", error, **where, pause=pause)
            client.seek(TopicPartition(message.topic(), message.partition(), message.offset()))
            stop.wait(pause)
            return
        self._backoff.reset()
        self._complaint.is_over()
        client.store_offsets(message=message)

    def _note_error(self, message: Any) -> None:
        error: KafkaError = message.error()
        if error.code() == KafkaError._PARTITION_EOF:
            with self._lock:
                self._at_end.add((message.topic(), message.partition()))
            return
        log.warning("kafka: %s", error.str())

    def _note_assigned(self, _client: object, partitions: list[TopicPartition]) -> None:
        with self._lock:
            self._assigned = {(p.topic, p.partition) for p in partitions}
            self._at_end = set()
        log.info(
            "partitions assigned",
            extra={"partitions": [f"{p.topic}/{p.partition}" for p in partitions]},
        )

    def _note_revoked(self, _client: object, _partitions: list[TopicPartition]) -> None:
        with self._lock:
            self._assigned = None
            self._waiting_for = "joining the consumer group"

    def _read_statistics(self, statistics: str) -> None:
        brokers = json.loads(statistics)["brokers"].values()
        self._brokers_up = any(broker["state"] == "UP" for broker in brokers)


def parse_event(topic: str, key: bytes | None, value: bytes | None) -> Event | None:
    """Returns the event, or None for what can never become one."""
    try:
        body = json.loads(value or b"")
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    return Event(topic=topic, key=(key or b"").decode("utf-8", "replace"), body=body)


def connect_consumer(
    settings: KafkaSettings,
    *,
    client_id: str,
    group_id: str,
    replay: bool = False,
) -> Callable[[Callable[[str], None]], ConsumerClient]:
    """Returns what opens the client: in a shared group, or with `replay` alone and from the start.

    A replaying consumer has a group of its own and commits nothing, so that every start reads all.
    """
    config = _client_config(settings, client_id) | {
        "group.id": f"{group_id}-{uuid.uuid4().hex[:12]}" if replay else group_id,
        "enable.auto.commit": not replay,
        "enable.auto.offset.store": False,
        "auto.commit.interval.ms": 1000,
        "auto.offset.reset": "earliest",
        "enable.partition.eof": replay,
        "session.timeout.ms": 10_000,
        "queued.max.messages.kbytes": 8192,
        "statistics.interval.ms": 2000,
    }

    def connect(on_statistics: Callable[[str], None]) -> ConsumerClient:
        return Consumer(config | {"stats_cb": on_statistics}, logger=kafka_log)

    return connect


def ensure_topic(settings: KafkaSettings, topic: str, *, client_id: str) -> None:
    """Creates the topic unless it exists; the service that publishes to a topic owns it.

    Raises:
        KafkaException: no broker in reach, or fewer brokers than replicas; the caller tries again.
    """
    admin = AdminClient(_client_config(settings, client_id), logger=kafka_log)
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


def _client_config(settings: KafkaSettings, client_id: str) -> dict[str, Any]:
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
