from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.gitops.argocd import REFRESH
from harness.io.kube import KubeError
from harness.loop.refreshing import Refresher, lagging
from harness.model.run import ApplicationStatus


def status(name: str, revision: str) -> ApplicationStatus:
    return ApplicationStatus(
        name=name, path="p", revision=revision, sync="", health="", operation="", resources=0
    )


class Engine:
    def __init__(self, *, down: int = 0) -> None:
        self.down = down
        self.asked: list[tuple[str, str | None]] = []

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        assert not query
        if self.down:
            self.down -= 1
            message = "no answer"
            raise KubeError(message)
        if path.endswith("/applicationsets"):
            return []
        return [{"metadata": {"name": name}} for name in ("old", "new")]

    def apply(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        raise AssertionError((path, body))

    def merge(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append((path.rpartition("/")[2], body["metadata"]["annotations"][REFRESH]))
        return {}


def refresher(engine: Engine) -> Refresher:
    seen = [status("old", "a"), status("new", "b"), status("none", "")]
    return Refresher(kube=engine, revision="b", statuses=lambda: seen)


def test_everything_is_asked_first_then_only_who_lags() -> None:
    engine = Engine()
    asking = refresher(engine)
    asking.ask()
    assert engine.asked == [("old", "hard"), ("new", "hard")]
    engine.asked.clear()
    asking.ask()
    assert engine.asked == [("old", None), ("old", "normal")]


def test_an_engine_that_does_not_answer_is_asked_everything_again() -> None:
    engine = Engine(down=1)
    asking = refresher(engine)
    asking.ask()
    assert engine.asked == []
    asking.ask()
    assert engine.asked == [("old", "hard"), ("new", "hard")]


def test_one_that_has_not_looked_yet_does_not_lag() -> None:
    assert lagging([status("a", ""), status("b", "x"), status("c", "y")], "x") == ["c"]
