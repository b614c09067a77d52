from __future__ import annotations

import threading

import pytest
from chassis.worker import Backoff, Worker


def test_pauses_grow_to_the_longest_and_start_again_after_a_success() -> None:
    backoff = Backoff(first_seconds=0.2, longest_seconds=1.0, jitter=lambda: 1.0)
    assert [backoff.next_seconds() for _ in range(5)] == pytest.approx([0.2, 0.4, 0.8, 1.0, 1.0])
    backoff.reset()
    assert backoff.next_seconds() == pytest.approx(0.2)


def test_jitter_takes_away_at_most_half() -> None:
    assert Backoff(first_seconds=0.2, jitter=lambda: 0.0).next_seconds() == pytest.approx(0.1)


def test_many_failures_do_not_overflow() -> None:
    backoff = Backoff(longest_seconds=5.0, jitter=lambda: 1.0)
    assert [backoff.next_seconds() for _ in range(5000)][-1] == 5.0


def test_a_failing_step_does_not_end_the_worker_and_stopping_gives_back_what_it_holds() -> None:
    steps: list[int] = []
    recovered, finished = threading.Event(), threading.Event()

    def step(stop: threading.Event) -> None:
        steps.append(len(steps))
        if len(steps) == 1:
            msg = "broker away"
            raise ConnectionError(msg)
        recovered.set()
        stop.wait(5)

    worker = Worker("settlements", step, finish=finished.set)
    worker.start()
    assert recovered.wait(5)
    assert worker.pulse().ok
    worker.stop()
    assert finished.is_set()
    assert not worker.pulse().ok


def test_a_worker_that_was_never_started_has_no_pulse() -> None:
    assert Worker("outbox", lambda _stop: None).pulse().detail == "thread is not running"


def test_a_worker_that_hangs_in_a_step_loses_its_pulse() -> None:
    now = [0.0]
    entered, release = threading.Event(), threading.Event()

    def step(_stop: threading.Event) -> None:
        entered.set()
        release.wait(5)

    worker = Worker("outbox", step, silence_seconds=60, clock=lambda: now[0])
    worker.start()
    assert entered.wait(5)
    now[0] = 61.0
    pulse = worker.pulse()
    release.set()
    worker.stop()
    assert not pulse.ok
    assert "61.0 s ago" in pulse.detail
