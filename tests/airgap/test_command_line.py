"""The command line answers with JSON, paragraphs and the exit codes that are promised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airgap.__main__ import MISUSED, main


def test_a_plan_lists_every_part_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    assert main(["plan", "--cache", str(cache)]) == 0
    parts = json.loads(capsys.readouterr().out)["parts"]
    names = [part["name"] for part in parts]
    assert {"go-kubernetes", "rootfs-bookworm", "image-node", "image-kafka"} <= set(names)
    assert not any(part["cached"] for part in parts)
    for part in parts:
        assert all(names.index(below) < names.index(part["name"]) for below in part["depends_on"])
    assert not cache.exists()


def test_a_plan_of_one_part_holds_what_is_below_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--cache", str(tmp_path), "--part", "image-redis"]) == 0
    parts = json.loads(capsys.readouterr().out)["parts"]
    assert [part["name"] for part in parts] == ["rootfs-trixie", "image-redis"]


def test_an_unknown_part_is_refused_with_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["build", "--cache", str(tmp_path), "--part", "image-nginx"]) == MISUSED
    said = capsys.readouterr().err
    assert "no part image-nginx" in said
    assert "image-node" in said


def test_a_plan_holds_an_add_on_only_when_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def planned(*words: str) -> list[str]:
        assert main(["plan", "--cache", str(tmp_path), *words]) == 0
        return [part["name"] for part in json.loads(capsys.readouterr().out)["parts"]]

    assert planned("--addon", "metrics-server") == [
        "go-toolchain",
        "go-metrics-server",
        "image-metrics-server",
    ]
    assert "image-metrics-server" not in planned()


def test_an_unknown_add_on_is_refused_with_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["build", "--cache", str(tmp_path), "--addon", "dashboard"]) == MISUSED
    assert "Add-ons are: metrics-server" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_certificate_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    assert main(["plan", "--cache", str(tmp_path), "--ca", str(path)]) == MISUSED
    assert str(path) in capsys.readouterr().err


def test_a_missing_cache_option_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["build"])
    assert ended.value.code == MISUSED
    assert "--cache" in capsys.readouterr().err
