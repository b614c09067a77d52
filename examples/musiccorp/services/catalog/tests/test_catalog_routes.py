from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from catalog.routes import catalog_routes, wishes_from
from catalog.stock import Album, OutOfStock, ReservedLine, UnknownAlbum, Wish
from chassis.health import Health
from chassis.web import Application, Refused, as_asgi
from starlette.testclient import TestClient

EBB = Album(id=3, artist="Northern Harbour", title="Ebb", price_cents=1290, stock=2)
LETTERS = Album(id=6, artist="Paper Lighthouse", title="Letters Home", price_cents=1390, stock=9)


class ShelfInMemory:
    """Keeps the promises of `catalog.stock.Shelf` in two dictionaries."""

    def __init__(self, *albums: Album) -> None:
        self._albums = {album.id: album for album in albums}
        self._reserved: dict[UUID, list[ReservedLine]] = {}

    def albums(self) -> Sequence[Album]:
        return list(self._albums.values())

    def album(self, album_id: int) -> Album:
        if album_id not in self._albums:
            raise UnknownAlbum(album_id)
        return self._albums[album_id]

    def reserve(self, order_id: UUID, wishes: Sequence[Wish]) -> Sequence[ReservedLine]:
        if order_id in self._reserved:
            return self._reserved[order_id]
        for wish in wishes:
            if self.album(wish.album_id).stock < wish.quantity:
                raise OutOfStock(wish.album_id, wish.quantity)
        self._reserved[order_id] = [self._take(wish) for wish in wishes]
        return self._reserved[order_id]

    def release(self, order_id: UUID) -> None:
        for line in self._reserved.pop(order_id, []):
            self._change(line.album_id, line.quantity)

    def _take(self, wish: Wish) -> ReservedLine:
        album = self._change(wish.album_id, -wish.quantity)
        return ReservedLine(
            album_id=album.id,
            title=album.title,
            quantity=wish.quantity,
            price_cents=album.price_cents,
        )

    def _change(self, album_id: int, by: int) -> Album:
        album = self._albums[album_id]
        self._albums[album_id] = replace(album, stock=album.stock + by)
        return album


@pytest.fixture
def client() -> TestClient:
    routes = catalog_routes(ShelfInMemory(EBB, LETTERS))
    return TestClient(as_asgi(Application(routes=routes, health=Health())))


def stock_of(client: TestClient, album_id: int) -> int:
    stock: int = client.get(f"/albums/{album_id}").json()["stock"]
    return stock


def items(*pairs: tuple[int, int]) -> dict[str, Any]:
    return {"items": [{"album_id": a, "quantity": q} for a, q in pairs]}


def test_the_catalog_lists_albums_with_price_and_stock(client: TestClient) -> None:
    albums = client.get("/albums").json()["albums"]
    assert [album["title"] for album in albums] == ["Ebb", "Letters Home"]
    assert albums[0] == {
        "id": 3,
        "artist": "Northern Harbour",
        "title": "Ebb",
        "price_cents": 1290,
        "stock": 2,
    }


def test_an_unknown_album_is_not_found(client: TestClient) -> None:
    answer = client.get("/albums/99")
    assert answer.status_code == 404
    assert answer.json()["error"] == {"code": "unknown-album", "message": "there is no album 99"}


def test_a_reservation_takes_albums_off_the_shelf_at_their_price(client: TestClient) -> None:
    answer = client.put(f"/reservations/{uuid4()}", json=items((3, 2)))
    assert answer.json()["lines"] == [
        {"album_id": 3, "title": "Ebb", "quantity": 2, "price_cents": 1290}
    ]
    assert stock_of(client, 3) == 0


def test_a_repeated_reservation_takes_nothing_more(client: TestClient) -> None:
    path = f"/reservations/{uuid4()}"
    first = client.put(path, json=items((6, 1)))
    assert client.put(path, json=items((6, 1))).json() == first.json()
    assert stock_of(client, 6) == 8


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        (items((6, 1), (3, 3)), 409, "out-of-stock"),
        (items((6, 1), (99, 1)), 422, "unknown-album"),
    ],
)
def test_a_reservation_that_cannot_be_filled_takes_nothing_at_all(
    client: TestClient, wanted: dict[str, Any], status: int, code: str
) -> None:
    answer = client.put(f"/reservations/{uuid4()}", json=wanted)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert stock_of(client, 6) == 9


def test_a_released_reservation_is_back_on_the_shelf_and_releasing_twice_is_harmless(
    client: TestClient,
) -> None:
    path = f"/reservations/{uuid4()}"
    client.put(path, json=items((3, 2)))
    assert [client.delete(path).status_code for _ in range(2)] == [204, 204]
    assert stock_of(client, 3) == 2


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"items": []}, id="an empty list"),
        pytest.param(items(*((n, 1) for n in range(21))), id="too many albums"),
        pytest.param(items((3, 0)), id="no copies"),
        pytest.param(items((3, 101)), id="too many copies"),
        pytest.param(items((3, 1), (3, 1)), id="an album twice"),
        pytest.param({"items": [{"album_id": "3", "quantity": 1}]}, id="an id in quotes"),
        pytest.param({"items": [{"album_id": 3, "quantity": True}]}, id="a yes as quantity"),
        pytest.param({"items": {"album_id": 3, "quantity": 1}}, id="no list"),
    ],
)
def test_a_malformed_reservation_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        wishes_from(body)
    assert (caught.value.status, caught.value.code) == (422, "bad-items")
