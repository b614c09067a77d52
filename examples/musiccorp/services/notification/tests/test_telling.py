from __future__ import annotations

from typing import Any

import pytest
from chassis.events import Event
from chassis.health import Health
from chassis.web import Application, as_asgi
from notification.routes import notification_routes
from notification.telling import Mailbox
from starlette.testclient import TestClient

ORDER_ID = "12c33eeb-a13d-5e45-b25f-f693e027f7a0"


def placed(event_id: str = "e1", **changes: Any) -> Event:
    body = {
        "event_id": event_id,
        "order_id": ORDER_ID,
        "customer_id": 1,
        "status": "placed",
        "items": [{"quantity": 2}, {"quantity": 1}],
        "total_cents": 3970,
        "currency": "EUR",
    }
    return Event(topic="orders", key=ORDER_ID, body=body | changes)


def decided(status: str, **changes: Any) -> Event:
    body = {
        "event_id": "s1",
        "order_id": ORDER_ID,
        "customer_id": 1,
        "status": status,
        "amount_cents": 3970,
        "currency": "EUR",
        "reason": "amount is above the limit",
    }
    return Event(topic="settlements", key=ORDER_ID, body=body | changes)


def texts(mailbox: Mailbox, customer_id: int = 1) -> list[str]:
    return [notification.text for notification in mailbox.read(customer_id)]


def test_the_customer_is_told_of_the_order_and_of_the_payment() -> None:
    mailbox = Mailbox()
    mailbox.deliver(placed())
    mailbox.deliver(decided("settled"))
    assert texts(mailbox) == [
        "Thank you for your order 12c33eeb: 3 albums, 39.70 EUR.",
        "Your payment of 39.70 EUR for order 12c33eeb went through.",
    ]


def test_one_album_is_not_called_albums() -> None:
    mailbox = Mailbox()
    mailbox.deliver(placed(items=[{"quantity": 1}], total_cents=5))
    assert texts(mailbox) == ["Thank you for your order 12c33eeb: 1 album, 0.05 EUR."]


def test_a_declined_payment_is_told_with_its_reason() -> None:
    mailbox = Mailbox()
    mailbox.deliver(decided("declined"))
    assert texts(mailbox) == [
        "Your payment for order 12c33eeb was declined: amount is above the limit."
    ]


def test_the_same_event_is_told_once() -> None:
    mailbox = Mailbox()
    for _ in range(3):
        mailbox.deliver(placed())
    assert len(texts(mailbox)) == 1


def test_nobody_reads_what_others_were_told() -> None:
    mailbox = Mailbox()
    mailbox.deliver(placed())
    assert texts(mailbox, customer_id=2) == []


def test_the_oldest_notifications_make_room() -> None:
    mailbox = Mailbox(keep_per_customer=2)
    for event_id in ("e1", "e2", "e3"):
        mailbox.deliver(placed(event_id))
    assert [notification.id for notification in mailbox.read(1)] == ["e2", "e3"]


@pytest.mark.parametrize(
    "event",
    [
        Event(topic="orders", key="k", body={}),
        placed(status="eaten"),
        placed(total_cents="much"),
        placed(customer_id=None),
        decided("placed"),
        Event(topic="elsewhere", key="k", body=placed().body),
    ],
)
def test_an_event_that_means_nothing_is_left_alone(event: Event) -> None:
    mailbox = Mailbox()
    mailbox.deliver(event)
    assert texts(mailbox) == []


def test_notifications_are_served_by_customer() -> None:
    mailbox = Mailbox()
    mailbox.deliver(placed())
    application = Application(routes=notification_routes(mailbox), health=Health())
    client = TestClient(as_asgi(application))
    (told,) = client.get("/customers/1/notifications").json()["notifications"]
    assert told == {
        "id": "e1",
        "customer_id": 1,
        "order_id": ORDER_ID,
        "kind": "order-placed",
        "text": "Thank you for your order 12c33eeb: 3 albums, 39.70 EUR.",
    }
    assert client.get("/customers/2/notifications").json()["notifications"] == []
