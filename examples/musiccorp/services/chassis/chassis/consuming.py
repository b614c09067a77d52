"""Feeding a handler with the events of some topics, and never crashing for want of a broker.

An event is marked as done only after its handler returned; a handler that fails sees the same event
again. Next: `worker` repeats the consumer's `step`; `health` asks its `check`.
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from chassis.events import Event, client_config, kafka_log, parse_event
from chassis.health import CheckResult
from chassis.logs import Complaint
from chassis.worker import Backoff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chassis.settings import KafkaSettings

__all__ = ["ConsumerClient", "EventConsumer", "connect_consumer"]

log = logging.getLogger(__name__)

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
    config = client_config(settings, client_id) | {
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
