"""The words of the order service, and what it needs from its surroundings.

No SQL, HTTP or Kafka: `database`, `neighbours` and `outbox` implement the protocols. Next:
`placing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from chassis.events import Event

__all__ = [
    "ORDERS_TOPIC",
    "SETTLEMENTS_TOPIC",
    "CustomerDesk",
    "Ledger",
    "NeighbourUnavailable",
    "Order",
    "OrderLine",
    "OrderRefused",
    "Status",
    "StockRoom",
    "Wish",
]

ORDERS_TOPIC = "orders"
SETTLEMENTS_TOPIC = "settlements"


class Status(StrEnum):
    """How far an order has come; the last two are final."""

    PLACED = "placed"
    SETTLED = "settled"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """So many copies of one album."""

    album_id: int
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """Copies of one album at the price of the moment of the order."""

    album_id: int
    title: str
    quantity: int
    price_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of one customer."""

    id: UUID
    customer_id: int
    currency: str
    lines: tuple[OrderLine, ...]
    status: Status
    placed_at: datetime
    decided_at: datetime | None = None

    @property
    def total_cents(self) -> int:
        """What the customer pays."""
        return sum(line.quantity * line.price_cents for line in self.lines)

    def as_json(self) -> dict[str, Any]:
        """Returns the order as HTTP answers and events show it."""
        lines = [
            {
                "album_id": line.album_id,
                "title": line.title,
                "quantity": line.quantity,
                "price_cents": line.price_cents,
            }
            for line in self.lines
        ]
        return {
            "order_id": str(self.id),
            "customer_id": self.customer_id,
            "status": self.status.value,
            "currency": self.currency,
            "total_cents": self.total_cents,
            "items": lines,
            "placed_at": self.placed_at.isoformat(),
            "decided_at": self.decided_at.isoformat() if self.decided_at else None,
        }


class OrderRefused(Exception):  # noqa: N818 - an answer to the customer
    """A neighbour said no: unknown customer, unknown album, out of stock."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NeighbourUnavailable(Exception):  # noqa: N818 - a state of the world
    """A service that has to be asked gave no usable answer in time."""


class CustomerDesk(Protocol):
    """Who knows the customers."""

    def assert_known(self, customer_id: int) -> None:
        """Returns if the customer exists.

        Raises:
            OrderRefused: there is no such customer.
            NeighbourUnavailable: nobody answered.
        """


class StockRoom(Protocol):
    """Who keeps the albums."""

    def reserve(self, order_id: UUID, wishes: Sequence[Wish]) -> tuple[OrderLine, ...]:
        """Takes the albums off the shelf for this order; repeating it changes nothing.

        Raises:
            OrderRefused: an album is unknown or out of stock.
            NeighbourUnavailable: nobody answered.
        """

    def release(self, order_id: UUID) -> None:
        """Puts the albums back; repeating it changes nothing.

        Raises:
            NeighbourUnavailable: nobody answered.
        """


class Ledger(Protocol):
    """Where orders are written down."""

    def find(self, order_id: UUID) -> Order | None:
        """Returns the order, or None if there is none of that id."""

    def record(self, order: Order, announcement: Event) -> Order:
        """Stores the order and its announcement together; returns what is stored under that id."""

    def decide(self, order_id: UUID, status: Status, at: datetime) -> bool:
        """Makes a placed order final; returns False if it is unknown or final already."""

    def hand_over(self, publish: Callable[[Sequence[Event]], None], *, at_most: int) -> int:
        """Publishes waiting announcements, forgets them once `publish` returned, says how many."""
