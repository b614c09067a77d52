from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from harness.commands import report
from harness.model.errors import UsageError
from harness.model.run import RunRecord
from harness.report.write import RENDERERS, write_reports


@pytest.fixture
def folder(failed_run: RunRecord, tmp_path: Path) -> Path:
    write_reports(failed_run, tmp_path / "report")
    return tmp_path / "report"


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    report.register(app)
    return CliRunner().invoke(app, ["report", *arguments])


@pytest.mark.parametrize(
    ("option", "name"),
    [("--html", "report.html"), ("--markdown", "summary.md"), ("--json", "run.json")],
)
def test_a_format_is_printed_exactly_as_the_run_wrote_it(
    folder: Path, option: str, name: str
) -> None:
    result = run(str(folder / "run.json"), option)
    assert result.exit_code == 0, result.output
    assert result.stdout == (folder / name).read_text(encoding="utf-8")


def test_a_folder_will_do_for_its_run_json(folder: Path) -> None:
    assert run(str(folder), "--json").stdout.startswith('{\n  "format": "gitops-harness/run"')


def test_without_an_option_every_file_is_written_again(folder: Path) -> None:
    wanted = (folder / "report.html").read_bytes()
    (folder / "report.html").unlink()
    result = run(str(folder))
    assert result.exit_code == 0
    assert (folder / "report.html").read_bytes() == wanted
    assert result.stdout.splitlines()[0].startswith("failed: Stage “Build and deliver images”")
    assert str(folder / "report.html") in result.stdout


def test_the_files_can_go_to_another_folder(folder: Path, tmp_path: Path) -> None:
    assert run(str(folder), "--output", str(tmp_path / "else where")).exit_code == 0
    assert {path.name for path in (tmp_path / "else where").iterdir()} == set(RENDERERS)


def test_without_a_folder_called_report_that_of_the_user_is_taken(
    failed_run: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    write_reports(failed_run, report.default_folders()[1])
    assert run("--markdown").stdout.startswith("# ❌ Failed: dev")


def test_no_run_at_all_is_one_clear_paragraph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    error = run().exception
    assert isinstance(error, UsageError)
    assert "Reading the run in report/run.json failed: No such file" in error.paragraph()


def test_the_folder_called_report_is_taken_without_an_argument(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    assert run("--markdown").stdout.startswith("# ❌ Failed: dev")


@pytest.mark.parametrize(
    ("name", "content", "seen"),
    [
        ("missing.json", None, "No such file"),
        ("bad.json", b"{", "Invalid JSON"),
        ("binary.json", b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_what_cannot_be_read_is_one_clear_paragraph(
    tmp_path: Path, name: str, content: bytes | None, seen: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    error = run(str(path)).exception
    assert isinstance(error, UsageError)
    assert seen in error.paragraph()
    assert str(path) in error.paragraph()


def test_two_formats_at_once_are_refused(folder: Path) -> None:
    error = run(str(folder), "--html", "--json").exception
    assert isinstance(error, UsageError)
    assert "more than one of" in error.paragraph()
