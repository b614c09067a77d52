"""HTTP of the notification service."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from notification.telling import Mailbox

__all__ = ["notification_routes"]


def notification_routes(mailbox: Mailbox) -> list[Route]:
    """Returns the routes on this mailbox."""

    def show_notifications(request: Request) -> JSONResponse:
        customer_id: int = request.path_params["customer_id"]
        told = [asdict(notification) for notification in mailbox.read(customer_id)]
        return JSONResponse({"customer_id": customer_id, "notifications": told})

    return [Route("/customers/{customer_id:int}/notifications", show_notifications)]
