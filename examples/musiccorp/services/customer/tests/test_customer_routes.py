from __future__ import annotations

import pytest
from chassis.health import Health
from chassis.web import Application, as_asgi
from customer.routes import Customer, customer_routes
from starlette.testclient import TestClient


class BookInMemory:
    def __init__(self, *customers: Customer) -> None:
        self._customers = {customer.id: customer for customer in customers}

    def find(self, customer_id: int) -> Customer | None:
        return self._customers.get(customer_id)


@pytest.fixture
def client() -> TestClient:
    book = BookInMemory(Customer(id=1, name="Grace Kim", email="grace@example.com"))
    return TestClient(as_asgi(Application(routes=customer_routes(book), health=Health())))


def test_a_customer_is_shown(client: TestClient) -> None:
    answer = client.get("/customers/1")
    assert answer.json() == {"id": 1, "name": "Grace Kim", "email": "grace@example.com"}


@pytest.mark.parametrize(
    ("path", "code"), [("/customers/7", "unknown-customer"), ("/customers/x", "http")]
)
def test_nobody_else_is_found(client: TestClient, path: str, code: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)
