from __future__ import annotations

from pathlib import Path

import pytest

from harness.__main__ import run
from harness.model.errors import ExitCode


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _overlay(root: Path, name: str = "overlays/dev") -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "kustomization.yaml").write_text("resources: []\n", encoding="utf-8")
    return root


def _refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = run(arguments)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1, "one paragraph, no traceback"
    return code, said.err


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == ExitCode.OK

    text = capsys.readouterr().out
    for name in (
        *("doctor", "audit", "e2e", "up", "diagnose", "drift", "down", "report", "bundle"),
    ):
        assert f"  {name} " in text


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == ExitCode.OK

    assert capsys.readouterr().out.startswith("gitops-harness ")


@pytest.mark.parametrize(
    "arguments", [["e2e", "--bogus"], ["nonsense"], ["e2e", "--env"], ["bundle", "load"]]
)
def test_a_wrong_command_line_says_what_is_wrong(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = _refused(arguments, capsys)

    assert code == ExitCode.USAGE
    assert "Next: harness --help." in said


def test_a_wrong_path_makes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = _refused(["e2e", "--repo", str(tmp_path / "nowhere")], capsys)

    assert code == ExitCode.USAGE
    assert "there is no such folder" in said
    assert not (tmp_path / "state").exists()


def test_an_unknown_environment_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = _refused(["e2e", "--repo", str(_overlay(tmp_path)), "--env", "de"], capsys)

    assert code == ExitCode.USAGE
    assert "did you mean 'dev'" in said
    assert not (tmp_path / "state").exists()


def test_a_wrong_kind_configuration_is_told_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = _overlay(tmp_path / "repo")

    code, said = _refused(["e2e", "--repo", str(repo), "--kind-config", "/nowhere.yaml"], capsys)

    assert code == ExitCode.USAGE
    assert "/nowhere.yaml" in said


def test_an_empty_folder_is_no_repository(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = _refused(["up", "--repo", str(tmp_path)], capsys)

    assert code == ExitCode.REPOSITORY
    assert "--repo" in said
