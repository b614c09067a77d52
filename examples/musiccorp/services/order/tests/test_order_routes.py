from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.health import Health
from chassis.web import Application, Refused, as_asgi
from order.orders import Order, Wish
from order.placing import place_order
from order.routes import basket_from, order_routes
from shop import Desk, LedgerInMemory, Stock, noon
from starlette.testclient import TestClient

BASKET = {"customer_id": 1, "items": [{"album_id": 3, "quantity": 1}]}


def client_of(stock: Stock | None = None) -> TestClient:
    desk, ledger, room = Desk(), LedgerInMemory(), stock or Stock()

    def place(order_id: UUID, customer_id: int, wishes: list[Wish]) -> Order:
        return place_order(
            order_id,
            customer_id,
            wishes,
            customers=desk,
            stock=room,
            ledger=ledger,
            now=noon,
            currency="EUR",
        )

    routes = order_routes(place=place, ledger=ledger)
    return TestClient(as_asgi(Application(routes=routes, health=Health())))


def test_a_placed_order_is_found_where_the_answer_says() -> None:
    client = client_of()
    placed = client.post("/orders", json=BASKET)
    assert placed.status_code == 201
    assert placed.json()["total_cents"] == 1290
    assert placed.json()["status"] == "placed"
    assert client.get(placed.headers["location"]).json() == placed.json()


def test_a_repeated_request_with_the_same_key_is_one_order() -> None:
    client = client_of()
    ids = {
        client.post("/orders", json=BASKET, headers={"Idempotency-Key": "k"}).json()["order_id"]
        for _ in range(2)
    }
    assert len(ids) == 1


def test_an_unknown_order_is_not_found() -> None:
    assert client_of().get(f"/orders/{uuid4()}").status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (BASKET | {"customer_id": 2}, "unknown-customer"),
        (BASKET | {"items": [{"album_id": 9, "quantity": 1}]}, "unknown-album"),
        ({}, "bad-order"),
    ],
)
def test_a_refused_order_says_why(body: dict[str, Any], code: str) -> None:
    answer = client_of().post("/orders", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


def test_an_order_that_cannot_be_checked_is_answered_with_503_and_the_neighbour_named() -> None:
    answer = client_of(Stock(is_open=False)).post("/orders", json=BASKET)
    assert answer.status_code == 503
    assert "catalog" in answer.json()["error"]["message"]


def test_a_key_of_unreasonable_length_is_refused() -> None:
    answer = client_of().post("/orders", json=BASKET, headers={"Idempotency-Key": "k" * 201})
    assert answer.json()["error"]["code"] == "bad-key"


def test_the_same_album_twice_counts_together() -> None:
    twice = [{"album_id": 3, "quantity": 1}, {"album_id": 3, "quantity": 2}]
    assert basket_from({"customer_id": 1, "items": twice}) == (1, [Wish(album_id=3, quantity=3)])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"customer_id": "1", "items": BASKET["items"]}, id="a customer in quotes"),
        pytest.param({"customer_id": True, "items": BASKET["items"]}, id="a yes as customer"),
        pytest.param({"customer_id": 1, "items": []}, id="nothing ordered"),
        pytest.param({"customer_id": 1, "items": [{"album_id": 3}]}, id="no quantity"),
        pytest.param(
            {"customer_id": 1, "items": [{"album_id": 3, "quantity": -1}]}, id="minus one"
        ),
    ],
)
def test_a_malformed_order_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        basket_from(body)
    assert caught.value.status == 422
