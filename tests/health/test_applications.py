from __future__ import annotations

from typing import Any

import pytest

from harness.health.applications import find_application, judge_application
from harness.model.repository import ExpectedApplication

EXPECTED = ExpectedApplication(
    name="dev-web", path="overlays/dev/web", namespace="dev", repo_url="u", revision="HEAD",
    origin="set.yaml",
)  # fmt: skip


def _app(**changes: Any) -> dict[str, Any]:
    status = {
        "sync": {"status": "Synced", "revision": "abc"},
        "health": {"status": "Healthy"},
        "operationState": {"phase": "Succeeded"},
        "resources": [{"kind": "Service", "name": "web", "status": "Synced"}],
    }
    return {
        "metadata": {"name": "dev-web"},
        "spec": {"source": {"path": "./overlays/dev/web"}},
        "status": {**status, **changes},
    }


def _judged(app: dict[str, Any] | None, declared: int = 1) -> tuple[bool, str]:
    status = judge_application(EXPECTED, app, revision="abc", declared=declared)
    return status.passed, status.message


def test_a_synced_application_at_the_revision_passes() -> None:
    assert _judged(_app()) == (True, "")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"resources": []}, "Synced, but nothing was applied"),
        ({"sync": {"status": "Synced", "revision": "old"}}, "at revision old, not abc"),
        ({"operationState": {}}, "operation None: not started"),
        (
            {"operationState": {"phase": "Running", "message": "Retrying attempt #2"}},
            "operation Running: Retrying attempt #2",
        ),
        (
            {
                "sync": {"status": "OutOfSync", "revision": "abc"},
                "resources": [{"kind": "Service", "name": "web", "status": "OutOfSync"}],
            },
            "OutOfSync: Service web",
        ),
        (
            {"conditions": [{"type": "ComparisonError", "message": "app path does not exist"}]},
            "ComparisonError: app path does not exist",
        ),
    ],
)
def test_green_is_not_inferred(changes: dict[str, Any], message: str) -> None:
    assert _judged(_app(**changes)) == (False, message)


def test_fewer_live_resources_than_declared_do_not_pass() -> None:
    assert _judged(_app(), declared=3) == (False, "1 resources live, 3 declared")


def test_an_application_that_does_not_exist_does_not_pass() -> None:
    assert _judged(None) == (False, "the ApplicationSet has not created it")


def test_an_application_is_found_by_its_path_when_its_name_is_not_known() -> None:
    other = ExpectedApplication(
        name="", path="overlays/dev/web", namespace="", repo_url="", revision="", origin=""
    )

    assert find_application(other, [_app()]) == _app()
    assert find_application(other, []) is None
