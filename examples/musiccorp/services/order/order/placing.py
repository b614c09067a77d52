"""Placing an order and learning how its payment went. Pure decisions; every effect is handed in.

If the process dies between reserving and recording, the albums stay reserved until the customer
repeats the request with the same `Idempotency-Key`: both steps then continue where they were.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import UUID, uuid4, uuid5

from chassis.events import Event

from order.orders import ORDERS_TOPIC, NeighbourUnavailable, Order, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from order.orders import CustomerDesk, Ledger, StockRoom, Wish

__all__ = ["apply_settlement", "order_id_for", "place_order"]

log = logging.getLogger(__name__)

_KEY_SPACE = UUID("5f0f3c1e-4a0d-4a57-9c8e-2f6d8a1b7c11")


def order_id_for(idempotency_key: str | None, customer_id: int) -> UUID:
    """Returns the same id for the same key of the same customer, and a fresh one without a key."""
    if not idempotency_key:
        return uuid4()
    return uuid5(_KEY_SPACE, f"{customer_id}/{idempotency_key}")


def place_order(
    order_id: UUID,
    customer_id: int,
    wishes: Sequence[Wish],
    *,
    customers: CustomerDesk,
    stock: StockRoom,
    ledger: Ledger,
    now: Callable[[], datetime],
    currency: str,
) -> Order:
    """Returns the order as stored; an order that exists already is returned as it is.

    Raises:
        OrderRefused: unknown customer or album, or out of stock; nothing is stored or reserved.
        NeighbourUnavailable: customer or catalog did not answer.
    """
    existing = ledger.find(order_id)
    if existing:
        return existing
    customers.assert_known(customer_id)
    order = Order(
        id=order_id,
        customer_id=customer_id,
        currency=currency,
        lines=stock.reserve(order_id, wishes),
        status=Status.PLACED,
        placed_at=now(),
    )
    try:
        return ledger.record(order, announcement_of(order))
    except Exception:
        _give_back(order_id, stock)
        raise


def announcement_of(order: Order) -> Event:
    """Returns the event that tells payment and notification of a new order."""
    body = {"type": "order.placed", "event_id": f"{order.id}:placed", **order.as_json()}
    return Event(topic=ORDERS_TOPIC, key=str(order.id), body=body)


def apply_settlement(
    event: Event, *, ledger: Ledger, stock: StockRoom, now: Callable[[], datetime]
) -> None:
    """Makes the order final as the payment says; albums of a declined order go back to the shelf.

    Seeing a settlement twice changes nothing. An event that says something else is logged and left.

    Raises:
        NeighbourUnavailable: the catalog did not take the albums back; the event has to come again.
    """
    try:
        order_id, status = UUID(event.body["order_id"]), Status(event.body["status"])
    except (KeyError, ValueError, AttributeError, TypeError):
        log.warning("settlement not understood", extra={"key": event.key})
        return
    if status is Status.DECLINED:
        stock.release(order_id)
    if ledger.decide(order_id, status, now()):
        log.info("order decided", extra={"order_id": str(order_id), "status": status.value})


def _give_back(order_id: UUID, stock: StockRoom) -> None:
    try:
        stock.release(order_id)
    except NeighbourUnavailable as error:
        log.warning("reservation kept: %s", error, extra={"order_id": str(order_id)})
