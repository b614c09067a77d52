"""`harness diagnose` offline: a recording in, a verdict out, with the right exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.__main__ import run
from harness.evidence.cassette import write_cassette
from harness.model.errors import ExitCode
from tests.diagnosis.world import World, waiting


def recording(folder: Path, *, broken: bool) -> Path:
    world = World()
    env = [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}}]
    world.workload("web", {"name": "web", "image": "ghcr.io/shop/app:1", "env": env})
    text = 'secret "login" not found'
    if broken:
        world.pod("web", 2, state=waiting("CreateContainerConfigError", text))
        world.pod("web", 20, state=waiting("CreateContainerConfigError", text))
    else:
        world.ready("web", 3)
    path = folder / "timeline.jsonl.gz"
    write_cassette(world.cassette(), path)
    return path


def test_a_recording_of_a_fault_gives_its_root(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["diagnose", str(recording(tmp_path, broken=True))])

    said = capsys.readouterr().out
    assert code == ExitCode.ROOT_CAUSE
    assert "S07" in said
    assert "Secret shop/login" in said


def test_the_json_holds_the_same_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["diagnose", "--json", str(recording(tmp_path, broken=True))])

    said = json.loads(capsys.readouterr().out)
    assert code == ExitCode.ROOT_CAUSE
    assert said["verdict"] == "failed"
    assert [f["cause"] for f in said["findings"]] == ["S07"]
    assert said["findings"][0]["victims"] == [
        {"kind": "Deployment", "namespace": "shop", "name": "web"}
    ]


def test_a_healthy_recording_is_healthy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", str(recording(tmp_path, broken=False))]) == ExitCode.OK
    assert "Everything is ready" in capsys.readouterr().out


def test_an_evidence_folder_is_judged_by_its_timeline(tmp_path: Path) -> None:
    recording(tmp_path, broken=True)

    assert run(["diagnose", str(tmp_path)]) == ExitCode.ROOT_CAUSE


@pytest.mark.parametrize("content", [b"", b"not a timeline\n", b"\x1f\x8bbroken"])
def test_a_damaged_recording_gets_one_paragraph(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    path = tmp_path / "timeline.jsonl.gz"
    path.write_bytes(content)

    assert run(["diagnose", str(path)]) == ExitCode.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1


def test_a_recording_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["diagnose", str(tmp_path / "nowhere")]) == ExitCode.USAGE
    assert "no such file" in capsys.readouterr().err


def test_a_kubeconfig_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["diagnose", "--kubeconfig", str(tmp_path / "nowhere"), "-n", "shop"])

    assert code == ExitCode.USAGE
    assert "nowhere" in capsys.readouterr().err


def test_a_cause_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diagnose", "--explain", "s01"]) == ExitCode.OK
    assert capsys.readouterr().out.startswith("S01")


def test_an_unknown_cause_gets_the_known_ones_of_its_letter(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["diagnose", "--explain", "S99"]) == ExitCode.USAGE
    assert "S01" in capsys.readouterr().err
