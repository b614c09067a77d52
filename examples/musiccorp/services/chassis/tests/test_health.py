from __future__ import annotations

from dataclasses import dataclass

from chassis.health import CheckResult, Health, Lifecycle, once_reached

GOOD = CheckResult(ok=True, detail="answers")
BAD = CheckResult(ok=False, detail="does not answer")


@dataclass(frozen=True)
class FixedHeart:
    name: str
    result: CheckResult

    def pulse(self) -> CheckResult:
        return self.result


def test_readiness_fails_while_one_dependency_is_away_and_says_which() -> None:
    report = Health(checks={"database": lambda: BAD, "broker": lambda: GOOD}).readiness()
    assert not report.ok
    assert report.as_json()["checks"] == {
        "database": {"ok": False, "detail": "does not answer"},
        "broker": {"ok": True, "detail": "answers"},
    }


def test_liveness_never_asks_a_dependency() -> None:
    health = Health(checks={"database": lambda: BAD}, hearts=(FixedHeart("outbox", GOOD),))
    assert health.liveness().ok


def test_liveness_fails_with_a_worker_that_stands_still() -> None:
    hearts = (FixedHeart("outbox", GOOD), FixedHeart("settlements", BAD))
    assert not Health(hearts=hearts).liveness().ok


def test_draining_fails_readiness_but_not_liveness() -> None:
    lifecycle = Lifecycle()
    health = Health(lifecycle=lifecycle, checks={"database": lambda: GOOD})
    assert health.readiness().ok
    lifecycle.begin_draining()
    assert not health.readiness().ok
    assert health.liveness().ok


def test_a_dependency_reached_once_is_tolerated_when_it_goes_away() -> None:
    answers = iter([BAD, GOOD, BAD])
    check = once_reached(lambda: next(answers))
    assert not check().ok
    assert check() == GOOD
    assert check() == CheckResult(ok=True, detail="degraded: does not answer")
