from __future__ import annotations

from typing import Any

import pytest

from harness.repo.applicationsets import Given, ProblemKind, generate
from tests.repo.application_sets import (
    OWN,
    TREE,
    URL,
    MemoryFiles,
    Parameters,
    application_set,
    elements,
    folders,
    generated,
    names,
    told,
)

ONE = elements({"name": "web", "n": 3})
K = ProblemKind


def _made(obj: Parameters) -> Parameters:
    found = generated(obj)
    wrong = [p for p in found.problems if p.kind is not K.PATH_NOT_DIRECTORY]
    assert not wrong, wrong
    return found.applications[0].object


def test_every_string_and_every_key_is_filled_and_nothing_else() -> None:
    made = _made(
        application_set(
            ONE,
            metadata={"labels": {"{{.name}}": "{{.n}}", "plain": "x"}},
            spec={
                "source": {
                    "repoURL": URL,
                    "path": "apps/{{.name}}",
                    "helm": {"valuesObject": {"k-{{.name}}": [1, "{{.name}}", True]}},
                },
                "revisionHistoryLimit": 2,
            },
        )
    )

    assert made["metadata"] == {
        "name": "web",
        "labels": {"web": "3", "plain": "x"},
        "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        "namespace": "argocd",
    }
    assert made["spec"]["source"]["helm"]["valuesObject"] == {"k-web": [1, "web", True]}
    assert made["spec"]["revisionHistoryLimit"] == 2
    assert made["spec"]["project"] == "default"


def test_without_any_parameter_the_template_stays_as_in_argo_cd() -> None:
    found = generated(application_set(elements({}), name="{{.name}}")).applications

    assert [a.name for a in found] == ["{{.name}}"]


def test_resources_may_be_kept_on_deletion() -> None:
    obj = application_set(ONE, syncPolicy={"preserveResourcesOnDeletion": True})

    assert "finalizers" not in _made(obj)["metadata"]


def test_plain_placeholders_are_filled_with_or_without_spaces() -> None:
    obj = application_set(elements({"name": "web"}), name="a-{{name}}-{{ name }}", is_go=False)

    assert names(obj) == ["a-web-web"]


@pytest.mark.parametrize(
    ("placeholder", "text"),
    [
        ("{{nope}}", "the generators give no parameter 'nope'"),
        ("{{.name}}", "Go templates need `goTemplate: true`"),
        ("{{ name | lower }}", "Go templates need `goTemplate: true`"),
    ],
)
def test_an_unknown_plain_placeholder_stays_and_is_told(placeholder: str, text: str) -> None:
    obj = application_set(
        elements({"name": "web"}), name="web", path=f"apps/{placeholder}", is_go=False
    )

    found = generated(obj)

    assert found.applications[0].sources[0].path == f"apps/{placeholder}"
    assert [(p.kind, p.field, p.application) for p in found.problems] == [
        (K.UNKNOWN_PLACEHOLDER, "spec.source.path", "web")
    ]
    assert text in found.problems[0].text


def test_a_plain_placeholder_takes_only_strings() -> None:
    listed = elements(elementsYaml="- {name: web, port: 80}\n")
    obj = application_set(listed, name="{{name}}", path="apps/{{port}}", is_go=False)

    assert generated(obj).applications[0].sources[0].path == "apps/{{port}}"


def test_a_placeholder_that_never_ends_is_an_error_of_plain_templates() -> None:
    obj = application_set(elements({"name": "web"}), name="{{name}}-{{x", is_go=False)

    assert "cannot find end tag" in told(obj, K.TEMPLATE_ERROR)


def test_no_value_in_a_go_template_is_told() -> None:
    obj = application_set(ONE, path="apps/{{.nope}}", options=())

    found = generated(obj).problems

    assert [(p.kind, p.field) for p in found] == [(K.UNKNOWN_PLACEHOLDER, "spec.source.path")]
    assert "<no value>" in found[0].text


def test_what_looks_like_a_placeholder_after_a_go_template_is_none() -> None:
    made = _made(application_set(ONE, metadata={"annotations": {"a": "{{ `{{ .Values.x }}` }}"}}))

    assert made["metadata"]["annotations"]["a"] == "{{ .Values.x }}"


def test_an_error_names_the_field_the_template_and_the_reason() -> None:
    obj = application_set(ONE, path="apps/{{.nope}}")

    assert told(obj, K.TEMPLATE_ERROR) == (
        'spec.source.path: "apps/{{.nope}}": map has no entry for key "nope"'
    )


def test_one_error_holds_back_every_application_of_the_set() -> None:
    obj = application_set(elements({"name": "a"}, {"name": "b", "path": "x"}), path="{{.path}}")

    found = generated(obj)

    assert [(a.name, a.is_held_back) for a in found.applications] == [("b", True)]
    assert not any(a.is_held_back for a in generated(application_set(ONE)).applications)


def test_what_is_not_resolvable_is_no_error() -> None:
    obj = application_set(ONE, path="apps/{{ now }}")

    assert told(obj, K.NOT_RESOLVABLE) == 'spec.source.path: "apps/{{ now }}": the function now'


@pytest.mark.parametrize("name", ["My_App", "", "-a", "a" * 254])
def test_a_name_that_kubernetes_refuses_is_told(name: str) -> None:
    problems = generated(application_set(elements({"name": name}))).problems

    assert [(p.kind, p.field) for p in problems] == [(K.TEMPLATE_ERROR, "metadata.name")]


def test_names_that_occur_twice_are_told_once_and_held_back() -> None:
    obj = application_set(elements({"name": "a"}, {"name": "a"}, {"name": "b"}))

    found = generated(obj)

    assert [p.kind for p in found.problems] == [K.DUPLICATE_NAME]
    assert [(a.name, a.is_held_back) for a in found.applications] == [
        ("a", True),
        ("a", True),
        ("b", False),
    ]


def test_a_generators_own_template_is_filled_up_with_the_sets() -> None:
    own = {
        "metadata": {"labels": {"own": "{{.name}}"}},
        "spec": {
            "project": "",
            "source": {"repoURL": "", "path": "apps/own", "helm": {"valuesObject": {"own": "1"}}},
            "destination": {"namespace": "other"},
            "syncPolicy": {"automated": {"prune": False}},
        },
    }
    obj = application_set(
        elements({"name": "web"}, template=own),
        metadata={"labels": {"own": "no", "set": "yes"}},
        spec={
            "source": {
                "repoURL": URL,
                "path": "apps",
                "helm": {"valuesObject": {"set": "1"}, "valueFiles": ["a"]},
            },
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
    )

    made = _made(obj)

    assert made["metadata"]["labels"] == {"own": "web", "set": "yes"}
    assert made["spec"]["source"] == {
        "repoURL": URL,
        "path": "apps/own",
        "helm": {"valuesObject": {"own": "1"}, "valueFiles": ["a"]},
    }
    assert made["spec"]["destination"] == {
        "server": "https://kubernetes.default.svc",
        "namespace": "other",
    }
    assert made["spec"]["syncPolicy"] == {"automated": {"prune": True, "selfHeal": True}}
    assert made["spec"]["project"] == "default"


PATCH = """\
metadata:
  labels: {size: "{{ len .tags }}"}
  annotations: {gone: null}
spec:
  project: hacked
  destination: {server: null, name: other}
  source:
    helm:
      valueFiles:
      {{- range .tags }}
      - {{ . }}.yaml
      {{- end }}
{{- if .prune }}
  syncPolicy: {automated: {prune: true}}
{{- end }}
"""


def test_a_template_patch_changes_what_strings_cannot_but_never_the_project() -> None:
    made = _made(
        application_set(
            elements({"name": "web", "tags": ["a", "b"], "prune": True}),
            metadata={"annotations": {"gone": "x", "kept": "y"}},
            spec={"syncPolicy": {"syncOptions": ["A=b"]}},
            templatePatch=PATCH,
        )
    )

    assert made["metadata"]["labels"] == {"size": "2"}
    assert made["metadata"]["annotations"] == {"kept": "y"}
    assert made["spec"]["project"] == "default"
    assert made["spec"]["destination"] == {"namespace": "shop", "name": "other"}
    assert made["spec"]["source"]["helm"]["valueFiles"] == ["a.yaml", "b.yaml"]
    assert made["spec"]["syncPolicy"] == {"syncOptions": ["A=b"], "automated": {"prune": True}}


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        ("spec: [", "error while converting template to json"),
        ("- a", "it is no mapping"),
        ("spec: {syncPolicy: {automated: {prune: 'true'}}}", "prune must be of type bool"),
        ("metadata: {annotations: {a: 1}}", "annotations.a is a number, and must be a string"),
        ("spec: {source: {targetRevision: 1.0}}", "targetRevision must be of type string"),
        ("spec: {source: {path: '{{.nope}}'}}", 'templatePatch: "spec: {source: {path:'),
    ],
)
def test_a_template_patch_that_argo_cd_refuses(patch: str, reason: str) -> None:
    assert reason in told(application_set(ONE, templatePatch=patch), K.TEMPLATE_ERROR)


def test_an_empty_template_patch_changes_nothing() -> None:
    patch = "{{ if eq .name `other` }}spec: {}{{ end }}"

    assert _made(application_set(ONE, templatePatch=patch)) == _made(application_set(ONE))


def test_a_generator_that_matches_nothing_names_its_pattern_and_the_nearest_folder() -> None:
    obj = application_set(folders("app/*"))

    assert told(obj, K.NO_APPLICATION) == (
        "nothing in this tree matches app/*; there is no folder app, the nearest is apps"
    )


def test_a_generator_nobody_knows_is_told_with_its_neighbour() -> None:
    text = told(application_set({"lists": {}}), K.NO_APPLICATION)

    assert text == (
        "spec.generators[0] has no generator that Argo CD knows: lists, did you mean list?"
    )


def _application(path: str, **more: Any) -> Parameters:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "web", "namespace": "argocd"},
        "spec": {"source": {"repoURL": URL, "path": path, **more}},
    }


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("apps/wep", "this tree has no folder apps/wep, the nearest is apps/web"),
        ("apps/web/a.yaml", "apps/web/a.yaml is a file; Argo CD wants a folder"),
    ],
)
def test_a_path_that_is_no_folder_is_told(path: str, text: str) -> None:
    problems = generated(_application(path)).problems

    assert [(p.kind, p.text, p.owner.kind, p.path) for p in problems] == [
        (K.PATH_NOT_DIRECTORY, text, "Application", path)
    ]


@pytest.mark.parametrize("path", ["apps/web", "./apps/web/", ".", "apps", "../elsewhere"])
def test_a_path_that_is_a_folder_or_leads_elsewhere_is_fine(path: str) -> None:
    assert generated(_application(path)).problems == ()


def test_paths_of_other_repositories_charts_and_revisions_are_not_judged() -> None:
    foreign = _application("nowhere", repoURL="https://github.com/acme/infra")
    chart = _application("nowhere", chart="redis")
    other = _application("nowhere", targetRevision="v1.2.3")

    assert generated(foreign).problems == ()
    assert generated(chart).problems == ()
    assert "revision v1.2.3 may have it" in told(other, K.NOT_RESOLVABLE)


def test_a_path_of_a_set_is_told_of_the_set_and_its_application() -> None:
    problem = generated(application_set(ONE, path="apps/gone")).problems[0]

    assert (str(problem.owner), problem.application) == ("ApplicationSet argocd/shop", "web")


@pytest.mark.parametrize(
    "spec",
    [
        None,
        [],
        "text",
        {},
        {"generators": {}},
        {"generators": None, "template": None},
        {"generators": [None, 1, "x", []], "template": {}},
        {"generators": [{"list": None}, {"list": []}, {"list": {"elements": {}}}], "template": {}},
        {"generators": [{"git": {"directories": "x", "files": 1}}], "template": {"spec": []}},
        {"generators": [{"matrix": {"generators": [[], {}]}}], "template": {"metadata": 1}},
        {"generators": [{"list": {"elements": [{"a": 1}]}}], "goTemplateOptions": "x"},
        {"generators": [{"list": {"elements": [{"a": 1}]}}], "template": {"spec": {"project": 1}}},
        {"generators": [{"list": {"elementsYaml": [1]}, "selector": 5}], "template": {}},
        {"generators": [{"clusters": {"selector": []}}], "template": {}, "templatePatch": {}},
        {"generators": [{"list": {"elements": [{"a": "b"}]}}], "template": {}, "syncPolicy": 3},
    ],
)
def test_odd_input_is_never_a_traceback(spec: Any) -> None:
    for is_go in (True, False):
        changed = {**spec, "goTemplate": is_go} if isinstance(spec, dict) else spec
        obj = {"kind": "ApplicationSet", "metadata": {"name": "odd"}, "spec": changed}

        found = generate([(obj, "f")], TREE, Given(clusters=()))

        assert found.problems or found.applications


@pytest.mark.parametrize("metadata", [None, [], {}, {"name": 5}, {"name": None}])
def test_odd_metadata_is_never_a_traceback(metadata: Any) -> None:
    for kind in ("Application", "ApplicationSet"):
        generate([({"kind": kind, "metadata": metadata}, "f")], TREE, OWN)


def test_aliases_that_multiply_are_not_expanded() -> None:
    value: Any = ["x"] * 10
    for _ in range(10):
        value = [value] * 10
    obj = application_set(elements({"name": "a", "bomb": value}))

    assert "more than" in told(obj, K.NOT_RESOLVABLE)


def test_other_kinds_of_objects_are_passed_over() -> None:
    objects = [
        ({"kind": "ConfigMap"}, "f"),
        ({"apiVersion": "app.k8s.io/v1beta1", "kind": "Application"}, "f"),
        ({}, "f"),
    ]

    assert generate(objects, MemoryFiles(), Given()).applications == ()
