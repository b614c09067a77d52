from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from chassis.exits import CannotRun
from chassis.health import Health
from chassis.program import Service, run_service
from chassis.settings import DatabaseSettings, ServerSettings
from chassis.web import Application

CHASSIS = Path(__file__).parents[1]

SERVING = """
import sys
from chassis.health import Health
from chassis.program import Service, run_service
from chassis.settings import ServerSettings
from chassis.web import Application

def build(settings):
    closers = (lambda: print('{"message": "closed"}', flush=True),)
    return Application(routes=(), health=Health(), closers=closers)

sys.exit(run_service(Service(name="test", settings=ServerSettings, build=build)))
"""


def nothing(_settings: ServerSettings) -> Application:
    return Application(routes=(), health=Health())


@dataclass(frozen=True, kw_only=True)
class DatabaseServerSettings(ServerSettings, DatabaseSettings):
    pass


def test_missing_configuration_ends_with_78_and_one_line_that_names_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    service = Service(name="order", settings=DatabaseServerSettings, build=nothing)
    assert run_service(service, arguments=["serve"], environment={"DB_HOST": "x"}) == 78
    (line,) = capsys.readouterr().out.splitlines()
    assert "environment variable DB_PASSWORD is not set" in json.loads(line)["message"]


def test_an_unknown_command_ends_with_78_and_names_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    service = Service(name="payment", settings=ServerSettings, build=nothing)
    assert run_service(service, arguments=["migrate"], environment={}) == 78
    assert "payment knows: serve" in capsys.readouterr().out


def test_the_exit_code_of_a_failed_migration_is_its_own() -> None:
    class Refused(CannotRun):
        exit_code = 70

    def migrate(_settings: ServerSettings) -> None:
        raise Refused

    service = Service(name="order", settings=ServerSettings, build=nothing, migrate=migrate)
    assert run_service(service, arguments=["migrate"], environment={}) == 70


@pytest.mark.timeout(20)
@pytest.mark.parametrize("signals", [1, 2])
def test_sigterm_drains_closes_and_ends_with_0_and_a_second_one_skips_the_waiting(
    signals: int,
) -> None:
    drain_seconds = 0.5 if signals == 1 else 60
    with serving(drain_seconds) as process:
        started = time.monotonic()
        for _ in range(signals):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        output, _ = process.communicate(timeout=15)
    messages = [json.loads(line)["message"] for line in output.splitlines()]
    assert process.returncode == 0
    assert "draining" in messages
    assert messages.index("draining") < messages.index("closed")
    took = time.monotonic() - started
    assert took >= drain_seconds if signals == 1 else took < drain_seconds


def serving(drain_seconds: float) -> subprocess.Popen[str]:
    """Starts the program above and returns once it serves."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "PYTHONPATH": str(CHASSIS),
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": str(port),
        "DRAIN_SECONDS": str(drain_seconds),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", SERVING], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    for line in process.stdout:
        if "Uvicorn running" in line:
            break
    return process
