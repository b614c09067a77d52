"""`harness --version`: what is used, from the newest bundle or from the pins."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness import __version__
from harness.__main__ import run
from harness.commands.versions import bundle_versions
from harness.model.errors import ExitCode

PARTS = ("origin", "kubernetes", "argocd", "kind", "kubectl", "kustomize")


def bundle(cache: Path, key: str, kubernetes: str, age: int = 0) -> None:
    path = cache / "bundles" / key / "bundle.json"
    path.parent.mkdir(parents=True)
    tools = {name: {"version": "v1"} for name in ("kind", "kubectl", "kustomize")}
    manifests = {"argocd": {"version": "v3"}}
    data = {"origin": "build", "kubernetes": kubernetes, "tools": tools, "manifests": manifests}
    path.write_text(json.dumps(data), encoding="utf-8")
    os.utime(path, (1_000_000 - age, 1_000_000 - age))


def test_the_newest_bundle_counts(tmp_path: Path) -> None:
    bundle(tmp_path, "old", "v1.35.0", age=10)
    bundle(tmp_path, "new", "v1.36.3")

    found = bundle_versions(tmp_path)

    assert tuple(found) == PARTS
    assert (found["origin"], found["kubernetes"]) == ("build", "v1.36.3")


def test_a_damaged_bundle_is_passed_over(tmp_path: Path) -> None:
    bundle(tmp_path, "old", "v1.35.0", age=10)
    bundle(tmp_path, "new", "v1.36.3")
    (tmp_path / "bundles" / "new" / "bundle.json").write_text("{}", encoding="utf-8")

    assert bundle_versions(tmp_path)["kubernetes"] == "v1.35.0"


def test_without_a_bundle_the_pins_are_said_to_be_pins(tmp_path: Path) -> None:
    found = bundle_versions(tmp_path)

    assert found["origin"].startswith("pinned")
    assert all(found[part].startswith("v") for part in PARTS[1:])


def test_the_versions_are_json_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version", "--json"]) == ExitCode.OK

    found = json.loads(capsys.readouterr().out)
    assert (found["format"], found["harness"]) == ("gitops-harness/versions", __version__)
    assert found["libraries"]["pytest"] == pytest.__version__


def test_a_json_option_before_the_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--json", "drift"]) == ExitCode.USAGE

    assert "harness COMMAND --json" in capsys.readouterr().err
