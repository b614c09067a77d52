from __future__ import annotations

from typing import Any

import pytest

from harness.repo.expansion import expand
from tests.repo.application_sets import (
    MemoryFiles,
    application_set,
    elements,
    files,
    folders,
    matrix,
)

TREE = MemoryFiles(
    {
        "deploy/overlays/dev/kafka/a.yaml": "",
        "deploy/overlays/dev/services/a.yaml": "",
        "deploy/overlays/prod/kafka/a.yaml": "",
        "config/eu.yaml": "region: eu\nfolder: deploy/overlays/dev/kafka\n",
    }
)
DEV = folders("deploy/overlays/dev/*")


@pytest.mark.parametrize(
    ("is_go", "name", "path"),
    [
        (False, "dev-{{path.basename}}", "{{path}}"),
        (False, "{{path[2]}}-{{path.basename}}", "{{path}}"),
        (True, "dev-{{.path.basename}}", "{{.path.path}}"),
        (True, "{{index .path.segments 2}}-{{ .path.basename | lower }}", "{{ .path.path }}"),
        (True, "dev-{{ normalize .path.basename }}", "{{.path.path}}"),
    ],
)
def test_a_directory_generator_makes_one_application_per_folder(
    is_go: bool, name: str, path: str
) -> None:
    found = expand([(application_set(DEV, name=name, path=path, is_go=is_go), "set.yaml")], TREE)

    assert [(a.name, a.path, a.namespace) for a in found.applications] == [
        ("dev-kafka", "deploy/overlays/dev/kafka", "shop"),
        ("dev-services", "deploy/overlays/dev/services", "shop"),
    ]
    assert found.notes == ()


def test_excluded_folders_make_no_application() -> None:
    generator = folders("deploy/overlays/*/*", "!deploy/overlays/prod/*")
    obj = application_set(generator, name="{{.path.basename}}", path="{{.path.path}}")

    assert [a.name for a in expand([(obj, "f")], TREE).applications] == ["kafka", "services"]


def test_files_and_combinations_are_deployed_too() -> None:
    generator = matrix(files("config/*"), elements({"stage": "blue"}, {"stage": "green"}))
    obj = application_set(generator, name="{{.region}}-{{.stage}}", path="{{.folder}}")

    found = expand([(obj, "f")], TREE)

    assert [(a.name, a.path) for a in found.applications] == [
        ("eu-blue", "deploy/overlays/dev/kafka"),
        ("eu-green", "deploy/overlays/dev/kafka"),
    ]


def test_the_only_cluster_of_a_run_is_argo_cds_own() -> None:
    obj = application_set({"clusters": {}}, name="{{.name}}", path="deploy")

    assert [a.name for a in expand([(obj, "f")], TREE).applications] == ["in-cluster"]


def test_every_address_leads_to_this_tree() -> None:
    generator = folders("deploy/overlays/dev/*", repoURL="https://elsewhere.example/x.git")
    obj = application_set(generator, name="{{.path.basename}}", path="{{.path.path}}")

    assert len(expand([(obj, "f")], TREE).applications) == 2


@pytest.mark.parametrize(
    ("generator", "name", "said"),
    [
        ({"pullRequest": {}}, "x", "not resolvable here: the generator asks for open pull"),
        (DEV, "{{ .nosuch }}", 'Argo CD refuses it: metadata.name: "{{ .nosuch }}": map has no'),
        (DEV, "{{ now }}", "not resolvable here: metadata.name"),
        (folders("nowhere/*"), "x", "it makes no Application: nothing in this tree matches"),
    ],
)
def test_what_cannot_be_resolved_is_said_and_not_guessed(
    generator: dict[str, Any], name: str, said: str
) -> None:
    found = expand([(application_set(generator, name=name), "set.yaml")], TREE)

    assert found.applications == ()
    assert f"ApplicationSet shop (set.yaml): {said}" in found.notes[0]


def test_a_placeholder_that_stays_is_noted_and_not_waited_for() -> None:
    obj = application_set(DEV, name="x-{{path.nosuch}}", is_go=False)

    found = expand([(obj, "f")], TREE)

    assert found.applications == ()
    assert "a placeholder is left: {{path.nosuch}}" in found.notes[0]


def test_every_path_of_a_multi_source_application_is_expected() -> None:
    app = {
        "kind": "Application",
        "metadata": {"name": "a"},
        "spec": {"sources": [{"path": "./x/"}, {"chart": "c"}, {"path": "y"}]},
    }

    found = expand([(app, "f")], MemoryFiles())

    assert [(a.path, a.revision) for a in found.applications] == [("x", "HEAD"), ("y", "HEAD")]
    assert found.notes == ()


def test_an_application_of_a_chart_is_a_note() -> None:
    app = {"kind": "Application", "metadata": {"name": "a"}, "spec": {"source": {"chart": "c"}}}

    assert expand([(app, "f")], MemoryFiles()).notes == (
        "Application a (f): not resolvable here: no source of a has a path (Helm charts are not "
        "judged yet)",
    )
