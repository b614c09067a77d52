"""Every command in the documentation is one that exists, with options that exist.

Commands that need no cluster run for real, on a copy of the bookshop; the others are parsed as the
command line would, and some scenario runs each of them on a real cluster.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer

from harness.__main__ import COMMANDS, application, run
from harness.model.errors import ExitCode
from tests.documentation.pages import ROOT, Shown, pages, shown

ALL = [command for page in pages() for command in shown(page)]
OURS = [command for command in ALL if command.arguments is not None]
OTHERS = {
    *(".", "cd", "cp", "docker", "git", "kubectl", "pip", "pipx", "sed", "uv", "argocd"),
    *("curl", "echo", "export", "go", "kustomize", "tar", "xdg-open"),
}
"""Programs of others that pages name; what they do is theirs."""
SCENARIOS = {
    "doctor": "scenarios/test_distribution.py",
    "audit": "tests/documentation/test_commands.py",
    "e2e": "scenarios/conftest.py",
    "up": "scenarios/test_drift.py",
    "loop": "scenarios/test_loop.py",
    "diagnose": "scenarios/test_existing.py",
    "drift": "scenarios/test_drift.py",
    "policies": "scenarios/test_policies.py",
    "down": "scenarios/test_lifecycle.py",
    "report": "tests/report/test_report_command.py",
    "reproduce": "scenarios/test_reproduce.py",
    "bundle": "tests/bundle/test_command.py",
}
"""Where each command is run for real."""
PLUGIN = ROOT / "harness" / "pytest_plugin" / "__init__.py"


def named(command: Shown) -> str:
    return f"{command.page}: {command.line[:60]}"


def test_there_are_commands_to_check() -> None:
    assert len(OURS) > 40


@pytest.mark.parametrize("command", OURS, ids=named)
def test_a_command_and_its_options_exist(command: Shown) -> None:
    arguments = command.arguments or []

    if arguments[:1] and not arguments[0].startswith("-"):
        parse(typer.main.get_command(application(arguments)), arguments)
    else:
        assert run([*arguments, "--help"]) == ExitCode.OK


def parse(group: Any, arguments: list[str]) -> None:
    """Parses as the command line does, without doing anything."""
    name, *rest = arguments
    assert name in group.commands, f"there is no harness {name}"
    child = group.commands[name]
    if getattr(child, "commands", None) and rest:
        parse(child, rest)
    else:
        child.make_context(name, list(rest), resilient_parsing=False).close()


def test_an_option_that_does_not_exist_is_found() -> None:
    with pytest.raises(Exception, match="--nonsense"):
        parse(typer.main.get_command(application([])), ["audit", "--nonsense"])


@pytest.mark.parametrize("command", [c for c in ALL if c.arguments is None], ids=named)
def test_every_other_program_is_known(command: Shown) -> None:
    program = command.words[0]

    if program == "make":
        targets = [w for w in command.words[1:] if "=" not in w and not w.startswith("-")]
        assert set(targets) <= make_targets(), command
    elif program == "pytest":
        assert plugin_options(command.words) <= plugin_options(PLUGIN.read_text("utf-8").split('"'))
    elif program == ".venv/bin/python" and command.words[1].endswith(".py"):
        assert (ROOT / command.words[1]).is_file()
    else:
        assert program in OTHERS, f"{command.page} names {program}"


def make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9-]+):", text, re.MULTILINE))


def plugin_options(words: list[str]) -> set[str]:
    return {word for word in words if word.startswith("--gitops-")}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_is_run_for_real_somewhere(name: str) -> None:
    path = ROOT / SCENARIOS[name]

    assert path.is_file(), f"harness {name} is run for real nowhere: {SCENARIOS[name]} is missing"
    assert name in path.read_text(encoding="utf-8")


@pytest.fixture
def bookshop(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "examples" / "bookshop", tmp_path / "bookshop"))


def test_the_tutorial_s_audit_says_what_the_page_shows(
    bookshop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs/tutorial/first-failure.md").read_text(encoding="utf-8")
    before, after = re.findall(r"```text\n(.*?)```", page, re.DOTALL)[0::2][:2]
    edit = next(c for c in shown(ROOT / "docs/tutorial/first-failure.md") if c.words[0] == "sed")

    assert run(["audit", str(bookshop)]) == ExitCode.OK
    assert_shown(before, capsys.readouterr().out)
    old, new = edit.words[2].split("/")[1:3]
    changed = bookshop / Path(edit.words[3]).relative_to("/tmp/bookshop")  # noqa: S108
    changed.write_text(changed.read_text("utf-8").replace(old, new), "utf-8")
    run(["audit", str(bookshop)])
    assert_shown(after, capsys.readouterr().out)


def assert_shown(excerpt: str, output: str) -> None:
    for line in filter(None, map(str.strip, excerpt.splitlines())):
        assert line in output
