from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from chassis.events import Event
from order.orders import NeighbourUnavailable, Order, OrderRefused, Status, Wish
from order.placing import apply_settlement, order_id_for, place_order
from shop import NOON, Desk, LedgerInMemory, Stock, noon

TWO_ALBUMS = [Wish(album_id=3, quantity=2), Wish(album_id=6, quantity=1)]


class Shop:
    def __init__(self, *, ledger: LedgerInMemory | None = None, stock: Stock | None = None) -> None:
        self.desk, self.stock, self.ledger = (
            Desk(),
            stock or Stock(),
            ledger or LedgerInMemory(),
        )

    def place(
        self, order_id: UUID, customer_id: int = 1, wishes: list[Wish] | None = None
    ) -> Order:
        return place_order(
            order_id,
            customer_id,
            TWO_ALBUMS if wishes is None else wishes,
            customers=self.desk,
            stock=self.stock,
            ledger=self.ledger,
            now=noon,
            currency="EUR",
        )

    def settle(self, order_id: object, status: object) -> None:
        body = {"order_id": order_id, "status": status}
        event = Event(topic="settlements", key="k", body=body)
        apply_settlement(event, ledger=self.ledger, stock=self.stock, now=noon)


def test_an_order_is_stored_with_its_announcement_and_its_albums_are_reserved() -> None:
    shop = Shop()
    order = shop.place(uuid4())
    assert (order.status, order.total_cents, order.placed_at) == (Status.PLACED, 3970, NOON)
    assert shop.ledger.find(order.id) == order
    assert shop.stock.reserved[order.id] == order.lines
    (event,) = shop.ledger.outbox
    assert (event.topic, event.key) == ("orders", str(order.id))
    assert event.body["total_cents"] == 3970
    assert event.body["status"] == "placed"


def test_the_same_key_of_the_same_customer_gives_the_same_order() -> None:
    assert order_id_for("abc", 1) == order_id_for("abc", 1)
    assert len({order_id_for("abc", 1), order_id_for("abc", 2), order_id_for("abd", 1)}) == 3
    assert order_id_for(None, 1) != order_id_for(None, 1)


def test_a_repeated_order_is_returned_as_it_is_without_asking_anybody() -> None:
    shop, order_id = Shop(), uuid4()
    first = shop.place(order_id)
    assert shop.place(order_id) == first
    assert shop.desk.questions == 1
    assert len(shop.ledger.outbox) == 1


@pytest.mark.parametrize(
    ("customer_id", "wishes", "code"),
    [(2, TWO_ALBUMS, "unknown-customer"), (1, [Wish(album_id=9, quantity=1)], "unknown-album")],
)
def test_a_refused_order_leaves_nothing_behind(
    customer_id: int, wishes: list[Wish], code: str
) -> None:
    shop = Shop()
    with pytest.raises(OrderRefused) as caught:
        shop.place(uuid4(), customer_id, wishes)
    assert caught.value.code == code
    assert (shop.ledger.orders, shop.ledger.outbox, shop.stock.reserved) == ({}, [], {})


def test_albums_go_back_when_the_order_cannot_be_stored() -> None:
    shop = Shop(ledger=LedgerInMemory(is_away=True))
    with pytest.raises(ConnectionError):
        shop.place(uuid4())
    assert shop.stock.reserved == {}


def test_a_settled_order_is_final() -> None:
    shop = Shop()
    order = shop.place(uuid4())
    shop.settle(str(order.id), "settled")
    shop.settle(str(order.id), "settled")
    stored = shop.ledger.orders[order.id]
    assert (stored.status, stored.decided_at) == (Status.SETTLED, NOON)
    assert order.id in shop.stock.reserved


def test_albums_of_a_declined_order_go_back_to_the_shelf() -> None:
    shop = Shop()
    order = shop.place(uuid4())
    shop.settle(str(order.id), "declined")
    assert shop.ledger.orders[order.id].status is Status.DECLINED
    assert shop.stock.reserved == {}


def test_an_order_is_not_declined_before_its_albums_are_back() -> None:
    shop = Shop()
    order = shop.place(uuid4())
    shop.stock.is_open = False
    with pytest.raises(NeighbourUnavailable):
        shop.settle(str(order.id), "declined")
    assert shop.ledger.orders[order.id].status is Status.PLACED


@pytest.mark.parametrize(
    ("order_id", "status"),
    [("no-id", "settled"), (7, "settled"), (str(uuid4()), "lost"), (str(uuid4()), None)],
)
def test_a_settlement_that_is_not_understood_is_left_alone(
    order_id: object, status: object
) -> None:
    shop = Shop()
    order = shop.place(uuid4())
    shop.settle(order_id, status)
    assert shop.ledger.orders[order.id].status is Status.PLACED


def test_a_settlement_of_an_unknown_order_changes_nothing() -> None:
    shop = Shop()
    shop.settle(str(uuid4()), "settled")
    assert shop.ledger.orders == {}
