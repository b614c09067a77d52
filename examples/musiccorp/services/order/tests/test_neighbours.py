from __future__ import annotations

import json
from collections.abc import Callable
from uuid import uuid4

import httpx2
import pytest
from order.neighbours import HttpCustomerDesk, HttpStockRoom, open_client
from order.orders import NeighbourUnavailable, OrderLine, OrderRefused, Wish

Answer = Callable[[httpx2.Request], httpx2.Response]


def client(answer: Answer) -> httpx2.Client:
    transport = httpx2.MockTransport(answer)
    return open_client("http://neighbour", timeout_seconds=1, transport=transport)


def always(status: int, **body: object) -> Answer:
    return lambda _request: httpx2.Response(status, json=body)


def stall(request: httpx2.Request) -> httpx2.Response:
    msg = "timed out"
    raise httpx2.ReadTimeout(msg, request=request)


def refuse_connection(request: httpx2.Request) -> httpx2.Response:
    msg = "[Errno 111] Connection refused"
    raise httpx2.ConnectError(msg, request=request)


def test_a_known_customer_passes() -> None:
    HttpCustomerDesk(client(always(200, id=1))).assert_known(1)


def test_a_refusal_of_a_neighbour_keeps_its_code_and_sentence() -> None:
    answer = always(404, error={"code": "unknown-customer", "message": "there is no customer 7"})
    with pytest.raises(OrderRefused, match="there is no customer 7") as caught:
        HttpCustomerDesk(client(answer)).assert_known(7)
    assert caught.value.code == "unknown-customer"


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (stall, "timed out"),
        (refuse_connection, "Connection refused"),
        (always(500), "HTTP 500"),
        (always(503), "HTTP 503"),
        (always(404), "HTTP 404 without a reason"),
    ],
)
def test_a_neighbour_without_a_usable_answer_is_named_with_what_was_seen(
    answer: Answer, seen: str
) -> None:
    with pytest.raises(NeighbourUnavailable) as caught:
        HttpCustomerDesk(client(answer)).assert_known(1)
    assert "GET http://neighbour/customers/1" in str(caught.value)
    assert seen in str(caught.value)


def test_a_reservation_is_asked_for_by_the_id_of_the_order() -> None:
    order_id = uuid4()
    line = {"album_id": 3, "title": "Ebb", "quantity": 2, "price_cents": 1290}

    def reserve(request: httpx2.Request) -> httpx2.Response:
        assert (request.method, request.url.path) == ("PUT", f"/reservations/{order_id}")
        assert json.loads(request.content) == {"items": [{"album_id": 3, "quantity": 2}]}
        return httpx2.Response(200, json={"lines": [line]})

    lines = HttpStockRoom(client(reserve)).reserve(order_id, [Wish(album_id=3, quantity=2)])
    assert lines == (OrderLine(album_id=3, title="Ebb", quantity=2, price_cents=1290),)


def test_releasing_accepts_an_answer_without_a_body() -> None:
    HttpStockRoom(client(lambda _request: httpx2.Response(204))).release(uuid4())
