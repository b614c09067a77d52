"""Error texts of kustomize and of the schema are read as the entry, file and line to correct."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from harness.diagnosis.catalogue import catalogue
from harness.diagnosis.fold import folded
from harness.diagnosis.rules.repo.repo import reported_faults
from harness.diagnosis.rules.repo.repo_places import relative_to_repository
from harness.diagnosis.rules.repo.repo_texts import RepoFault, classify
from harness.model.finding import Finding
from tests.diagnosis.samples.repo import BUILD, NESTED, unknown
from tests.diagnosis.world import START, World

TEXTS = tomllib.loads((Path(__file__).parent / "kustomize_texts.toml").read_text(encoding="utf-8"))
EVERY = pytest.mark.parametrize("name", TEXTS)


def local(text: str, **fields: Any) -> RepoFault:
    found = classify(text, folder="overlays/dev", root="/repo", **fields)
    assert found is not None
    return found


def by_argo_cd(text: str) -> str:
    """The same text as Argo CD wraps it: its clone has another place, and that is hidden."""
    return (
        "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: "
        "code = Unknown desc = Manifest generation error (cached): `kustomize build <path to "
        "cached source>/overlays/dev --load-restrictor=LoadRestrictionsRootOnly` failed exit "
        "status 1: " + text.replace("/repo", "<path to cached source>")
    )


@EVERY
def test_a_text_names_cause_entry_file_and_line(name: str) -> None:
    wanted = TEXTS[name]

    found = local(wanted["text"])

    assert (found.cause, found.entry) == (wanted["cause"], wanted["entry"])
    assert (found.file, found.line) == (wanted.get("file", ""), wanted.get("line", 0))


@EVERY
def test_argo_cd_and_a_local_build_give_the_same_fault(name: str) -> None:
    text = TEXTS[name]["text"]

    assert classify(by_argo_cd(text)) == local(text)


@EVERY
def test_nobody_reads_the_noise_at_the_end(name: str) -> None:
    found = local(TEXTS[name]["text"])

    words = f"{found.seen} {found.expected} {found.fix}"
    assert "must build at directory" not in words
    assert "evalsymlink" not in words
    assert "/repo" not in words
    assert len(found.seen) < 300
    assert found.cause in catalogue()


def test_a_missing_folder_is_the_applications_path() -> None:
    text = (
        "Error: must build at directory: not a valid directory: evalsymlink failure on "
        "'/repo/overlays/dve' : lstat /repo/overlays/dve: no such file or directory"
    )

    found = local(text, paths=["overlays/dev", "overlays/prod", "base"])

    assert (found.cause, found.entry) == ("R01", "overlays/dve")
    assert found.expected.endswith("the nearest that exists is overlays/dev")


def test_the_nearest_entry_is_written_as_the_kustomization_would() -> None:
    text = TEXTS["a_misspelt_base"]["text"]

    assert "nearest that exists is ../../base" in local(text, paths=["base", "x"]).expected
    assert local(text, paths=["somewhere/else"]).expected == local(text).expected


@pytest.mark.parametrize(
    ("text", "cause", "entry"),
    [
        ("Error: kustomization.yml is empty", "R13", "overlays/dev/kustomization.yml"),
        (
            "accumulating resources: accumulation err='accumulating resources from 'x.yaml': open "
            "/repo/overlays/dev/x.yaml: no such file or directory': hit error",
            "R03",
            "x.yaml",
        ),
        (
            'error validating data: [ValidationError(Deployment.spec): unknown field "replica" in '
            "io.k8s.api.apps.v1.DeploymentSpec]",
            "R14",
            "",
        ),
        (
            'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal '
            "string into Go struct field DeploymentSpec.spec.replicas of type int32",
            "R14",
            "DeploymentSpec.spec.replicas",
        ),
        ('Failed to unmarshal "a/b.yaml": yaml: line 3: bad', "R05", "a/b.yaml"),
    ],
)  # fmt: skip
def test_texts_of_other_writers_are_known(text: str, cause: str, entry: str) -> None:
    found = local(text)

    assert (found.cause, found.entry) == (cause, entry)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rpc error: code = Unavailable desc = connection error",
        "authentication required: Repository not found.",
        "loading KV pairs: literal sources [novalue]: invalid literal source novalue",
        "application repo https://git.test/x.git is not permitted in project 'shop'",
        'Deployment.apps "order" is invalid: spec.replicas: Required value',
    ],
)
def test_what_is_no_fault_of_the_repository_is_left_alone(text: str) -> None:
    assert classify(text) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("<path to cached source>/base/x", "base/x"),
        ("/tmp/_argocd-repo/6f1d2c/base/x", "base/x"),  # noqa: S108
        ("/repo/base", "base"),
        ("/repository/base", "repository/base"),
        ("./base/", "base"),
        ("/repo", "."),
    ],
)
def test_paths_are_relative_to_the_repository(path: str, expected: str) -> None:
    assert relative_to_repository(path, "/repo") == expected


def only(made: World, at: float = 10) -> Finding:
    (found,) = made.diagnose(at).findings
    return found


def test_a_finding_names_the_file_and_the_entry() -> None:
    found = only(unknown(World(), BUILD + NESTED))

    assert (
        found.seen == "base/kustomization.yaml names 'order/deploymnt.yaml', which does not exist"
    )
    assert found.fix == "correct the entry 'order/deploymnt.yaml' in base/kustomization.yaml"


def test_the_place_of_a_finding_can_be_had_as_data() -> None:
    facts = folded(unknown(World(), BUILD + NESTED).cassette(), START + 10)

    (reported,) = reported_faults(facts)

    assert (reported.fault.file, reported.app.name) == ("base/kustomization.yaml", "shop")


def test_a_wrong_path_is_the_applications_field() -> None:
    found = only(
        unknown(World(), "Failed to load target state: overlays/x: app path does not exist")
    )

    assert found.field == "spec.source.path"


def test_without_a_run_of_the_harness_a_condition_must_stand() -> None:
    made = unknown(World(), BUILD + NESTED)
    made.revision = ""

    assert not made.diagnose(15).findings
    assert only(made, 24).cause == "R03"


def test_different_faults_of_two_applications_are_two_findings() -> None:
    made = unknown(World(), BUILD + NESTED, name="one")
    unknown(made, BUILD + 'invalid Kustomization: json: unknown field "imagez"', name="two")

    assert {f.cause for f in made.diagnose(10).findings} == {"R03", "R06"}
