"""The HTTP face of a service: routes, `/livez`, `/readyz`, one log line per request, JSON errors.

`/livez` is answered by the event loop itself, so that a blocked loop fails it. `/readyz` and the
routes of the services run in threads and may block. Next: `program` serves the application built
here.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from chassis.health import Health

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from chassis.worker import Worker

__all__ = ["Application", "Refused", "as_asgi", "json_object", "read_json_object"]

log = logging.getLogger("http")

_PROBES = frozenset({"/livez", "/readyz"})
_BODY_LIMIT_BYTES = 64 * 1024


class Refused(Exception):  # noqa: N818 - an answer, not a fault of this service
    """The request cannot be fulfilled; the answer has `status`, a code and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a service consists of: routes, probes, background workers, what to close at the end."""

    routes: Sequence[Route]
    health: Health
    workers: tuple[Worker, ...] = ()
    closers: tuple[Callable[[], object], ...] = ()
    unavailable: tuple[type[Exception], ...] = ()
    """Exceptions that mean "a dependency is away"; answered with 503."""


def as_asgi(application: Application) -> Starlette:
    """Returns the ASGI application, which starts and stops the workers with itself."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        for worker in application.workers:
            worker.start()
        yield
        await run_in_threadpool(_close, application)

    async def livez(_request: Request) -> JSONResponse:
        report = application.health.liveness()
        return JSONResponse(report.as_json(), status_code=200 if report.ok else 503)

    def readyz(_request: Request) -> JSONResponse:
        report = application.health.readiness()
        return JSONResponse(report.as_json(), status_code=200 if report.ok else 503)

    return Starlette(
        routes=[Route("/livez", livez), Route("/readyz", readyz), *application.routes],
        middleware=[Middleware(RequestLog)],
        exception_handlers={
            Refused: _answer_refused,
            HTTPException: _answer_http_error,
            **dict.fromkeys(application.unavailable, _answer_unavailable),
            Exception: _answer_fault,
        },
        lifespan=lifespan,
    )


class RequestLog:
    """Writes one line per request, except for probes, and carries the request id through."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and logs what became of it."""
        if scope["type"] != "http" or scope["path"] in _PROBES:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = request_id[:64] or uuid.uuid4().hex
        seen = {"status": 500}

        async def send_noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        finally:
            took = round((time.perf_counter() - started) * 1000, 1)
            log.info(
                "%s %s %s",
                scope["method"],
                scope["path"],
                seen["status"],
                extra={"milliseconds": took, "request_id": request_id},
            )


async def read_json_object(request: Request) -> dict[str, Any]:
    """Returns the body of the request.

    Raises:
        Refused: it is too long or not a JSON object.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _BODY_LIMIT_BYTES:
            raise Refused(413, "too-large", f"the body has more than {_BODY_LIMIT_BYTES} bytes")
    return json_object(body)


def json_object(body: bytes) -> dict[str, Any]:
    """Returns the object that `body` is.

    Raises:
        Refused: it is something else.
    """
    try:
        value = json.loads(body)
    except ValueError as error:
        raise Refused(400, "not-json", f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Refused(400, "not-an-object", "the body is not a JSON object")
    return value


def _close(application: Application) -> None:
    for worker in application.workers:
        worker.ask_to_stop()
    for worker in application.workers:
        worker.stop()
    for close in application.closers:
        close()


def _error(status: int, code: str, message: str, **headers: str) -> JSONResponse:
    body = {"error": {"code": code, "message": message}}
    return JSONResponse(body, status_code=status, headers=headers)


# Any: each handler gets the type it is registered for, which Starlette's signature cannot say.
def _answer_refused(_request: Request, error: Any) -> JSONResponse:
    return _error(error.status, error.code, error.message)


def _answer_http_error(_request: Request, error: Any) -> JSONResponse:
    return _error(error.status_code, "http", error.detail)


def _answer_unavailable(_request: Request, error: Exception) -> JSONResponse:
    log.warning("dependency is away: %s", " ".join(str(error).split())[:200])
    return _error(503, "unavailable", "please try again", **{"Retry-After": "2"})


def _answer_fault(_request: Request, _error_already_logged: Exception) -> JSONResponse:
    return _error(500, "fault", "this is our fault and has been logged")
