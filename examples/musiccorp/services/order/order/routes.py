"""HTTP of the order service: place an order, look at an order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chassis.web import Refused, read_json_object
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route

from order.orders import NeighbourUnavailable, OrderRefused, Wish
from order.placing import order_id_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from starlette.requests import Request

    from order.orders import Ledger, Order

__all__ = ["order_routes"]

_MOST_ITEMS = 20
_MOST_COPIES = 100
_LONGEST_KEY = 200


def order_routes(*, place: Callable[[UUID, int, list[Wish]], Order], ledger: Ledger) -> list[Route]:
    """Returns the routes; `place` stores an order and returns it."""

    async def create(request: Request) -> JSONResponse:
        customer_id, wishes = basket_from(await read_json_object(request))
        order_id = order_id_for(_idempotency_key(request), customer_id)
        order = await run_in_threadpool(_placed, place, order_id, customer_id, wishes)
        headers = {"Location": f"/orders/{order.id}"}
        return JSONResponse(order.as_json(), status_code=201, headers=headers)

    def show(request: Request) -> JSONResponse:
        order = ledger.find(request.path_params["order_id"])
        if order is None:
            raise Refused(404, "unknown-order", "there is no such order")
        return JSONResponse(order.as_json())

    return [
        Route("/orders", create, methods=["POST"]),
        Route("/orders/{order_id:uuid}", show),
    ]


def basket_from(body: dict[str, Any]) -> tuple[int, list[Wish]]:
    """Returns customer and wishes of a request; the same album twice counts together.

    Raises:
        Refused: the body does not have the form `{customer_id, items: [{album_id, quantity}]}`.
    """
    match body:
        case {"customer_id": int(customer_id), "items": [_, *_] as items} if len(
            items
        ) <= _MOST_ITEMS and not isinstance(customer_id, bool):
            quantities: dict[int, int] = {}
            for album_id, quantity in map(_item, items):
                quantities[album_id] = quantities.get(album_id, 0) + quantity
            return customer_id, [Wish(album_id=a, quantity=q) for a, q in quantities.items()]
        case _:
            message = f"an order is {{customer_id, items}} with 1 to {_MOST_ITEMS} items"
            raise Refused(422, "bad-order", message)


def _item(item: object) -> tuple[int, int]:
    match item:
        case {"album_id": int(album_id), "quantity": int(quantity)} if (
            0 < quantity <= _MOST_COPIES and bool not in {type(album_id), type(quantity)}
        ):
            return album_id, quantity
        case _:
            message = f"an item is {{album_id, quantity}} with a quantity of 1 to {_MOST_COPIES}"
            raise Refused(422, "bad-order", message)


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key and len(key) > _LONGEST_KEY:
        raise Refused(422, "bad-key", f"an Idempotency-Key has at most {_LONGEST_KEY} characters")
    return key


def _placed(
    place: Callable[[UUID, int, list[Wish]], Order],
    order_id: UUID,
    customer_id: int,
    wishes: list[Wish],
) -> Order:
    try:
        return place(order_id, customer_id, wishes)
    except OrderRefused as error:
        status = 409 if error.code == "out-of-stock" else 422
        raise Refused(status, error.code, str(error)) from error
    except NeighbourUnavailable as error:
        raise Refused(503, "neighbour-unavailable", str(error)) from error
