"""Runs a service: `python -m <service> serve`, or `migrate` to bring the schema up to date.

On SIGTERM readiness fails at once, requests are still answered for `drain_seconds`, then those
under way are finished and the workers give back what they hold. A second signal skips the waiting.
Exit codes are those of `exits`.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import uvicorn

from chassis.exits import CannotRun
from chassis.logs import configure_logs
from chassis.settings import ConfigurationError, ServerSettings, load_settings
from chassis.web import Application, as_asgi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType

    from chassis.health import Lifecycle

__all__ = ["Service", "run_service"]

log = logging.getLogger(__name__)

S = TypeVar("S", bound=ServerSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Generic[S]):
    """A service as this module sees it."""

    name: str
    settings: type[S]
    build: Callable[[S], Application]
    migrate: Callable[[S], object] | None = None


def run_service(
    service: Service[S],
    *,
    arguments: Sequence[str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Runs one command of the service and returns the exit code of the process."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    configure_logs(service.name, "INFO")
    try:
        settings = load_settings(
            service.settings, os.environ if environment is None else environment
        )
        configure_logs(service.name, settings.log_level)
        return _run_command(service, settings, words)
    except CannotRun as error:
        log.critical("%s", error)
        return error.exit_code


class DrainingServer(uvicorn.Server):
    """A server that lets load balancers notice its end before it stops to answer."""

    def __init__(
        self, config: uvicorn.Config, *, lifecycle: Lifecycle, drain_seconds: float
    ) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle
        self._drain_seconds = drain_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Drains on the first signal, stops on the second."""
        if self._lifecycle.is_draining:
            self.should_exit = True
            return
        self._lifecycle.begin_draining()
        log.info(
            "draining", extra={"signal": signal.Signals(sig).name, "seconds": self._drain_seconds}
        )
        timer = threading.Timer(self._drain_seconds, self._stop)
        timer.daemon = True
        timer.start()

    def _stop(self) -> None:
        self.should_exit = True


def _run_command(service: Service[S], settings: S, words: Sequence[str]) -> int:
    match list(words):
        case [] | ["serve"]:
            return _serve(service, settings)
        case ["migrate"] if service.migrate:
            service.migrate(settings)
            return 0
        case _:
            known = "serve, migrate" if service.migrate else "serve"
            msg = f"unknown command {' '.join(words)!r}; {service.name} knows: {known}"
            raise ConfigurationError(msg)


def _serve(service: Service[S], settings: S) -> int:
    application = service.build(settings)
    config = uvicorn.Config(
        as_asgi(application),
        host=settings.http_host,
        port=settings.http_port,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Longer than the idle timeout of the load balancer (60 s), or it reuses closed connections.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    server = DrainingServer(
        config, lifecycle=application.health.lifecycle, drain_seconds=settings.drain_seconds
    )
    server.run()
    return 0 if server.started else 1
