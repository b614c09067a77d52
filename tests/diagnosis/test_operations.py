"""An Application's operation is read as Argo CD means it, also between two attempts."""

from __future__ import annotations

from typing import Any

import pytest

from harness.diagnosis.rules.argocd.operations import is_older, operation_of
from tests.diagnosis.world import START, stamp

OLD = "0ddba11" + "0" * 33
NEW = "c0ffee0" + "0" * 33


def state(revision: str, phase: str = "Running", **fields: Any) -> dict[str, Any]:
    operation = {
        "phase": phase,
        "startedAt": stamp(1),
        "syncResult": {"revision": revision},
        **fields,
    }
    return {"status": {"operationState": operation}}


@pytest.mark.parametrize(
    ("app", "wanted", "older"),
    [
        (state(OLD), NEW, True),
        (state(NEW), NEW, False),
        (state(OLD, "Succeeded"), NEW, False),
        (state(OLD, "Terminating"), NEW, True),
        (state("main"), NEW, False),
        (state(OLD), "", False),
        ({"status": {}}, NEW, False),
        (state("", syncResult={"revisions": [OLD, NEW]}), NEW, False),
        (state("", syncResult={}, operation={"sync": {"revision": OLD}}), NEW, True),
    ],
)
def test_an_unfinished_operation_of_another_commit_is_older(
    app: dict[str, Any], wanted: str, *, older: bool
) -> None:
    assert is_older(app, wanted) is older


def test_between_two_attempts_an_operation_runs_and_is_being_retried() -> None:
    found = operation_of(state(NEW, finishedAt=stamp(9), retryCount=2))

    assert found is not None
    assert (found.running, found.retrying, found.failed) == (True, True, False)
    assert found.attempts == 2
    assert found.ended == START + 9


def test_the_attempt_under_way_counts_too() -> None:
    found = operation_of(state(NEW, retryCount=2))

    assert found is not None
    assert (found.retrying, found.attempts) == (False, 3)


def test_without_an_operation_there_is_none() -> None:
    assert operation_of({"status": {}}) is None
