from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from chassis.events import Event, PublishFailed
from order.outbox import OutboxRelay
from shop import LedgerInMemory

EVENTS = [Event(topic="orders", key=str(n), body={"n": n}) for n in range(250)]


class Publisher:
    def __init__(self, *, failures: int = 0) -> None:
        self.published: list[Event] = []
        self.batches: list[int] = []
        self._failures = failures

    def publish(self, events: Sequence[Event]) -> None:
        if self._failures:
            self._failures -= 1
            msg = "not confirmed"
            raise PublishFailed(msg)
        self.batches.append(len(events))
        self.published.extend(events)


def relay_of(ledger: LedgerInMemory, publisher: Publisher) -> OutboxRelay:
    relay = OutboxRelay(ledger, publisher, prepare=lambda: None)
    relay.wake()  # so that no step of a test rests
    return relay


def ledger_with(*events: Event) -> LedgerInMemory:
    ledger = LedgerInMemory()
    ledger.outbox.extend(events)
    return ledger


def test_one_step_hands_over_everything_in_order_and_in_batches() -> None:
    ledger, publisher = ledger_with(*EVENTS), Publisher()
    relay_of(ledger, publisher).step(threading.Event())
    assert publisher.published == EVENTS
    assert publisher.batches == [100, 100, 50]
    assert ledger.outbox == []


def test_what_kafka_did_not_confirm_waits_for_the_next_step() -> None:
    ledger, publisher = ledger_with(EVENTS[0]), Publisher(failures=1)
    relay = relay_of(ledger, publisher)
    with pytest.raises(PublishFailed):
        relay.step(threading.Event())
    assert ledger.outbox == [EVENTS[0]]
    relay.step(threading.Event())
    assert publisher.published == [EVENTS[0]]


def test_the_topic_is_prepared_until_that_succeeded_and_then_never_again() -> None:
    outcomes = [False, True]

    def prepare() -> None:
        if not outcomes.pop(0):
            msg = "no broker"
            raise ConnectionError(msg)

    relay = OutboxRelay(ledger_with(), Publisher(), prepare=prepare)
    with pytest.raises(ConnectionError):
        relay.step(threading.Event())
    for _ in range(2):
        relay.wake()
        relay.step(threading.Event())
    assert outcomes == []
