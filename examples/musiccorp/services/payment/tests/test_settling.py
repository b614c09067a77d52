from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from chassis.events import Event, PublishFailed
from payment.settling import Decision, settle, settle_order

LIMIT = 50_000


def order(total_cents: int = 1290) -> dict[str, Any]:
    return {
        "order_id": str(uuid4()),
        "customer_id": 1,
        "total_cents": total_cents,
        "currency": "EUR",
    }


class Publisher:
    def __init__(self, *, is_away: bool = False) -> None:
        self.published: list[Event] = []
        self._is_away = is_away

    def publish(self, events: Sequence[Event]) -> None:
        if self._is_away:
            msg = "not confirmed"
            raise PublishFailed(msg)
        self.published.extend(events)


@pytest.mark.parametrize(
    ("total_cents", "decision"),
    [(1, Decision.SETTLED), (LIMIT, Decision.SETTLED), (LIMIT + 1, Decision.DECLINED)],
)
def test_amounts_up_to_the_limit_go_through(total_cents: int, decision: Decision) -> None:
    settlement = settle(order(total_cents), limit_cents=LIMIT)
    assert (settlement.decision, settlement.amount_cents) == (decision, total_cents)
    assert bool(settlement.reason) == (decision is Decision.DECLINED)


def test_the_same_order_always_gets_the_same_settlement() -> None:
    one, other = order(), order()
    assert settle(one, limit_cents=LIMIT) == settle(one, limit_cents=LIMIT)
    assert settle(one, limit_cents=LIMIT).id != settle(other, limit_cents=LIMIT).id


def test_a_settlement_is_published_under_the_key_of_its_order() -> None:
    publisher, placed = Publisher(), order()
    event = Event(topic="orders", key=placed["order_id"], body=placed)
    settle_order(event, publisher=publisher, limit_cents=LIMIT)
    (settlement,) = publisher.published
    assert (settlement.topic, settlement.key) == ("settlements", placed["order_id"])
    assert settlement.body["status"] == "settled"
    assert settlement.body["order_id"] == placed["order_id"]
    assert settlement.body["event_id"] == settlement.body["settlement_id"]


def test_an_unpublished_settlement_is_an_error_so_that_the_order_comes_again() -> None:
    event = Event(topic="orders", key="k", body=order())
    with pytest.raises(PublishFailed):
        settle_order(event, publisher=Publisher(is_away=True), limit_cents=LIMIT)


@pytest.mark.parametrize(
    "body",
    [{}, order() | {"order_id": "x"}, order() | {"order_id": 7}, order() | {"total_cents": None}],
)
def test_what_is_not_an_order_is_left_alone(body: dict[str, Any]) -> None:
    publisher = Publisher()
    event = Event(topic="orders", key="k", body=body)
    settle_order(event, publisher=publisher, limit_cents=LIMIT)
    assert publisher.published == []
