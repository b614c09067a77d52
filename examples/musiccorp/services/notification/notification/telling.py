"""What a customer is told, and the memory of it.

Kafka is the storage: every start reads both topics from the beginning, and the same event always
makes the same notification, so reading something twice changes nothing. Next: `routes` serves the
memory.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chassis.events import Event

__all__ = ["ORDERS_TOPIC", "SETTLEMENTS_TOPIC", "Mailbox", "Notification", "notification_for"]

log = logging.getLogger(__name__)

ORDERS_TOPIC = "orders"
SETTLEMENTS_TOPIC = "settlements"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message to one customer."""

    id: str
    customer_id: int
    order_id: str
    kind: str
    text: str


class Mailbox:
    """Keeps the last notifications of every customer; safe for several threads."""

    def __init__(self, *, keep_per_customer: int = 100) -> None:
        self._keep = keep_per_customer
        self._lock = threading.Lock()
        self._boxes: dict[int, OrderedDict[str, Notification]] = {}

    def deliver(self, event: Event) -> None:
        """Turns an event into a notification; one that means nothing here is logged and left."""
        try:
            notification = notification_for(event.topic, event.body)
        except (KeyError, ValueError, TypeError):
            log.warning("event not understood", extra={"topic": event.topic, "key": event.key})
            return
        with self._lock:
            box = self._boxes.setdefault(notification.customer_id, OrderedDict())
            if notification.id in box:
                return
            box[notification.id] = notification
            if len(box) > self._keep:
                box.popitem(last=False)

    def read(self, customer_id: int) -> Sequence[Notification]:
        """Returns what the customer was told, oldest first; nothing for somebody unknown."""
        with self._lock:
            return tuple(self._boxes.get(customer_id, {}).values())


def notification_for(topic: str, body: dict[str, Any]) -> Notification:
    """Returns what the customer is told about this event.

    Raises:
        KeyError, ValueError, TypeError: it is neither an order nor a settlement.
    """
    kind, text = _wording(topic, body)
    return Notification(
        id=str(body["event_id"]),
        customer_id=int(body["customer_id"]),
        order_id=str(body["order_id"]),
        kind=kind,
        text=text,
    )


def _wording(topic: str, body: dict[str, Any]) -> tuple[str, str]:
    order = str(body["order_id"])[:8]
    match topic, body.get("status"):
        case "orders", "placed":
            copies = sum(int(item["quantity"]) for item in body["items"])
            amount = _money(body["total_cents"], body["currency"])
            noun = "album" if copies == 1 else "albums"
            return "order-placed", f"Thank you for your order {order}: {copies} {noun}, {amount}."
        case "settlements", "settled":
            amount = _money(body["amount_cents"], body["currency"])
            return "order-settled", f"Your payment of {amount} for order {order} went through."
        case "settlements", "declined":
            return (
                "order-declined",
                f"Your payment for order {order} was declined: {body['reason']}.",
            )
        case _:
            msg = f"no wording for status {body.get('status')!r} on topic {topic}"
            raise ValueError(msg)


def _money(cents: object, currency: object) -> str:
    return f"{int(str(cents)) / 100:.2f} {currency}"
