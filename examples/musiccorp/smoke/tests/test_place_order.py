from __future__ import annotations

import json
from typing import Any

import place_order
import pytest

ORDER_ID = "12c33eeb-a13d-5e45-b25f-f693e027f7a0"
ALBUMS = {"albums": [{"id": 3, "title": "Ebb", "stock": 7}]}
PLACED = {"order_id": ORDER_ID, "total_cents": 1290, "status": "placed"}
TOLD = {
    "notifications": [
        {"order_id": ORDER_ID, "kind": "order-placed", "text": "Thank you."},
        {"order_id": ORDER_ID, "kind": "order-settled", "text": "Paid."},
    ]
}
GOOD: dict[str, tuple[int | None, Any]] = {
    "GET /albums": (200, ALBUMS),
    "POST /orders": (201, PLACED),
    f"GET /orders/{ORDER_ID}": (200, PLACED | {"status": "settled"}),
    "GET /customers/1/notifications": (200, TOLD),
}


class ScriptedShop(place_order.Shop):
    """Answers every request as scripted; an unscripted request fails the test."""

    def __init__(self, script: dict[str, tuple[int | None, Any]]) -> None:
        super().__init__("http://127.0.0.1:1", "shop.example")
        self._script = script
        self.keys: list[str] = []

    def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> place_order.Answer:
        assert (body is not None) == (method == "POST")
        status, answer = self._script[f"{method} {path}"]
        self.keys.extend((headers or {}).values())
        url = f"http://shop.example{path}"
        return place_order.Answer(method=method, url=url, status=status, body=json.dumps(answer))


def test_every_step_is_one_line_with_ids_and_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    shop = ScriptedShop(GOOD)
    place_order.place_and_follow(shop, customer_id=1)
    lines = capsys.readouterr().out.splitlines()
    steps = [line for line in lines if not line.startswith(" ")]
    assert [step.split(":")[0] for step in steps] == [
        "catalog",
        "order",
        "settlement",
        "notification",
    ]
    assert all(step.endswith(" s") for step in steps)
    assert len(shop.keys) == 1


def test_a_refusal_ends_the_test_at_once_and_names_step_address_status_and_body(
    capsys: pytest.CaptureFixture[str],
) -> None:
    refused = {"error": {"code": "out-of-stock", "message": "nothing left"}}
    with pytest.raises(SystemExit) as caught:
        place_order.place_and_follow(ScriptedShop(GOOD | {"POST /orders": (409, refused)}), 1)
    assert caught.value.code == 1
    paragraph = " ".join(capsys.readouterr().err.split())
    for part in ("'order'", "http://shop.example/orders", "HTTP 409", "nothing left"):
        assert part in paragraph


@pytest.mark.parametrize(
    ("step", "request_line", "answer", "seen"),
    [
        ("catalog", "GET /albums", (None, "Connection refused"), "no answer"),
        ("catalog", "GET /albums", (200, {"albums": []}), "HTTP 200"),
        ("settlement", f"GET /orders/{ORDER_ID}", (200, PLACED), "placed"),
        ("notification", "GET /customers/1/notifications", (503, {}), "HTTP 503"),
    ],
)
def test_what_does_not_come_within_the_deadline_fails_with_the_last_answer(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    step: str,
    request_line: str,
    answer: tuple[int | None, Any],
    seen: str,
) -> None:
    monkeypatch.setattr(place_order, "DEADLINE_SECONDS", 0.05)
    monkeypatch.setattr(place_order, "PAUSE_SECONDS", 0.01)
    with pytest.raises(SystemExit):
        place_order.place_and_follow(ScriptedShop(GOOD | {request_line: answer}), 1)
    paragraph = " ".join(capsys.readouterr().err.split())
    assert f"The step '{step}' failed" in paragraph
    assert seen in paragraph


def test_an_incomplete_environment_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HARNESS_INGRESS_URL", raising=False)
    assert place_order.main() == 2
    assert "Set HARNESS_INGRESS_URL" in capsys.readouterr().err


class Redirecting(place_order.Shop):
    """Answers every request with one redirect."""

    def __init__(self, status: int, location: str) -> None:
        super().__init__("http://127.0.0.1:1", "shop.example")
        self._answer = (status, location)

    def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> place_order.Answer:
        assert (method, body, headers) == ("GET", None, None)
        status, text = self._answer
        return place_order.Answer(method=method, url=path, status=status, body=text)


def test_the_plain_address_must_lead_to_the_same_place_with_tls(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wanted = "https://shop.example:443/albums"
    place_order.check_redirect(Redirecting(301, wanted), "shop.example")
    assert capsys.readouterr().out == f"redirect: 301 to {wanted}\n"
    for status, location in ((302, wanted), (301, "https://other.example/albums"), (200, "")):
        with pytest.raises(SystemExit):
            place_order.check_redirect(Redirecting(status, location), "shop.example")
