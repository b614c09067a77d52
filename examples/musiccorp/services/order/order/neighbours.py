"""The customer and catalog services over HTTP, with a deadline on every call.

A call that could not be made is tried a second time; all calls are safe to repeat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2

from order.orders import NeighbourUnavailable, OrderLine, OrderRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from order.orders import Wish

__all__ = ["HttpCustomerDesk", "HttpStockRoom", "open_client"]

_REFUSALS = frozenset({404, 409, 422})


def open_client(
    base_url: str, *, timeout_seconds: float, transport: httpx2.BaseTransport | None = None
) -> httpx2.Client:
    """Returns a client for one neighbour; connections are kept and reused."""
    return httpx2.Client(
        base_url=base_url,
        timeout=timeout_seconds,
        transport=transport or httpx2.HTTPTransport(retries=1),
    )


class HttpCustomerDesk:
    """Implements `order.orders.CustomerDesk`."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def assert_known(self, customer_id: int) -> None:
        """Returns if the customer exists.

        Raises:
            OrderRefused: there is no such customer.
            NeighbourUnavailable: nobody answered.
        """
        _ask(self._client, "GET", f"/customers/{customer_id}")


class HttpStockRoom:
    """Implements `order.orders.StockRoom`."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def reserve(self, order_id: UUID, wishes: Sequence[Wish]) -> tuple[OrderLine, ...]:
        """Takes the albums off the shelf for this order.

        Raises:
            OrderRefused: an album is unknown or out of stock.
            NeighbourUnavailable: nobody answered.
        """
        items = [{"album_id": wish.album_id, "quantity": wish.quantity} for wish in wishes]
        answer = _ask(self._client, "PUT", f"/reservations/{order_id}", json={"items": items})
        return tuple(OrderLine(**line) for line in answer.json()["lines"])

    def release(self, order_id: UUID) -> None:
        """Puts the albums back.

        Raises:
            NeighbourUnavailable: nobody answered.
        """
        _ask(self._client, "DELETE", f"/reservations/{order_id}")


def _ask(client: httpx2.Client, method: str, path: str, **content: Any) -> httpx2.Response:
    where = f"{method} {client.base_url.copy_with(path=path)}"
    try:
        answer = client.request(method, path, **content)
    except httpx2.TransportError as error:
        msg = f"{where}: {str(error) or type(error).__name__}"
        raise NeighbourUnavailable(msg) from error
    if answer.status_code in _REFUSALS:
        raise _refusal(answer, where)
    if not answer.is_success:
        msg = f"{where}: HTTP {answer.status_code}"
        raise NeighbourUnavailable(msg)
    return answer


def _refusal(answer: httpx2.Response, where: str) -> Exception:
    try:
        error = answer.json()["error"]
        return OrderRefused(error["code"], error["message"])
    except (ValueError, KeyError, TypeError):
        return NeighbourUnavailable(f"{where}: HTTP {answer.status_code} without a reason")
