"""Tests of Flux Kustomizations whose folder, source or dependency is not there."""

from __future__ import annotations

import pytest

from harness.audit.checks.flux import missing_dependencies, missing_paths, missing_sources
from harness.audit.finding import Fault, Severity
from harness.audit.survey import Survey
from tests.audit.trees import survey, surveyed, tree

OWN = "https://github.com/acme/fleet"
KUSTOMIZATION = """apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: %s, namespace: flux-system}
spec:
  path: %s
  sourceRef: {kind: GitRepository, name: %s}
"""
SOURCE = """apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: %s, namespace: flux-system}
spec: {url: '%s', ref: {%s}}
"""


def fleet(*texts: str, remotes: tuple[str, ...] = (OWN,), **files: str) -> Survey:
    found = {
        "apps/dev/kustomization.yaml": "resources: []",
        "apps/prod/kustomization.yaml": "resources: []",
        **{f"clusters/{number}.yaml": text for number, text in enumerate(texts)},
        **files,
    }
    return survey(tree(found, repo_urls=remotes))


def paths(*texts: str, **more: tuple[str, ...]) -> list[Fault]:
    return surveyed(missing_paths, fleet(*texts, **more))  # type: ignore[arg-type]


def test_a_path_that_is_not_there_is_a_defect_at_its_line() -> None:
    (fault,) = paths(KUSTOMIZATION % ("apps", "./apps/dve", "flux-system"))
    assert (fault.rule, fault.cause) == ("flux-path-missing", "R01")
    assert (fault.file, fault.line) == ("clusters/0.yaml", 5)
    assert fault.fix == "set spec.path to ./apps/dev"


def test_a_declared_source_with_this_repository_s_address_is_judged() -> None:
    found = KUSTOMIZATION % ("apps", "./nowhere", "fleet")
    assert paths(found, SOURCE % ("fleet", "ssh://git@github.com/acme/fleet", "branch: main"))


@pytest.mark.parametrize(
    "texts",
    [
        (KUSTOMIZATION % ("a", "./apps/dev", "flux-system"),),
        (KUSTOMIZATION % ("a", "./", "flux-system"),),
        (KUSTOMIZATION % ("a", "./x/${ENV}", "flux-system"),),
        (KUSTOMIZATION % ("a", "./x", "other"),),
        (KUSTOMIZATION % ("a", "./x", "f"), SOURCE % ("f", "https://github.com/x/y", "")),
        (KUSTOMIZATION % ("a", "./x", "f"), SOURCE % ("f", OWN, "tag: v1")),
        (KUSTOMIZATION % ("a", "./x", "f"), SOURCE % ("f", OWN, "branch: release")),
        ((KUSTOMIZATION % ("a", "./x", "f")).replace("GitRepository", "OCIRepository"),),
    ],
)
def test_paths_that_exist_or_cannot_be_known_are_silent(texts: tuple[str, ...]) -> None:
    assert not paths(*texts)


def test_without_remotes_the_paths_tell_whose_repository_it_is() -> None:
    source = SOURCE % ("flux-system", OWN, "branch: main")
    good = KUSTOMIZATION % ("a", "./apps/dev", "flux-system")
    bad = KUSTOMIZATION % ("b", "./nowhere", "flux-system")
    assert len(paths(good, bad, source, remotes=())) == 1
    assert not paths(bad, source, remotes=())


def test_a_source_that_includes_others_or_is_in_another_namespace_is_silent() -> None:
    bad = KUSTOMIZATION % ("a", "./x", "f")
    source = SOURCE % ("f", OWN, "branch: main")
    assert paths(bad, source)
    assert not paths(bad, source.replace("ref:", "include: [{repository: {name: g}}], ref:"))
    elsewhere = source.replace("namespace: flux-system", "namespace: other")
    assert not paths(bad, elsewhere)
    assert paths(bad, source.replace(", namespace: flux-system", ""))
    named = bad.replace("name: f}", "name: f, namespace: other}")
    assert paths(named, elsewhere)


def test_kinds_of_other_groups_are_none_of_flux() -> None:
    bad = KUSTOMIZATION % ("a", "./x", "flux-system")
    assert not paths(bad.replace("kustomize.toolkit.fluxcd.io/v1", "kustomize.config.k8s.io/v1"))
    assert not paths(bad.replace("kind: Kustomization", "kind: Receiver"))


def test_examples_are_silent() -> None:
    bad = KUSTOMIZATION % ("a", "./x", "flux-system")
    found = survey(tree({"docs/a.yaml": bad}))
    assert not surveyed(missing_paths, found)


def depends(*names: str, on: str) -> list[Fault]:
    texts = [KUSTOMIZATION % (name, "./apps/dev", "flux-system") for name in names]
    last = KUSTOMIZATION % ("last", "./apps/dev", "flux-system") + f"  dependsOn: {on}\n"
    return surveyed(missing_dependencies, fleet(*texts, last))


def test_a_dependency_that_nobody_declares_is_a_precondition() -> None:
    (fault,) = depends("infra", on="[{name: monitoring}]")
    assert (fault.rule, fault.severity) == ("flux-dependency-missing", None)


def test_a_misspelt_dependency_is_a_defect() -> None:
    (fault,) = depends("infrastructure", on="[{name: infrastucture}]")
    assert fault.severity is Severity.DEFECT
    assert fault.fix == "set the dependency to infrastructure"


@pytest.mark.parametrize(
    "on", ["[{name: infra}]", "[{name: flux-system}]", "[{name: '${X}'}]", "null", "x", "[1]"]
)
def test_declared_templated_and_odd_dependencies_are_silent(on: str) -> None:
    assert not depends("infra", on=on)


def sources(*texts: str) -> list[Fault]:
    return surveyed(missing_sources, fleet(*texts))


def test_a_source_that_nobody_declares_is_a_precondition() -> None:
    (fault,) = sources(KUSTOMIZATION % ("a", "./apps/dev", "fleet"))
    assert (fault.rule, fault.severity, fault.line) == ("flux-source-missing", None, 6)


def test_a_misspelt_source_is_a_defect() -> None:
    declared = SOURCE % ("fleet-infra", OWN, "branch: main")
    (fault,) = sources(KUSTOMIZATION % ("a", "./apps/dev", "fleet-inrfa"), declared)
    assert fault.severity is Severity.DEFECT
    assert fault.fix == "set spec.sourceRef.name to fleet-infra"
    assert "GitRepository flux-system/fleet-infra" in fault.expected
    assert not sources(KUSTOMIZATION % ("a", "./apps/dev", "'${SOURCE}'"), declared)


def test_declared_sources_and_the_bootstrap_s_are_silent() -> None:
    declared = SOURCE % ("fleet", OWN, "branch: main")
    assert not sources(KUSTOMIZATION % ("a", "./apps/dev", "fleet"), declared)
    assert not sources(KUSTOMIZATION % ("a", "./apps/dev", "flux-system"))


def test_an_artifact_that_a_controller_makes_is_silent() -> None:
    made = KUSTOMIZATION % ("a", "./apps/dev", "fleet")
    assert not sources(made.replace("GitRepository", "ExternalArtifact"))


@pytest.mark.parametrize("spec", ["spec: null", "spec: []", "spec: {path: [], sourceRef: x}"])
def test_odd_kustomizations_are_silent(spec: str) -> None:
    odd = f"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: []\n{spec}\n"
    found = fleet(odd)
    for check in (missing_paths, missing_dependencies, missing_sources):
        assert not surveyed(check, found)
