from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from harness.__main__ import application
from harness.commands import loop as command
from harness.loop.actions import show_log, worst
from harness.loop.events import Wishes
from harness.stages.context import RunOptions
from tests.loop.worlds import SilentScreen


def pod(name: str, **statuses: Any) -> dict[str, Any]:
    containers = [{"name": n, **status} for n, status in statuses.items()]
    return {
        "metadata": {"name": name},
        "spec": {"containers": [{"name": c["name"]} for c in containers]},
        "status": {"containerStatuses": containers},
    }


def test_the_container_that_is_not_ready_is_the_worst() -> None:
    fine = pod("a", web={"ready": True})
    bad = pod("b", proxy={"ready": True}, web={"ready": False, "state": {"running": {}}})
    assert worst([fine, bad]) == (bad, "web")


def test_an_init_container_that_is_done_is_not_the_worst() -> None:
    done = pod("a", web={"ready": True})
    done["status"]["initContainerStatuses"] = [
        {"name": "migrate", "ready": False, "state": {"terminated": {"exitCode": 0}}}
    ]
    assert worst([done]) == (done, "web")


def test_without_a_round_there_is_no_log() -> None:
    screen = SilentScreen()
    show_log(None, screen)
    assert screen.notes == [""]


def test_the_command_takes_its_options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[RunOptions, Wishes, bool]] = []

    def start(options: RunOptions, wishes: Wishes, *, as_json: bool) -> int:
        asked.append((options, wishes, as_json))
        return 12

    monkeypatch.setattr(command, "start", start)
    words = ["loop", "--repo", str(tmp_path), "--once-green", "--down", "--json"]
    done = CliRunner().invoke(application(words), [*words, "--withhold", "x"])
    assert done.exit_code == 12
    (options, wishes, as_json) = asked[0]
    assert options.keep
    assert options.withhold == ("x",)
    assert wishes == Wishes(once_green=True, down=True)
    assert as_json
