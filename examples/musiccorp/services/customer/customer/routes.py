"""HTTP of the customer service, and what it asks of its storage."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

from chassis.web import Refused
from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["Customer", "CustomerBook", "customer_routes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Somebody who buys music."""

    id: int
    name: str
    email: str


class CustomerBook(Protocol):
    """Where customers are kept."""

    def find(self, customer_id: int) -> Customer | None:
        """Returns the customer, or None if there is none of that id."""


def customer_routes(book: CustomerBook) -> list[Route]:
    """Returns the routes of the customer service on this book."""

    def show_customer(request: Request) -> JSONResponse:
        customer_id: int = request.path_params["customer_id"]
        customer = book.find(customer_id)
        if customer is None:
            raise Refused(404, "unknown-customer", f"there is no customer {customer_id}")
        return JSONResponse(asdict(customer))

    return [Route("/customers/{customer_id:int}", show_customer)]
