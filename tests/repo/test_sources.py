from __future__ import annotations

from typing import Any

import pytest

from harness.repo.applicationsets.sources import ValueFile, sources_of


def test_sources_win_over_source() -> None:
    found = sources_of({"source": {"path": "a"}, "sources": [{"path": "./b/"}, {"chart": "c"}]})

    assert [(s.path, s.folder, s.chart) for s in found] == [("b/", "b", ""), ("", ".", "c")]


def test_a_source_that_only_lends_values_renders_nothing() -> None:
    spec = {
        "sources": [{"repoURL": "u", "ref": "values"}, {"chart": "c", "ref": "x"}, {"path": "p"}]
    }

    assert [s.renders for s in sources_of(spec)] == [False, True, True]


@pytest.mark.parametrize(
    ("text", "ref", "path"),
    [
        ("$values/charts/prod.yaml", "values", "charts/prod.yaml"),
        ("values-prod.yaml", "", "values-prod.yaml"),
        ("../shared.yaml", "", "../shared.yaml"),
    ],
)
def test_a_value_file_may_lie_in_another_source(text: str, ref: str, path: str) -> None:
    assert ValueFile.of(text) == ValueFile(text=text, ref=ref, path=path)


def test_the_options_of_helm() -> None:
    helm = {
        "releaseName": "r",
        "valueFiles": ["$values/a.yaml", "b.yaml"],
        "ignoreMissingValueFiles": True,
        "values": "x: 1",
        "valuesObject": {"y": 2},
        "parameters": [{"name": "n", "value": "v", "forceString": True}],
        "fileParameters": [{"name": "f", "path": "p"}],
        "skipCrds": True,
    }
    found = sources_of({"source": {"repoURL": "u", "path": "c", "helm": helm}})[0].helm

    assert found is not None
    assert [(f.ref, f.path) for f in found.value_files] == [("values", "a.yaml"), ("", "b.yaml")]
    assert (found.release_name, found.values, found.values_object) == ("r", "x: 1", {"y": 2})
    assert [(p.name, p.value, p.is_string) for p in found.parameters] == [("n", "v", True)]
    assert found.file_parameters == (("f", "p"),)
    assert (found.skips_crds, found.ignores_missing_value_files) == (True, True)


def test_the_options_of_kustomize_directories_and_plugins() -> None:
    found = sources_of(
        {
            "sources": [
                {
                    "path": "a",
                    "kustomize": {"namePrefix": "p-", "images": ["x=y"], "patches": [{}]},
                },
                {"path": "b", "directory": {"recurse": True, "include": "*.yaml"}},
                {"path": "c", "plugin": {"name": "cmp"}},
            ]
        }
    )

    assert found[0].kustomize is not None
    assert (found[0].kustomize.name_prefix, found[0].kustomize.images) == ("p-", ("x=y",))
    assert found[1].directory is not None
    assert (found[1].directory.recurses, found[1].directory.include) == (True, "*.yaml")
    assert found[2].plugin is not None
    assert found[2].plugin.name == "cmp"
    assert [found[2].helm, found[2].kustomize, found[2].directory] == [None, None, None]


def test_a_hydrated_application_is_judged_by_its_dry_source() -> None:
    hydrator = {"drySource": {"repoURL": "u", "path": "dry"}, "syncSource": {"path": "wet"}}

    assert [s.path for s in sources_of({"sourceHydrator": hydrator})] == ["dry"]


@pytest.mark.parametrize(
    "spec",
    [None, [], "x", {}, {"source": 1}, {"sources": {}}, {"sources": [None, 1]},
     {"source": {"path": {}, "helm": [], "kustomize": 1}},
     {"source": {"helm": {"valueFiles": 1, "parameters": [1], "valuesObject": []}}}],
)  # fmt: skip
def test_odd_sources_are_never_a_traceback(spec: Any) -> None:
    assert all(s.path == "" for s in sources_of(spec))
