from __future__ import annotations

import threading

import pytest
from chassis.health import CheckResult, Health
from chassis.web import Application, Refused, as_asgi, read_json_object
from chassis.worker import Worker
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient


async def echo(request: Request) -> JSONResponse:
    return JSONResponse(await read_json_object(request))


def refuse(_request: Request) -> JSONResponse:
    raise Refused(409, "out-of-stock", "nothing left")


def break_down(_request: Request) -> JSONResponse:
    raise ZeroDivisionError


def lose_database(_request: Request) -> JSONResponse:
    raise ConnectionError


ROUTES = (
    Route("/echo", echo, methods=["POST"]),
    Route("/refuse", refuse),
    Route("/break", break_down),
    Route("/lose", lose_database),
)


def client_of(health: Health | None = None) -> TestClient:
    application = Application(
        routes=ROUTES, health=health or Health(), unavailable=(ConnectionError,)
    )
    return TestClient(as_asgi(application), raise_server_exceptions=False)


@pytest.mark.parametrize(("is_there", "status"), [(True, 200), (False, 503)])
def test_readyz_shows_the_verdict_as_status_and_the_reason_as_body(
    is_there: bool, status: int
) -> None:
    health = Health(checks={"database": lambda: CheckResult(ok=is_there, detail="seen")})
    answer = client_of(health).get("/readyz")
    assert answer.status_code == status
    assert answer.json() == {
        "ok": is_there,
        "checks": {"database": {"ok": is_there, "detail": "seen"}},
    }


def test_livez_answers_while_the_database_is_away() -> None:
    health = Health(checks={"database": lambda: CheckResult(ok=False, detail="away")})
    assert client_of(health).get("/livez").status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/refuse", 409, "out-of-stock"),
        ("/break", 500, "fault"),
        ("/lose", 503, "unavailable"),
        ("/nowhere", 404, "http"),
    ],
)
def test_every_error_is_json_with_a_code(path: str, status: int, code: str) -> None:
    answer = client_of().get(path)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"a": 1}', 200), (b"{", 400), (b"[]", 400), (b"1" * 70_000, 413)],
)
def test_only_a_json_object_of_sensible_size_is_read(body: bytes, status: int) -> None:
    assert client_of().post("/echo", content=body).status_code == status


def test_the_request_id_of_the_caller_is_kept_and_otherwise_made() -> None:
    client = client_of()
    given = client.get("/refuse", headers={"X-Request-Id": "abc"}).headers["x-request-id"]
    made = client.get("/refuse").headers["x-request-id"]
    assert given == "abc"
    assert len(made) == 32


def test_workers_run_with_the_application_and_everything_is_closed_at_its_end() -> None:
    closed: list[str] = []

    def step(stop: threading.Event) -> None:
        stop.wait(5)

    worker = Worker("outbox", step, finish=lambda: closed.append("worker"))
    application = Application(
        routes=(),
        health=Health(hearts=(worker,)),
        workers=(worker,),
        closers=(lambda: closed.append("pool"),),
    )
    with TestClient(as_asgi(application)) as client:
        assert client.get("/livez").status_code == 200
    assert closed == ["worker", "pool"]
