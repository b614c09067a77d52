from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from harness.model.refs import ObjectRef
from harness.repo.origin import Origins, Place

PROJECT = """
    apiVersion: argoproj.io/v1alpha1
    kind: AppProject
    metadata: {name: shop, namespace: argocd}
    spec:
      destinations:
        - namespace: dev
"""
SETS = """
    apiVersion: argoproj.io/v1alpha1
    kind: ApplicationSet
    metadata: {name: shop, namespace: argocd}
    spec:
      generators:
        - list:
            elements:
              - name: web
                folder: overlays/dev/wbe
      template:
        metadata:
          name: 'shop-{{ .name }}'
        spec:
          project: shop
          source:
            path: '{{ .folder }}'
    ---
    apiVersion: argoproj.io/v1alpha1
    kind: ApplicationSet
    metadata: {name: every, namespace: argocd}
    spec:
      template:
        metadata: {name: '{{name}}'}
        spec: {project: every}
"""


def write(root: Path, files: Mapping[str, str]) -> Origins:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return Origins(root, ["overlays/dev/web", "overlays/dev/db"])


def at(root: Path, file: str, text: str) -> Place:
    lines = (root / file).read_text(encoding="utf-8").splitlines()
    (number,) = (n for n, line in enumerate(lines, start=1) if text in line)
    return Place(file, number)


def engine(kind: str, name: str) -> ObjectRef:
    return ObjectRef(kind, "argocd", name)


def test_a_project_is_found_wherever_it_is(tmp_path: Path) -> None:
    origins = write(tmp_path, {"argo/any.yml": PROJECT})

    assert origins.locate(engine("AppProject", "shop"), "spec.destinations[0].namespace") == at(
        tmp_path, "argo/any.yml", "namespace: dev"
    )


def test_the_value_is_not_looked_for_below_an_ancestor(tmp_path: Path) -> None:
    origins = write(tmp_path, {"argo/any.yml": PROJECT, "sets.yaml": SETS})

    found = origins.locate(engine("AppProject", "shop"), "spec.absent", value="dev")

    assert found == at(tmp_path, "argo/any.yml", "spec:")


def test_the_bootstrap_of_the_environment_in_question_wins(tmp_path: Path) -> None:
    patch = """
        resources: [../base]
        patches:
          - target: {kind: AppProject}
            patch: |
              - op: replace
                path: /spec/destinations/0/namespace
                value: other
    """
    origins = write(
        tmp_path,
        {
            "bootstrap/alpha/kustomization.yaml": patch,
            "bootstrap/base/kustomization.yaml": "resources: [project.yaml]",
            "bootstrap/base/project.yaml": PROJECT,
            "bootstrap/dev/kustomization.yaml": patch,
        },
    )
    field = "spec.destinations[0].namespace"

    assert origins.locate(engine("AppProject", "shop"), field) == at(
        tmp_path, "bootstrap/dev/kustomization.yaml", "value: other"
    )


def test_a_generated_application_leads_to_the_template(tmp_path: Path) -> None:
    origins = write(tmp_path, {"sets.yaml": SETS})
    web = engine("Application", "shop-web")

    assert origins.locate(web, "spec.project") == at(tmp_path, "sets.yaml", "project: shop")
    assert origins.locate(web, "spec.source.path") == at(tmp_path, "sets.yaml", "path:")
    assert origins.locate(web, "spec.source.path", value="overlays/dev/wbe") == at(
        tmp_path, "sets.yaml", "folder: overlays"
    )
    assert origins.locate(engine("Application", "other"), "spec.project") == at(
        tmp_path, "sets.yaml", "project: every"
    )
    assert origins.locate(ObjectRef("Application", "elsewhere", "other")) is None


def test_an_application_in_a_file_needs_no_template(tmp_path: Path) -> None:
    application = PROJECT.replace("AppProject", "Application").replace("shop", "shop-web")
    origins = write(tmp_path, {"a.yaml": SETS, "b.yaml": application})

    assert origins.locate(engine("Application", "shop-web")) == Place("b.yaml", 1)


def test_other_kinds_are_not_searched_outside_the_applications(tmp_path: Path) -> None:
    origins = write(tmp_path, {"x.yaml": "kind: Service\nmetadata: {name: web}"})

    assert origins.locate(ObjectRef("Service", "dev", "web")) is None


SERVICES = "kind: Service\nmetadata: {name: NAME}\n"


def two_overlays(root: Path) -> Origins:
    return write(
        root,
        {
            "overlays/dev/web/kustomization.yaml": "namespace: dev\nresources:\n  - s.yaml\n",
            "overlays/dev/web/s.yaml": SERVICES.replace("NAME", "catalog"),
            "overlays/dev/db/kustomization.yaml": "namespace: dev\n# Data.\nresources: [s.yaml]\n",
            "overlays/dev/db/s.yaml": SERVICES.replace("NAME", "postgres"),
        },
    )


@pytest.mark.parametrize(("name", "overlay"), [("catalogue", "web"), ("postgresql", "db")])
def test_a_missing_object_belongs_beside_its_likes(tmp_path: Path, name: str, overlay: str) -> None:
    file = f"overlays/dev/{overlay}/kustomization.yaml"

    found = two_overlays(tmp_path).locate_missing(ObjectRef("Service", "dev", name))

    assert found == at(tmp_path, file, "resources:")


def test_the_folder_says_where_a_missing_object_belongs(tmp_path: Path) -> None:
    wanted = ObjectRef("Service", "dev", "catalogue")

    found = two_overlays(tmp_path).locate_missing(wanted, "overlays/dev/db")

    assert found == Place("overlays/dev/db/kustomization.yaml", 3)


def test_a_kustomization_without_resources_is_named_by_its_start(tmp_path: Path) -> None:
    wanted = ObjectRef("Service", "dev", "web")

    assert write(tmp_path, {"a/kustomization.yaml": "namePrefix: x"}).locate_missing(
        wanted, "a"
    ) == Place("a/kustomization.yaml", 1)
    assert write(tmp_path, {"b/kustomization.yaml": "["}).locate_missing(wanted, "b") == Place(
        "b/kustomization.yaml", 1
    )
    assert write(tmp_path, {"c/x.yaml": SERVICES}).locate_missing(wanted, "c") is None
    assert Origins(tmp_path, []).locate_missing(wanted) is None


ENTRIES = """
    resources:
      # not ../../bse2 but
      - ../../bse2
      - ./../../bse/
    patchs:
      - path: capacity.yaml
    images: [{name: a, newTag: b}]
"""


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("../../bse2", "- ../../bse2"),
        ("../../bse", "- ./../../bse/"),
        ("patchs", "patchs"),
        ("capacity.yaml", "path:"),
        ("apacit", "path:"),
        ("nowhere", "resources:"),
    ],
)
def test_an_entry_of_a_kustomization_has_its_line(tmp_path: Path, entry: str, text: str) -> None:
    file = "overlays/dev/web/kustomization.yaml"
    origins = write(tmp_path, {file: ENTRIES})

    assert origins.locate_entry(Path(file), entry) == at(tmp_path, file, text)
    assert origins.locate_entry(tmp_path / "overlays/dev/web", entry) == at(tmp_path, file, text)


def test_an_entry_may_be_given_as_the_path_it_leads_to(tmp_path: Path) -> None:
    file = "overlays/dev/web/kustomization.yaml"
    origins = write(tmp_path, {file: ENTRIES})

    assert origins.locate_entry(Path(file), str(tmp_path / "overlays/bse")) == at(
        tmp_path, file, "- ./../../bse/"
    )


def test_an_entry_of_broken_yaml_is_found_as_text(tmp_path: Path) -> None:
    origins = write(tmp_path, {"a/kustomization.yaml": "images: [\n# - x\nresources:\n  - x\n"})

    assert origins.locate_entry(Path("a"), "- x") == Place("a/kustomization.yaml", 4)


def test_an_absent_kustomization_has_no_lines(tmp_path: Path) -> None:
    assert write(tmp_path, {}).locate_entry(Path("a/kustomization.yaml"), "x") is None
