from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.io.clock import Clock
from harness.model.errors import HarnessError
from harness.model.run import RunRecord
from harness.model.secret import MASK, Secret
from harness.report.json_report import run_to_json
from harness.report.live_screen import LiveScreen
from harness.report.plain_screen import PlainScreen
from harness.report.redaction import masked, presentable
from harness.report.write import write_reports

PASSWORD = "p&ss<w>\"o'rd|\\x 7Q"


def planted(value: Any, plant: Callable[[str], str]) -> Any:
    """Returns the value with `plant` applied to every text in it, error parts included."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return plant(value)
    if isinstance(value, HarnessError):
        names = ("attempted", "subject", "seen", "expected", "next_step", "log")
        return type(value)(**{name: plant(getattr(value, name)) for name in names})
    if isinstance(value, (list, tuple)):
        return type(value)(planted(item, plant) for item in value)
    if isinstance(value, dict):
        return {plant(k): plant(v) for k, v in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: planted(getattr(value, f.name), plant) for f in fields(value)}
        return replace(value, **changed)
    return value


def docker_config(password: str) -> str:
    auth = base64.b64encode(f"robot:{password}".encode()).decode()
    return base64.b64encode(json.dumps({"auths": {"ghcr.io": {"auth": auth}}}).encode()).decode()


@pytest.fixture
def leaky_run(any_run: RunRecord) -> RunRecord:
    leaky: RunRecord = planted(any_run, lambda text: f"{text} {PASSWORD}")
    return leaky


def leaks(text: str) -> list[str]:
    escaped = (
        PASSWORD,
        json.dumps(PASSWORD)[1:-1],
        "p&amp;ss",
        "p&ss",
        "p\\&ss",
        "7Q",
    )
    return [form for form in escaped if form in text]


def test_secrets_never_appear_in_any_file(leaky_run: RunRecord, tmp_path: Path) -> None:
    for path in write_reports(leaky_run, tmp_path, [Secret(PASSWORD)]):
        text = path.read_text(encoding="utf-8")
        assert leaks(text) == [], path.name
        assert MASK in text or MASK.replace("*", r"\*") in text, path.name


def test_secrets_never_appear_on_the_plain_screen(leaky_run: RunRecord, clock: Clock) -> None:
    stream = StringIO()
    screen = PlainScreen(stream, clock=clock, secrets=[Secret(PASSWORD)])
    screen.begin(leaky_run)
    for stage in leaky_run.stages:
        screen.stage(stage)
    screen.note(PASSWORD)
    screen.objects(leaky_run.objects[:3])
    screen.objects(leaky_run.objects)
    screen.finish(leaky_run)
    assert leaks(stream.getvalue()) == []
    assert MASK in stream.getvalue()


def test_secrets_never_appear_on_the_live_screen(leaky_run: RunRecord, clock: Clock) -> None:
    stream = StringIO()
    console = Console(file=stream, force_terminal=True, width=3000, height=60)
    screen = LiveScreen(console, clock=clock, secrets=[Secret(PASSWORD)])
    screen.begin(leaky_run)
    for stage in leaky_run.stages:
        screen.stage(stage)
    screen.note(PASSWORD)
    screen.objects(leaky_run.objects)
    screen.finish(leaky_run)
    assert leaks(stream.getvalue()) == []
    assert MASK in stream.getvalue()


def test_a_secret_made_after_the_start_is_masked_too(clock: Clock, passed_run: RunRecord) -> None:
    stream, secrets = StringIO(), list[Secret]()
    screen = PlainScreen(stream, clock=clock)
    screen.begin(passed_run, secrets)
    secrets.append(Secret("late-secret"))
    screen.note("made late-secret")
    screen.finish(passed_run)
    assert "late-secret" not in stream.getvalue()


@pytest.mark.parametrize("lead", ["", "a", "ab", "abc"])
def test_a_secret_inside_base64_is_masked_wherever_it_begins(lead: str) -> None:
    encoded = base64.b64encode(f"{lead}{PASSWORD}and more".encode()).decode()
    shown = masked(f"data: {encoded}", [Secret(PASSWORD)])
    assert MASK in shown
    assert base64.b64encode(PASSWORD.encode()).decode()[4:-4] not in shown


def test_the_password_of_a_docker_config_is_masked_in_its_auth() -> None:
    config = json.loads(base64.b64decode(docker_config(PASSWORD)))
    shown = masked(json.dumps(config), [Secret(PASSWORD)])
    hidden = json.loads(shown)["auths"]["ghcr.io"]["auth"]
    assert MASK in hidden


def test_a_secret_inside_a_url_is_masked() -> None:
    assert masked("https://robot:a%2Fb%40c-d@host/", [Secret("a/b@c-d")]).count(MASK) == 1


def test_a_secret_that_contains_another_is_masked_whole() -> None:
    assert (
        masked("x correct-horse-battery y", [Secret("horse"), Secret("correct-horse-battery")])
        == f"x {MASK} y"
    )


def test_a_secret_split_by_terminal_colours_is_masked() -> None:
    assert "hunter22" not in masked("hun\x1b[31mter22", [Secret("hunter22")])


def test_masking_changes_a_copy_only(failed_run: RunRecord) -> None:
    before = run_to_json(failed_run)
    assert run_to_json(presentable(failed_run, [Secret("musiccorp")])) != before
    assert run_to_json(failed_run) == before


def test_a_masked_error_keeps_its_kind_and_exit_code(failed_run: RunRecord) -> None:
    shown = presentable(failed_run, [Secret("requirements")])
    assert failed_run.error is not None
    assert type(shown.error) is type(failed_run.error)
    assert "requirements" not in str(shown.error)
