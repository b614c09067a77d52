"""Targets get a moment to become healthy, and no more than that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from harness.prove.healthy import CHECKING_SECONDS, FAILING_SECONDS, Waited, await_healthy
from harness.prove.target_health import GroupHealth, read_stats, target_health
from tests.prove.ingresses import ingress, made

HEAD = "# pxname,svname,status,check_status,check_code,\n"


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.time = 0.0

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def seen(check: str) -> tuple[GroupHealth, ...]:
    row = f"{HEAD}dev_shop_web_http,10.244.0.7:8080,UP,{check},404,\n"
    return target_health(made(ingress()), read_stats(row))


def waited(check_at: Callable[[float], str], *, stopped: bool = False) -> tuple[Waited, list[str]]:
    clock, said, stop = Clock(), list[str](), threading.Event()
    if stopped:
        stop.set()
    found = await_healthy(
        lambda: seen(check_at(clock.time)), clock=clock, stopped=stop, say=said.append
    )
    return found, said


def test_healthy_targets_are_not_waited_for() -> None:
    found, said = waited(lambda _: "L7OK")

    assert (found.seconds, found.failing, said) == (0, None, [])


def test_a_target_that_recovers_in_time_is_fine() -> None:
    found, said = waited(lambda time: "L7STS" if time < FAILING_SECONDS - 1 else "L7OK")

    assert found.failing is None
    assert found.seconds == FAILING_SECONDS - 1
    assert "gives 404" in said[0]


def test_a_target_that_keeps_failing_ends_the_wait_soon() -> None:
    found, _ = waited(lambda _: "L7STS")

    assert FAILING_SECONDS < found.seconds < FAILING_SECONDS + 1
    assert found.failing is not None
    assert found.failing.unhealthy


def test_the_moment_of_a_failing_target_begins_when_it_fails() -> None:
    found, _ = waited(lambda time: "INI" if time < 10 else "L7STS")

    assert 10 + FAILING_SECONDS - 1 < found.seconds < 10 + FAILING_SECONDS + 1


def test_targets_without_any_result_are_waited_for_longer() -> None:
    found, _ = waited(lambda _: "INI")

    assert CHECKING_SECONDS < found.seconds < CHECKING_SECONDS + 1
    assert found.failing is not None
    assert "not checked yet" in str(found.failing)


def test_a_run_that_is_stopped_does_not_wait() -> None:
    found, _ = waited(lambda _: "L7STS", stopped=True)

    assert found.seconds == 0
