"""A shop in memory: fakes that keep the promises of the protocols in `order.orders`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from chassis.events import Event
from order.orders import NeighbourUnavailable, Order, OrderLine, OrderRefused, Status, Wish

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
PRICES = {3: 1290, 6: 1390}


def noon() -> datetime:
    return NOON


class Desk:
    """Knows customer 1 and counts how often it was asked."""

    def __init__(self) -> None:
        self.questions = 0

    def assert_known(self, customer_id: int) -> None:
        self.questions += 1
        if customer_id != 1:
            raise OrderRefused(
                code="unknown-customer", message=f"there is no customer {customer_id}"
            )


class Stock:
    """Reserves without end, remembers for whom; can be closed."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.reserved: dict[UUID, tuple[OrderLine, ...]] = {}
        self.is_open = is_open

    def reserve(self, order_id: UUID, wishes: Sequence[Wish]) -> tuple[OrderLine, ...]:
        self._assert_open()
        for wish in wishes:
            if wish.album_id not in PRICES:
                raise OrderRefused(
                    code="unknown-album", message=f"there is no album {wish.album_id}"
                )
        lines = tuple(_line(wish) for wish in wishes)
        return self.reserved.setdefault(order_id, lines)

    def release(self, order_id: UUID) -> None:
        self._assert_open()
        self.reserved.pop(order_id, None)

    def _assert_open(self) -> None:
        if not self.is_open:
            msg = "catalog does not answer"
            raise NeighbourUnavailable(msg)


class LedgerInMemory:
    """Stores order and announcement together, or neither while `is_away`."""

    def __init__(self, *, is_away: bool = False) -> None:
        self.orders: dict[UUID, Order] = {}
        self.outbox: list[Event] = []
        self.is_away = is_away

    def find(self, order_id: UUID) -> Order | None:
        return self.orders.get(order_id)

    def record(self, order: Order, announcement: Event) -> Order:
        if self.is_away:
            msg = "database away"
            raise ConnectionError(msg)
        if order.id not in self.orders:
            self.orders[order.id] = order
            self.outbox.append(announcement)
        return self.orders[order.id]

    def decide(self, order_id: UUID, status: Status, at: datetime) -> bool:
        order = self.orders.get(order_id)
        if order is None or order.status is not Status.PLACED:
            return False
        self.orders[order_id] = replace(order, status=status, decided_at=at)
        return True

    def hand_over(self, publish: Callable[[Sequence[Event]], None], *, at_most: int) -> int:
        batch = self.outbox[:at_most]
        if batch:
            publish(batch)
            del self.outbox[: len(batch)]
        return len(batch)


def _line(wish: Wish) -> OrderLine:
    return OrderLine(
        album_id=wish.album_id,
        title=f"Album {wish.album_id}",
        quantity=wish.quantity,
        price_cents=PRICES[wish.album_id],
    )
