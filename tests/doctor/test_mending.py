from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.doctor import Examination, mend
from harness.doctor.checks import judge
from harness.doctor.examination import Readings

Make = Callable[..., Readings]


def examined(readings: Readings) -> Examination:
    return Examination(readings=readings, checks=judge(readings))


@pytest.mark.parametrize(
    "facts", [{"is_root": False}, {"distribution": "fedora"}, {"distribution": ""}]
)
def test_on_anybody_elses_machine_nothing_is_changed(
    bare: Make, script: Any, clock: Any, facts: dict[str, Any]
) -> None:
    runner, said = script(), list[str]()
    readings = bare(facts=facts, git_version="", inotify={"max_user_watches": 1})
    assert mend(examined(readings), runner=runner, clock=clock, say=said.append) == []
    assert runner.calls == []


def test_a_ready_machine_is_not_touched(make: Make, script: Any, clock: Any) -> None:
    runner = script()
    assert mend(examined(make()), runner=runner, clock=clock, say=print) == []
    assert runner.calls == []


def test_inotify_limits_are_raised_until_the_next_boot(
    make: Make, script: Any, clock: Any, tmp_path: Path
) -> None:
    limit = tmp_path / "proc/sys/fs/inotify/max_user_watches"
    limit.parent.mkdir(parents=True)
    limit.write_text("8192\n", "utf-8")
    readings = make(inotify={"max_user_watches": 8192, "max_user_instances": 512})
    changed = mend(examined(readings), runner=script(), clock=clock, say=print, root=tmp_path)
    assert changed == ["set fs.inotify.max_user_watches=524288 until the next boot"]
    assert limit.read_text("utf-8") == "524288"


def test_limits_that_may_not_be_raised_stay_a_warning(
    make: Make, script: Any, clock: Any, tmp_path: Path
) -> None:
    said: list[str] = []
    readings = make(inotify={"max_user_watches": 8192})
    examination = examined(readings)
    changed = mend(examination, runner=script(), clock=clock, say=said.append, root=tmp_path)
    assert changed == []
    assert said == ["fs.inotify.max_user_watches stays as it is: No such file or directory"]


def test_git_is_installed_where_it_is_absent(make: Make, script: Any, clock: Any) -> None:
    runner = script(answers={"apt-get update": "", "apt-get install": ""})
    changed = mend(examined(make(git_version="")), runner=runner, clock=clock, say=lambda _: None)
    assert changed == ["installed git"]
