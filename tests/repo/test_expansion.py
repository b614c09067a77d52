from __future__ import annotations

from typing import Any

import pytest

from harness.repo.expansion import expand, glob_matches

FOLDERS = ["deploy", "deploy/overlays", "deploy/overlays/dev", "deploy/overlays/dev/kafka",
           "deploy/overlays/dev/services", "deploy/overlays/prod/kafka"]  # fmt: skip


def _set(generator: dict[str, Any], name: str, path: str, namespace: str = "dev") -> dict[str, Any]:
    return {
        "kind": "ApplicationSet",
        "metadata": {"name": "shop"},
        "spec": {
            "generators": [generator],
            "template": {
                "metadata": {"name": name},
                "spec": {
                    "source": {"repoURL": "https://github.com/acme/shop.git", "path": path},
                    "destination": {"namespace": namespace},
                },
            },
        },
    }


GIT = {"git": {"directories": [{"path": "deploy/overlays/dev/*"}]}}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("dev-{{path.basename}}", "{{path}}"),
        ("{{path[2]}}-{{path.basename}}", "{{path}}"),
        ("dev-{{.path.basename}}", "{{.path.path}}"),
        ("{{index .path.segments 2}}-{{ .path.basename | lower }}", "{{ .path.path }}"),
        ("dev-{{ normalize .path.basename }}", "{{.path.path}}"),
    ],
)
def test_a_directory_generator_makes_one_application_per_folder(name: str, path: str) -> None:
    found = expand([(_set(GIT, name, path), "set.yaml")], FOLDERS)

    assert [(a.name, a.path, a.namespace) for a in found.applications] == [
        ("dev-kafka", "deploy/overlays/dev/kafka", "dev"),
        ("dev-services", "deploy/overlays/dev/services", "dev"),
    ]
    assert found.notes == ()


def test_excluded_folders_make_no_application() -> None:
    generator = {
        "git": {
            "directories": [
                {"path": "deploy/overlays/*/*"},
                {"path": "deploy/overlays/prod/*", "exclude": True},
            ]
        }
    }

    found = expand([(_set(generator, "{{path[2]}}-{{path.basename}}", "{{path}}"), "f")], FOLDERS)

    assert [a.name for a in found.applications] == ["dev-kafka", "dev-services"]


def test_a_list_generator_fills_nested_elements() -> None:
    generator = {"list": {"elements": [{"app": "a", "to": {"ns": "n"}}]}}

    found = expand([(_set(generator, "{{.app}}", "apps/{{.app}}", "{{.to.ns}}"), "f")], FOLDERS)

    assert [(a.path, a.namespace) for a in found.applications] == [("apps/a", "n")]


@pytest.mark.parametrize(
    ("generator", "name"),
    [({"clusters": {}}, "x"), (GIT, "{{ .nosuch }}"), (GIT, "{{ sha256sum .path.path }}")],
)
def test_what_cannot_be_resolved_is_said_and_not_guessed(
    generator: dict[str, Any], name: str
) -> None:
    found = expand([(_set(generator, name, "{{.path.path}}"), "set.yaml")], FOLDERS)

    assert found.applications == ()
    assert "set.yaml): not resolvable here" in found.notes[0]


def test_every_path_of_a_multi_source_application_is_expected() -> None:
    app = {
        "kind": "Application",
        "metadata": {"name": "a"},
        "spec": {"sources": [{"path": "./x/"}, {"chart": "c"}, {"path": "y"}]},
    }

    assert [a.path for a in expand([(app, "f")], []).applications] == ["x", "y"]


@pytest.mark.parametrize(
    ("pattern", "folder", "expected"),
    [
        ("a/*", "a/b", True),
        ("a/*", "a/b/c", False),
        ("*", "a", True),
        ("a/*-svc", "a/x-svc", True),
        ("a/**", "a/b/c", True),
    ],
)
def test_a_star_does_not_span_folders(pattern: str, folder: str, expected: bool) -> None:
    assert glob_matches(pattern, folder) is expected
