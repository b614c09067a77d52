"""The promise: bad input of any kind gets one clear paragraph, the right exit code, no leftovers.

That nothing is left is checked by the fixture `harness` after every test.
"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import yaml

from harness.model.errors import ExitCode
from scenarios.conftest import CommandLine


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_wrong_path_is_named(harness: CommandLine, tmp_path: Path) -> None:
    ended = harness.e2e(tmp_path / "nowhere")

    assert ended.code == ExitCode.USAGE
    assert "there is no such folder" in ended.text


def test_a_folder_without_overlays_is_no_repository(harness: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    ended = harness.e2e(tmp_path / "empty")

    assert ended.code == ExitCode.REPOSITORY
    assert "kustomization.yaml" in ended.text


def test_an_unknown_environment_gets_the_nearest_name(
    harness: CommandLine, musiccorp: Path
) -> None:
    ended = harness.e2e(musiccorp, "--env", "prdo")

    assert ended.code == ExitCode.USAGE
    assert "did you mean 'prod'" in ended.text


def test_an_unknown_key_gets_the_nearest_name(harness: CommandLine, musiccorp: Path) -> None:
    _edit(musiccorp / "harness.toml", "bootstrap =", "bootstrp =")

    ended = harness.e2e(musiccorp)

    assert ended.code == ExitCode.USAGE
    assert "did you mean 'bootstrap'" in ended.text


def test_broken_yaml_names_the_file(harness: CommandLine, musiccorp: Path) -> None:
    broken = musiccorp / "gitops-deploys/base/services/order/service.yaml"
    broken.write_text("kind: Service\nmetadata: {name: [\n", encoding="utf-8")

    ended = harness.e2e(musiccorp)

    assert ended.code == ExitCode.REPOSITORY
    assert "service.yaml" in ended.ending


def test_a_misspelled_resource_names_the_entry(harness: CommandLine, musiccorp: Path) -> None:
    kustomization = musiccorp / "gitops-deploys/base/services/order/kustomization.yaml"
    _edit(kustomization, "service.yaml", "servce.yaml")

    ended = harness.e2e(musiccorp)

    assert ended.code == ExitCode.REPOSITORY
    assert "servce.yaml" in ended.ending


def test_docker_that_does_not_answer_is_named(
    harness: CommandLine, musiccorp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
        absent = CommandLine(harness.output.parent / "other", harness.output, harness.bundle)

    ended = absent.e2e(musiccorp)

    assert ended.code == ExitCode.RUNNER
    assert "unix:///nowhere.sock" in ended.ending


def test_an_image_that_does_not_build_shows_the_step(harness: CommandLine, musiccorp: Path) -> None:
    dockerfile = musiccorp / "services/payment/Dockerfile"
    _edit(dockerfile, "USER", "RUN echo about to fail && false\nUSER")

    ended = harness.e2e(musiccorp)

    assert ended.code == ExitCode.IMAGE
    assert "services/payment/Dockerfile" in ended.ending
    assert "about to fail" in ended.ending
    assert (harness.output / "evidence/run/build-musiccorp-payment.log").is_file()


def test_an_image_nobody_can_answer_for_is_named_before_a_cluster_exists(
    harness: CommandLine, musiccorp: Path
) -> None:
    statefulset = musiccorp / "gitops-deploys/base/databases/postgresql/statefulset.yaml"
    _edit(statefulset, "postgres:17", "ghcr.io/acme/no-such-database:1")

    ended = harness.e2e(musiccorp)

    assert ended.code == ExitCode.IMAGE
    assert "ghcr.io/acme/no-such-database:1" in ended.ending
    assert "cluster: started" not in ended.text


def test_a_port_that_is_taken_is_named(
    harness: CommandLine, musiccorp: Path, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        mapping = {"containerPort": 80, "hostPort": port, "listenAddress": "127.0.0.1"}
        node = {"role": "control-plane", "extraPortMappings": [mapping]}
        config = tmp_path / "kind.yaml"
        document = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodes": [node]}
        config.write_text(yaml.safe_dump(document), encoding="utf-8")

        ended = harness.e2e(musiccorp, "--kind-config", str(config))

    assert ended.code == ExitCode.CLUSTER
    assert str(port) in ended.ending
