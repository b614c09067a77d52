#!/usr/bin/env python3
"""Places an order through the load balancer and follows it until the customer was told.

Knows only what a customer knows: the public addresses. Needs nothing but the standard library.
Environment: `HARNESS_INGRESS_URL` (where the load balancer listens), `HARNESS_INGRESS_HOSTS` (the
hosts of the Ingress, comma separated; the first is used), `SMOKE_CUSTOMER_ID` (default 1). Where it
also listens with TLS, `HARNESS_INGRESS_HTTPS_URL` and `HARNESS_INGRESS_CA` (file of the CA): then
the order goes there, and the plain address must send customers there. Exit code 0 if every step
worked, 1 if one did not, 2 if the environment is incomplete.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import textwrap
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

DEADLINE_SECONDS = 60.0
REQUEST_SECONDS = 10.0
PAUSE_SECONDS = 0.25
EXCERPT_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, or why nothing did."""

    method: str
    url: str
    status: int | None
    body: str

    @property
    def json(self) -> Any:
        """The body as JSON; None if it is something else."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def __str__(self) -> str:
        """One line with an excerpt of the body."""
        status = f"HTTP {self.status}" if self.status else "no answer"
        excerpt = " ".join(self.body.split())[:EXCERPT_CHARACTERS] or "(empty)"
        return f"{self.method} {self.url} gave {status}, body: {excerpt}"


class StayHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the public host is known in the real world only."""

    def redirect_request(self, *_: Any) -> None:
        """Returns nothing, so that the redirect is the answer."""


class Shop:
    """The public face of MusicCorp, reached through the load balancer."""

    def __init__(self, address: str, host: str, ca: str = "") -> None:
        self._address = address.rstrip("/")
        self._host = host
        self._scheme = address.partition(":")[0]
        context = ssl.create_default_context(cafile=ca or None)
        handler = urllib.request.HTTPSHandler(context=context)
        self._opener = urllib.request.build_opener(handler, StayHere())

    def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Returns the answer; never raises for what the other side does."""
        url = self._address + path
        shown = f"{self._scheme}://{self._host}{path} (at {self._address})"
        request = urllib.request.Request(
            url,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Host": self._host, "Content-Type": "application/json", **(headers or {})},
        )
        try:
            with self._opener.open(request, timeout=REQUEST_SECONDS) as response:
                text = response.read().decode("utf-8", "replace")
                return Answer(method=method, url=shown, status=response.status, body=text)
        except urllib.error.HTTPError as error:
            text = error.headers.get("Location") or error.read().decode("utf-8", "replace")
            return Answer(method=method, url=shown, status=error.code, body=text)
        except OSError as error:
            reason = str(getattr(error, "reason", error))
            return Answer(method=method, url=shown, status=None, body=reason)


class Journey:
    """The steps of the test, with one deadline for all of them."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._end = time.monotonic() + DEADLINE_SECONDS

    def until(
        self,
        step: str,
        wanted: str,
        is_done: Callable[[Any], bool],
        method: str,
        path: str,
        *,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Repeats a request until its answer is as wanted, and returns that answer's JSON."""
        started = time.monotonic()
        while True:
            answer = self._shop.ask(method, path, body, headers)
            if answer.status in {200, 201} and is_done(answer.json):
                print(f"{step}: {wanted} after {time.monotonic() - started:.1f} s", flush=True)
                return answer.json
            if answer.status and 400 <= answer.status < 500 and answer.status != 404:
                fail(step, wanted, answer, "the request was refused, so repeating it is no use")
            if time.monotonic() > self._end:
                fail(step, wanted, answer, f"{DEADLINE_SECONDS:.0f} s have passed since the start")
            time.sleep(PAUSE_SECONDS)


def fail(step: str, wanted: str, answer: Answer, why: str) -> NoReturn:
    """Prints one paragraph and ends the process with code 1."""
    text = f"The step '{step}' failed: {why}. Wanted: {wanted}. Last answer: {answer}."
    print("\n" + textwrap.fill(text, 100), file=sys.stderr)
    raise SystemExit(1)


def place_and_follow(shop: Shop, customer_id: int) -> None:
    """Lists albums, places an order, waits for its settlement and for both notifications."""
    journey = Journey(shop)
    catalog = journey.until("catalog", "albums listed", has_stock, "GET", "/albums")
    album = max(catalog["albums"], key=lambda a: a["stock"])
    print(
        f"  {len(catalog['albums'])} albums; ordering 1 of album {album['id']} '{album['title']}'"
    )
    order = journey.until(
        "order",
        f"order of customer {customer_id} stored",
        lambda o: bool(o and o.get("order_id")),
        "POST",
        "/orders",
        body={"customer_id": customer_id, "items": [{"album_id": album["id"], "quantity": 1}]},
        # The same key for every attempt: an attempt whose answer got lost is not ordered twice.
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )
    order_id = order["order_id"]
    print(f"  order {order_id}, {order['total_cents']} cents, status {order['status']}")
    journey.until(
        "settlement",
        f"order {order_id} settled",
        lambda o: bool(o) and o.get("status") == "settled",
        "GET",
        f"/orders/{order_id}",
    )
    told = journey.until(
        "notification",
        f"customer {customer_id} told that order {order_id} was placed and settled",
        lambda n: {"order-placed", "order-settled"} <= kinds_about(n, order_id),
        "GET",
        f"/customers/{customer_id}/notifications",
    )
    for notification in told["notifications"]:
        if notification["order_id"] == order_id:
            print(f"  {notification['text']}")


def check_redirect(shop: Shop, host: str) -> None:
    """Asks without TLS and wants to be sent to the same place with TLS."""
    answer = shop.ask("GET", "/albums")
    wanted = f"https://{host}:443/albums"
    if answer.status != 301 or answer.body != wanted:
        fail(
            "redirect", f"a redirect (301) to {wanted}", answer, "customers would stay without TLS"
        )
    print(f"redirect: 301 to {wanted}")


def has_stock(catalog: Any) -> bool:
    """True if the catalog lists at least one album that can be bought."""
    return bool(catalog) and any(album["stock"] > 0 for album in catalog.get("albums", ()))


def kinds_about(told: Any, order_id: str) -> set[str]:
    """Returns the kinds of notification the customer has had about this order."""
    notifications = (told or {}).get("notifications", ())
    return {n["kind"] for n in notifications if n["order_id"] == order_id}


def main() -> int:
    """Runs the journey and returns the exit code."""
    address = os.environ.get("HARNESS_INGRESS_URL", "")
    hosts = [h.strip() for h in os.environ.get("HARNESS_INGRESS_HOSTS", "").split(",") if h.strip()]
    if not address or not hosts:
        print(
            "Set HARNESS_INGRESS_URL to the address of the load balancer, for example"
            " http://127.0.0.1:8080, and HARNESS_INGRESS_HOSTS to the host of the Ingress, for"
            " example shop.dev.musiccorp.example.",
            file=sys.stderr,
        )
        return 2
    started = time.monotonic()
    secure, ca = (os.environ.get(f"HARNESS_INGRESS_{n}", "") for n in ("HTTPS_URL", "CA"))
    if secure and secure != address:
        check_redirect(Shop(address, hosts[0]), hosts[0])
    shop = Shop(secure or address, hosts[0], ca)
    place_and_follow(shop, int(os.environ.get("SMOKE_CUSTOMER_ID", "1")))
    print(f"everything worked in {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
