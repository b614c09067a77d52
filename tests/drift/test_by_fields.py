from __future__ import annotations

from typing import Any

import pytest

from harness.drift.by_fields import declared_differences
from harness.drift.fields import path_text


def told(declared: Any, live: Any) -> list[str]:
    return [path_text(d.path) for d in declared_differences(declared, live)]


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        ({"limits": {"cpu": "1000m"}}, {"limits": {"cpu": "1"}}),
        ({"requests": {"memory": "1Gi"}}, {"requests": {"memory": "1024Mi"}}),
        ({"limits": {"cpu": 1}}, {"limits": {"cpu": "1"}}),
        ({"data": {"port": 8080}}, {"data": {"port": "8080"}}),
        ({"annotations": {}}, {}),
        ({"resources": {"limits": None}}, {}),
        ({"egress": []}, {}),
        ({"env": [{"name": "A", "value": ""}]}, {"env": [{"name": "A"}]}),
        ({"spec": {"x": 1}}, {"spec": {"x": 1, "defaulted": True}}),
        ({"ports": [{"port": 80}]}, {"ports": [{"port": 80, "protocol": "TCP"}]}),
        ({"env": [{"name": "A"}]}, {"env": [{"name": "B"}, {"name": "A"}]}),
    ],
)
def test_what_the_server_normalises_or_adds_is_no_difference(declared: Any, live: Any) -> None:
    assert told(declared, live) == []


@pytest.mark.parametrize(
    ("declared", "live", "path"),
    [
        ({"limits": {"cpu": "500m"}}, {"limits": {"cpu": "1"}}, "limits.cpu"),
        ({"data": {"cpu": "1000m"}}, {"data": {"cpu": "1"}}, "data.cpu"),
        ({"namespaceSelector": {}}, {}, "namespaceSelector"),
        ({"emptyDir": {}}, {}, "emptyDir"),
        ({"paused": False}, {"paused": True}, "paused"),
        ({"paused": True}, {"paused": 1}, "paused"),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": []}, "env[A]"),
        ({"args": ["a"]}, {"args": ["b"]}, "args[0]"),
        ({"args": ["a"]}, {"args": ["a", "b"]}, "args"),
        ({"data": {"a": "1"}}, {}, "data"),
    ],
)
def test_what_is_declared_otherwise_is_one(declared: Any, live: Any, path: str) -> None:
    assert told(declared, live) == [path]
