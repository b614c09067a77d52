"""`harness bundle`: results on standard output, progress on standard error, bad input refused."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from harness.bundle.cache import write_stamp
from harness.bundle.effects import site_from
from harness.bundle.ensure import build_recipe
from harness.commands import bundle as command
from harness.model.errors import BundleError, UsageError

Harness = Callable[..., None]


@pytest.fixture
def harness(cache: Path, tmp_path: Path) -> Harness:
    """Runs `harness bundle WORDS --cache CACHE`; without any CA certificate of this host."""
    app = typer.Typer()
    command.register(app)
    authority = tmp_path / "ca.pem"
    authority.write_text("an authority")

    def run(verb: str, *words: object, cache: Path = cache) -> None:
        more = [] if verb == "load" else ["--ca", str(authority)]
        given = [str(word) for word in words]
        app(["bundle", verb, *given, "--cache", str(cache), *more], standalone_mode=False)

    return run


@pytest.fixture
def current(cache: Path, bundle_json: Path, tmp_path: Path) -> Path:
    """A bundle that was made from the recipes as they are."""
    site = site_from(
        {},
        cache=cache,
        ca_files=[tmp_path / "ca.pem"],
        system=os.uname().sysname,
        machine=os.uname().machine,
    )
    (tmp_path / "ca.pem").write_text("an authority")
    write_stamp(cache, "build", build_recipe(site), bundle_json)
    return bundle_json


def test_show_tells_what_the_current_bundle_consists_of(
    harness: Harness, current: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    harness("show")
    said, progress = capsys.readouterr()
    for text in (str(current), "build k1", "v1.36.3", "kubectl v1", "a distribution's kafka"):
        assert text in said
    assert "every file is there (sizes checked)" in said
    assert progress == ""


def test_show_as_json_is_json_alone(
    harness: Harness, current: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    harness("show", "--json", "--thorough")
    data = json.loads(capsys.readouterr().out)
    assert data["path"] == str(current)
    assert {image["role"] for image in data["images"]} >= {"node", "gate"}


def test_show_without_a_bundle_says_how_to_get_one(harness: Harness) -> None:
    with pytest.raises(BundleError, match="harness bundle build, harness bundle pull"):
        harness("show")


def test_show_finds_damage(harness: Harness, current: Path, cache: Path) -> None:
    tool = cache / "parts/kind/k1/kind"
    tool.write_bytes(b"?" * tool.stat().st_size)
    harness("show")
    with pytest.raises(BundleError, match="tool kind has SHA-256"):
        harness("show", "--thorough")
    tool.unlink()
    with pytest.raises(BundleError, match="tool kind is missing"):
        harness("show")
    assert current.exists()


@pytest.mark.usefixtures("current")
def test_a_bundle_is_carried_to_another_cache(
    harness: Harness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, other = tmp_path / "bundle.tar", tmp_path / "other"
    harness("save", file, "--json")
    saved = json.loads(capsys.readouterr().out)
    assert saved["bytes"] == file.stat().st_size
    harness("load", file, "--json", cache=other)
    said, progress = capsys.readouterr()
    loaded = json.loads(said)
    assert loaded["origin"] == "load"
    assert Path(loaded["path"]).is_relative_to(other)
    assert "done   images/node.tar" in progress
    harness("show", "--thorough", cache=other)
    assert "load k1" in capsys.readouterr().out


@pytest.mark.usefixtures("current")
def test_a_damaged_file_is_refused_and_leaves_nothing(harness: Harness, tmp_path: Path) -> None:
    file, other = tmp_path / "bundle.tar", tmp_path / "other"
    harness("save", file)
    file.write_bytes(file.read_bytes()[:-2000])
    with pytest.raises(BundleError, match="truncated"):
        harness("load", file, cache=other)
    assert not list(other.glob("bundles/*"))


@pytest.mark.parametrize("verb", ["build", "pull", "show"])
def test_a_missing_certificate_is_a_usage_error(harness: Harness, verb: str) -> None:
    with pytest.raises(UsageError, match="no such file"):
        harness(verb, "--ca", "/nowhere.pem")
