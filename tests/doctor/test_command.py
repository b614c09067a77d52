from __future__ import annotations

import io
import json
from collections.abc import Callable

from rich.console import Console

from harness.commands.doctor import as_data, plain_line, show, verdict
from harness.doctor import Examination
from harness.doctor.checks import judge
from harness.doctor.examination import Readings

Make = Callable[..., Readings]


def examined(readings: Readings) -> Examination:
    return Examination(readings=readings, checks=judge(readings))


def printed(examination: Examination, *, terminal: bool) -> str:
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=terminal, width=90, color_system=None, soft_wrap=True
    )
    show(examination, ["set x until the next boot"], console)
    return out.getvalue()


def test_elsewhere_than_on_a_terminal_each_check_is_one_line(make: Make) -> None:
    examination = examined(make(inotify={"max_user_watches": 8192}))
    lines = printed(examination, terminal=False).splitlines()
    assert len(lines) == 1 + len(examination.checks) + 1
    assert lines[0] == "changed: set x until the next boot"
    assert lines[-1] == f"This machine is ready ({len(examination.checks)} checks, 1 warning)."


def test_a_terminal_shows_a_table_and_commands_that_can_be_copied(make: Make) -> None:
    text = printed(examined(make(inotify={"max_user_watches": 8192})), terminal=True)
    assert "found" in text.splitlines()[1]
    assert "to mend inotify: sudo sysctl -w fs.inotify.max_user_watches=524288\n" in text


def test_a_failed_check_names_what_is_needed_and_the_command(bare: Make) -> None:
    check = next(c for c in judge(bare()) if c.name == "Docker daemon")
    assert plain_line(check) == (
        "failed   Docker daemon: not asked: no client."
        " Needed: a daemon that answers this user. Mend: harness doctor --fix"
    )


def test_the_verdict_counts_failures(bare: Make) -> None:
    examination = examined(bare())
    assert verdict(examination) == f"2 of {len(examination.checks)} checks failed."


def test_the_data_is_json_and_holds_every_check(bare: Make) -> None:
    examination = examined(bare())
    data = json.loads(json.dumps(as_data(examination, [])))
    assert data["passed"] is False
    assert data["facts"]["distribution"] == "debian"
    assert {check["state"] for check in data["checks"]} >= {"ok", "failed", "skipped"}
    assert len(data["checks"]) == len(examination.checks)
