from __future__ import annotations

import threading
import time
import urllib.error
from typing import Any

import pytest

from harness.doctor.registries import Answer, ask_registries, judge_answer
from harness.io.clock import SystemClock

VERSIONED = {"docker-distribution-api-version": "registry/2.0"}


@pytest.mark.parametrize(
    ("status", "headers", "reachable"),
    [
        (200, {}, True),
        (200, VERSIONED, True),
        (401, VERSIONED, True),
        (401, {"content-type": "application/json"}, True),
        (404, VERSIONED, True),
        (503, {"server": "squid"}, False),
        (403, {"server": "squid", "content-type": "text/html"}, False),
        (200, {"content-type": "text/html; charset=utf-8"}, False),
        (407, {}, False),
    ],
)
def test_only_a_registry_counts(status: int, headers: dict[str, str], reachable: bool) -> None:
    assert judge_answer(status, headers)[0] is reachable


def test_a_proxy_page_is_named() -> None:
    assert judge_answer(403, {"server": "squid"})[1] == "HTTP 403 from squid that is no registry"


def test_each_registry_is_judged_by_its_own_answer(clock: Any) -> None:
    def ask(url: str, deadline_seconds: float) -> Answer:
        assert deadline_seconds == 3
        match url:
            case "https://registry-1.docker.io/v2/":
                return 401, VERSIONED
            case "https://quay.io/v2/":
                raise urllib.error.URLError(OSError(-2, "Name or service not known"))
            case "https://ghcr.io/v2/":
                return 403, {}
            case _:
                raise TimeoutError(110, "timed out")

    found = {reading.host: reading for reading in ask_registries(ask=ask, clock=clock)}
    assert [reading.reachable for reading in found.values()] == [True, False, False, False]
    assert found["quay.io"].detail == "Name or service not known"
    assert found["registry.k8s.io"].detail == "timed out"


def test_a_registry_that_hangs_costs_the_deadline_and_no_more() -> None:
    release = threading.Event()

    def ask(_url: str, _deadline_seconds: float) -> Answer:
        release.wait(20)
        return 200, {}

    began = time.monotonic()
    found = ask_registries(ask=ask, clock=SystemClock(), deadline_seconds=0.1)
    spent = time.monotonic() - began
    release.set()
    assert spent < 5, "four registries side by side, not one after the other"
    assert {reading.detail for reading in found} == {"no answer within 0.1 s"}
