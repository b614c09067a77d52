from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from chassis.consuming import EventConsumer
from chassis.events import Event, parse_event
from confluent_kafka import KafkaError, KafkaException, TopicPartition


@dataclass(frozen=True, kw_only=True)
class FakeMessage:
    body: bytes = b"{}"
    at: int = 0
    error_code: int | None = None

    def error(self) -> KafkaError | None:
        return None if self.error_code is None else KafkaError(self.error_code)

    def topic(self) -> str:
        return "orders"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.at

    def key(self) -> bytes:
        return b"order-1"

    def value(self) -> bytes:
        return self.body


@dataclass(kw_only=True)
class FakeClient:
    """Plays a broker: the topics it knows, and what the next polls return."""

    topics: list[list[str] | KafkaException] = field(default_factory=lambda: [["orders"]])
    messages: list[FakeMessage] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)
    sought: list[int] = field(default_factory=list)
    callbacks: dict[str, Any] = field(default_factory=dict)
    is_closed: bool = False

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        assert topic is None
        assert timeout > 0
        known = self.topics.pop(0) if len(self.topics) > 1 else self.topics[0]
        if isinstance(known, KafkaException):
            raise known
        return SimpleNamespace(topics=dict.fromkeys(known))

    def subscribe(
        self, topics: list[str], on_assign: Any = None, on_revoke: Any = None, on_lost: Any = None
    ) -> None:
        assert topics == ["orders"]
        self.callbacks = {"assign": on_assign, "revoke": on_revoke, "lost": on_lost}

    def poll(self, timeout: float = -1) -> FakeMessage | None:
        assert timeout > 0
        return self.messages.pop(0) if self.messages else None

    def store_offsets(self, message: Any) -> None:
        self.stored.append(message.offset())

    def seek(self, partition: TopicPartition) -> None:
        self.sought.append(partition.offset)

    def close(self) -> None:
        self.is_closed = True

    def assign(self) -> None:
        self.callbacks["assign"](self, [TopicPartition("orders", 0)])

    def revoke(self) -> None:
        self.callbacks["revoke"](self, [TopicPartition("orders", 0)])


class Told:
    """A handler that remembers, and fails as often as it was told to."""

    def __init__(self, *, failures: int = 0) -> None:
        self.events: list[Event] = []
        self._failures = failures

    def __call__(self, event: Event) -> None:
        if self._failures:
            self._failures -= 1
            msg = "database away"
            raise ConnectionError(msg)
        self.events.append(event)


STOPPED = threading.Event()
STOPPED.set()  # steps then never really wait


def consumer_of(client: FakeClient, told: Told, *, replay: bool = False) -> EventConsumer:
    return EventConsumer(["orders"], told, connect=lambda _statistics: client, replay=replay)


def test_an_event_is_done_only_after_its_handler_returned() -> None:
    client, told = FakeClient(messages=[FakeMessage(body=b'{"n": 1}', at=5)]), Told()
    consumer = consumer_of(client, told)
    consumer.step(STOPPED)
    assert client.stored == []
    consumer.step(STOPPED)
    assert told.events == [Event(topic="orders", key="order-1", body={"n": 1})]
    assert client.stored == [5]


def test_an_event_that_could_not_be_handled_comes_again() -> None:
    message = FakeMessage(at=5)
    client, told = FakeClient(messages=[message, message]), Told(failures=1)
    consumer = consumer_of(client, told)
    for _ in range(2):
        consumer.step(STOPPED)
    assert (client.sought, client.stored) == ([5], [])
    consumer.step(STOPPED)
    assert (len(told.events), client.stored) == (1, [5])


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b"\xff"])
def test_what_can_never_be_handled_is_skipped(body: bytes) -> None:
    client, told = FakeClient(messages=[FakeMessage(body=body, at=9)]), Told()
    consumer = consumer_of(client, told)
    consumer.step(STOPPED)
    consumer.step(STOPPED)
    assert (told.events, client.stored) == ([], [9])
    assert parse_event("orders", None, body) is None


def test_it_waits_for_brokers_then_for_the_topic_and_says_what_it_waits_for() -> None:
    away = KafkaException(KafkaError(KafkaError._TRANSPORT))
    client = FakeClient(topics=[away, ["other"], ["orders"]])
    consumer = consumer_of(client, Told())
    consumer.step(STOPPED)
    assert "no Kafka broker in reach" in consumer.check().detail
    consumer.step(STOPPED)
    assert "topic orders does not exist yet" in consumer.check().detail
    assert client.callbacks == {}
    consumer.step(STOPPED)
    assert "joining" in consumer.check().detail
    client.assign()
    assert consumer.check().ok


def test_losing_the_partitions_makes_it_unready_until_it_gets_some_again() -> None:
    client = FakeClient()
    consumer = consumer_of(client, Told())
    consumer.step(STOPPED)
    client.assign()
    client.revoke()
    assert not consumer.check().ok
    client.assign()
    assert consumer.check().ok


@pytest.mark.parametrize(("state", "is_ready"), [("UP", True), ("DOWN", False), ("CONNECT", False)])
def test_readiness_follows_the_state_of_the_brokers(state: str, is_ready: bool) -> None:
    client, tell_statistics = FakeClient(), []

    def connect(tell: Callable[[str], None]) -> FakeClient:
        tell_statistics.append(tell)
        return client

    consumer = EventConsumer(["orders"], Told(), connect=connect)
    consumer.step(STOPPED)
    client.assign()
    tell_statistics[0](json.dumps({"brokers": {"kafka:9092/0": {"state": state}}}))
    assert consumer.check().ok is is_ready


def test_a_replaying_consumer_is_ready_only_at_the_end_of_every_partition() -> None:
    end = FakeMessage(error_code=KafkaError._PARTITION_EOF)
    client = FakeClient(messages=[FakeMessage(at=0), end])
    consumer = consumer_of(client, Told(), replay=True)
    consumer.step(STOPPED)
    client.assign()
    consumer.step(STOPPED)
    assert consumer.check().detail == "replaying, 1 partitions to go"
    consumer.step(STOPPED)
    assert consumer.check().ok


def test_closing_leaves_the_group() -> None:
    client = FakeClient()
    consumer = consumer_of(client, Told())
    consumer.close()
    assert not client.is_closed
    consumer.step(STOPPED)
    consumer.close()
    assert client.is_closed
