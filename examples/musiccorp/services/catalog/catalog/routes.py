"""HTTP of the catalog: albums for everybody, reservations for the order service.

The Ingress publishes `/albums` only; `/reservations` is reached inside the cluster alone.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from chassis.web import Refused, read_json_object
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from catalog.stock import OutOfStock, UnknownAlbum, Wish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from catalog.stock import Album, ReservedLine, Shelf

__all__ = ["catalog_routes"]

_MOST_COPIES = 100


def catalog_routes(shelf: Shelf) -> list[Route]:
    """Returns the routes of the catalog on this shelf."""

    def list_albums(_request: Request) -> JSONResponse:
        return JSONResponse({"albums": [asdict(album) for album in shelf.albums()]})

    def show_album(request: Request) -> JSONResponse:
        return JSONResponse(asdict(_album(shelf, request.path_params["album_id"])))

    async def reserve(request: Request) -> JSONResponse:
        wishes = wishes_from(await read_json_object(request))
        lines = await run_in_threadpool(_reserve, shelf, request.path_params["order_id"], wishes)
        return JSONResponse({"lines": [asdict(line) for line in lines]})

    def release(request: Request) -> Response:
        shelf.release(request.path_params["order_id"])
        return Response(status_code=204)

    return [
        Route("/albums", list_albums),
        Route("/albums/{album_id:int}", show_album),
        Route("/reservations/{order_id:uuid}", reserve, methods=["PUT"]),
        Route("/reservations/{order_id:uuid}", release, methods=["DELETE"]),
    ]


def wishes_from(body: dict[str, Any]) -> list[Wish]:
    """Returns the wishes of a request for a reservation.

    Raises:
        Refused: `items` is not a list of one to twenty different albums with sensible quantities.
    """
    match body:
        case {"items": [_, *_] as items} if len(items) <= 20:
            wishes = [_wish(item) for item in items]
        case _:
            raise Refused(422, "bad-items", "`items` must be a list of 1 to 20 albums")
    if len({wish.album_id for wish in wishes}) < len(wishes):
        raise Refused(422, "bad-items", "an album may be named only once")
    return wishes


def _wish(item: object) -> Wish:
    match item:
        case {"album_id": int(album_id), "quantity": int(quantity)} if (
            0 < quantity <= _MOST_COPIES and bool not in {type(album_id), type(quantity)}
        ):
            return Wish(album_id=album_id, quantity=quantity)
        case _:
            message = f"an item is {{album_id, quantity}} with a quantity of 1 to {_MOST_COPIES}"
            raise Refused(422, "bad-items", message)


def _album(shelf: Shelf, album_id: int) -> Album:
    try:
        return shelf.album(album_id)
    except UnknownAlbum as error:
        raise Refused(404, "unknown-album", str(error)) from error


def _reserve(shelf: Shelf, order_id: UUID, wishes: Sequence[Wish]) -> Sequence[ReservedLine]:
    try:
        return shelf.reserve(order_id, wishes)
    except UnknownAlbum as error:
        raise Refused(422, "unknown-album", str(error)) from error
    except OutOfStock as error:
        raise Refused(409, "out-of-stock", str(error)) from error
