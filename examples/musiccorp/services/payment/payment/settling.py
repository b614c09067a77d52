"""Decides about the payment of one order. Pure: the same order always gets the same settlement.

That makes an order that is seen twice harmless: its second settlement carries the same id, and
whoever reads settlements ignores an id seen before.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from chassis.events import Event

if TYPE_CHECKING:
    from chassis.events import EventPublisher

__all__ = ["ORDERS_TOPIC", "SETTLEMENTS_TOPIC", "Decision", "Settlement", "settle", "settle_order"]

log = logging.getLogger(__name__)

ORDERS_TOPIC = "orders"
SETTLEMENTS_TOPIC = "settlements"
_SETTLEMENT_SPACE = UUID("0b6f8a64-8a34-4d3a-a4be-7f1c66a4a5d2")


class Decision(StrEnum):
    """How a payment can end."""

    SETTLED = "settled"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The outcome of the payment of one order."""

    id: UUID
    order_id: UUID
    customer_id: int
    amount_cents: int
    currency: str
    decision: Decision
    reason: str

    def as_event(self) -> Event:
        """Returns the event for the settlements topic, keyed by the order."""
        body: dict[str, Any] = {
            "type": "order.settled",
            "event_id": str(self.id),
            "settlement_id": str(self.id),
            "order_id": str(self.order_id),
            "customer_id": self.customer_id,
            "status": self.decision.value,
            "amount_cents": self.amount_cents,
            "currency": self.currency,
            "reason": self.reason,
        }
        return Event(topic=SETTLEMENTS_TOPIC, key=str(self.order_id), body=body)


def settle(order: dict[str, Any], *, limit_cents: int) -> Settlement:
    """Returns the settlement of an order: settled up to `limit_cents`, declined above.

    Raises:
        KeyError, ValueError, TypeError: this is not an order.
    """
    order_id, total = UUID(order["order_id"]), int(order["total_cents"])
    declined = total > limit_cents
    return Settlement(
        id=uuid5(_SETTLEMENT_SPACE, str(order_id)),
        order_id=order_id,
        customer_id=int(order["customer_id"]),
        amount_cents=total,
        currency=str(order["currency"]),
        decision=Decision.DECLINED if declined else Decision.SETTLED,
        reason="amount is above the limit" if declined else "",
    )


def settle_order(event: Event, *, publisher: EventPublisher, limit_cents: int) -> None:
    """Publishes the settlement of an announced order; anything else is logged and left.

    Raises:
        PublishFailed: Kafka did not take it; the order has to come again.
    """
    try:
        settlement = settle(event.body, limit_cents=limit_cents)
    except (KeyError, ValueError, TypeError, AttributeError):
        log.warning("order not understood", extra={"key": event.key})
        return
    publisher.publish([settlement.as_event()])
    log.info(
        "payment decided",
        extra={"order_id": str(settlement.order_id), "decision": settlement.decision.value},
    )
