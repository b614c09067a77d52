"""`harness drift`: options in, the gap out, with the right exit code."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

from harness.__main__ import COMMANDS, run
from harness.commands.drift import register, show
from harness.model.drift import Gap
from harness.model.errors import ExitCode
from tests.drift.gaps import gap

if TYPE_CHECKING:
    from harness.comparison.question import DriftQuestion

FINE = Gap(applications=gap().applications[1:2])


class Asked:
    """Answers with a gap and remembers what was asked."""

    def __init__(self, answer: Gap) -> None:
        self.answer = answer
        self.questions: list[DriftQuestion] = []

    def __call__(self, question: DriftQuestion) -> Gap:
        self.questions.append(question)
        return self.answer


def called(asked: Asked, *arguments: str) -> int:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app, asked)
    found = app(["drift", *arguments], standalone_mode=False)
    return int(found or 0)


def test_a_gap_ends_with_its_own_code_and_none_with_zero(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert called(Asked(gap())) == ExitCode.DRIFT
    assert "6 differences." in capsys.readouterr().out
    assert called(Asked(FINE)) == ExitCode.OK
    assert "No gap." in capsys.readouterr().out


def test_the_json_is_printed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert called(Asked(gap()), "--json") == ExitCode.DRIFT

    said = json.loads(capsys.readouterr().out)
    assert (said["format"], said["version"]) == ("gitops-harness/drift", 1)


def test_options_say_what_is_compared(tmp_path: Path) -> None:
    asked = Asked(FINE)

    called(
        asked,
        *("--repo", str(tmp_path), "--env", "prod", "--kubeconfig", "/k", "--context", "c"),
        *("--namespace", "a", "-n", "b", "--application", "web"),
    )

    question = asked.questions[0]
    assert question.repository == tmp_path
    assert (question.environment, question.kubeconfig, question.context) == (
        "prod",
        Path("/k"),
        "c",
    )
    assert (question.namespaces, question.application) == (("a", "b"), "web")


def test_without_a_kubeconfig_the_kept_cluster_is_meant_unless_a_context_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/users/config")
    asked = Asked(FINE)

    called(asked)
    called(asked, "--context", "staging")

    assert [q.kubeconfig for q in asked.questions] == [None, Path("/users/config")]


def test_the_command_is_one_of_the_harness() -> None:
    assert COMMANDS["drift"] == "drift"


def test_a_repository_that_is_not_there_is_one_paragraph(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["drift", "--repo", "/nowhere/at/all"]) == ExitCode.USAGE

    said = capsys.readouterr().err
    assert "there is no such folder" in said
    assert said.count("\n") == 1


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured, plain, piped = Terminal(), Terminal(), io.StringIO()

    show(gap(), coloured, as_json=False)
    show(gap(), plain, as_json=False, no_color=True)
    show(gap(), piped, as_json=False)

    assert "\x1b[31m" in coloured.getvalue()
    assert "\x1b[31m" not in plain.getvalue()
    assert "\x1b" not in piped.getvalue()


def test_what_a_stream_cannot_spell_is_escaped() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    odd = Gap(applications=gap().applications, notes=("naïve",))

    show(odd, stream, as_json=False)
    stream.flush()

    assert b"na\\xefve" in raw.getvalue()
