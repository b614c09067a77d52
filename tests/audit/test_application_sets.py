"""Tests of ApplicationSets: problems of the expansion, and templates of the wrong kind."""

from __future__ import annotations

import pytest

from harness.audit.checks.application_sets import problems, templates
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.source import EngineProblem, ProblemKind
from harness.model.refs import ObjectRef
from tests.audit.trees import survey, surveyed, tree

SET = ObjectRef("ApplicationSet", "argocd", "shops")
FILE = "argocd/set.yaml"


def text(
    name: str = "'{{path.basename}}'", path: str = "'{{path}}'", go: str = "", more: str = ""
) -> str:
    return f"""apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: shops, namespace: argocd}}
spec:
  {go or "generators: []"}
  template:
    metadata:
      name: {name}
    spec:
      project: default
      source:
        repoURL: https://github.com/acme/shop
        path: {path}
      destination: {{server: https://kubernetes.default.svc}}
      {more}
"""


def problem(kind: ProblemKind, words: str = "x", source: str = "") -> EngineProblem:
    return EngineProblem(kind=kind, object=SET, file=FILE, text=words, source=source)


@pytest.mark.parametrize(
    ("kind", "rule", "cause", "line"),
    [
        (ProblemKind.NO_APPLICATION, "applicationset-expansion", "A23", 5),
        (ProblemKind.UNKNOWN_PLACEHOLDER, "applicationset-expansion", "A22", 6),
        (ProblemKind.DUPLICATE_NAME, "applicationset-expansion", "A25", 8),
        (ProblemKind.TEMPLATE_ERROR, "applicationset-template", "A22", 6),
        (ProblemKind.PATH_NOT_DIRECTORY, "applicationset-path-not-directory", "R01", 13),
    ],
)
def test_each_problem_has_its_rule_and_line(
    kind: ProblemKind, rule: str, cause: str, line: int
) -> None:
    found = survey(tree({FILE: text()}), problems=(problem(kind),))
    (fault,) = surveyed(problems, found)
    assert (fault.rule, fault.cause, fault.line) == (rule, cause, line)
    assert (fault.object, fault.file) == (SET, FILE)


def test_what_is_not_resolvable_is_not_judged() -> None:
    found = survey(tree({}), problems=(problem(ProblemKind.NOT_RESOLVABLE, "clusters"),))
    assert list(problems(found)) == [NotJudged(subject=str(SET), reason="clusters")]


def test_what_comes_of_a_template_of_the_wrong_kind_is_said_once() -> None:
    files = {FILE: text(path="'{{.path.path}}'")}
    bad = problem(ProblemKind.UNKNOWN_PLACEHOLDER)
    assert not surveyed(problems, survey(tree(files), problems=(bad,)))


def test_the_path_of_an_application_that_stands_for_itself_has_its_own_rule() -> None:
    alone = ObjectRef("Application", "argocd", "shop")
    missing = EngineProblem(kind=ProblemKind.PATH_NOT_DIRECTORY, object=alone, text="x")
    broken = EngineProblem(kind=ProblemKind.TEMPLATE_ERROR, object=alone, text="no mapping")
    (fault,) = surveyed(problems, survey(tree({}), problems=(missing, broken)))
    assert fault.rule == "argocd-application-invalid"


def test_a_path_that_is_no_folder_names_the_nearest() -> None:
    files = {FILE: text(), "overlays/dev/kustomization.yaml": "resources: []"}
    bad = problem(ProblemKind.PATH_NOT_DIRECTORY, "overlays/dve", source="overlays/dve")
    (fault,) = surveyed(problems, survey(tree(files), problems=(bad,)))
    assert "overlays/dev" in fault.expected


def templated(content: str, file: str = FILE) -> list[Fault]:
    return surveyed(templates, survey(tree({file: content})))


def test_a_go_parameter_in_a_plain_template_is_a_defect() -> None:
    (fault,) = templated(text(path="'{{.path.path}}'"))
    assert (fault.rule, fault.cause) == ("applicationset-template", "A22")
    assert fault.fix == "set spec.goTemplate: true"
    assert "{{path}}" in fault.expected
    assert (fault.file, fault.line) == (FILE, 13)


@pytest.mark.parametrize(
    ("word", "right"),
    [
        ("{{path}}", "{{.path.path}}"),
        ("{{ path.basename }}", "{{.path.basename}}"),
        ("{{path[1]}}", "{{index .path.segments 1}}"),
        ("{{cluster}}", "{{.cluster}}"),
    ],
)
def test_a_plain_parameter_in_a_go_template_is_a_defect(word: str, right: str) -> None:
    (fault,) = templated(text(name="x", path=f"'{word}'", go="goTemplate: true"))
    assert fault.fix == f"write {right}"


@pytest.mark.parametrize(
    ("name", "path", "go"),
    [
        ("'{{path.basename}}'", "'{{path}}'", ""),
        ("'{{path.basename}}'", "'{{ path[0] }}/x'", "goTemplate: false"),
        ("'{{.path.basename}}'", "'{{ .path.path }}'", "goTemplate: true"),
        ("'{{ index .path.segments 1 }}'", "'{{ .a | lower }}'", "goTemplate: true"),
        ("'{{ if .a }}x{{ else }}y{{ end }}'", "'{{- printf \"%s\" .a -}}'", "goTemplate: true"),
        ("'{{ normalize .path.basename }}'", "apps", "goTemplate: true"),
    ],
)
def test_templates_of_the_right_kind_are_silent(name: str, path: str, go: str) -> None:
    assert not templated(text(name, path, go))


def test_values_of_a_chart_inside_the_template_are_silent() -> None:
    more = "syncPolicy: {x: '{{ .anything }}'}"
    assert not templated(text(more=more))


def test_an_application_set_of_a_chart_or_an_example_is_silent() -> None:
    bad = text(path="'{{.path.path}}'")
    assert not templated(bad, "charts/x/templates/set.yaml")
    assert not templated(bad, "examples/set.yaml")
    assert not templated(text(path="'{{.path.path}}'", name="'{{ .Values.name }}'"))


@pytest.mark.parametrize("word", ["project", "destination"])
def test_a_template_without_what_the_api_demands_is_a_defect(word: str) -> None:
    lines = [line for line in text().splitlines() if f"{word}:" not in line]
    (fault,) = templated("\n".join(lines))
    assert f"no spec.{word}" in fault.message
    assert (fault.cause, fault.line) == ("A25", 9)


@pytest.mark.parametrize(
    "spec", ["null", "[]", "{template: []}", "{template: {spec: x}}", "{goTemplate: 1}"]
)
def test_odd_application_sets_are_silent(spec: str) -> None:
    odd = f"apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{}}\nspec: {spec}\n"
    assert not templated(odd)


EMPTY = "generators: [{list: {elements: []}}]"


@pytest.mark.parametrize(
    "generators",
    [
        EMPTY,
        "generators: [{matrix: {generators: [{git: {}}, {list: {elements: []}}]}}]",
        "generators: [{merge: {generators: [{list: {elements: []}}]}}]",
    ],
)
def test_a_list_that_is_empty_as_it_stands_is_a_note(generators: str) -> None:
    found = survey(
        tree({FILE: text(go=generators)}), problems=(problem(ProblemKind.NO_APPLICATION),)
    )
    (fault,) = surveyed(problems, found)
    assert (fault.severity, fault.line) == (Severity.NOTE, 5)
    assert "elements of its list generator are empty" in fault.message


@pytest.mark.parametrize("generators", ["generators: [{git: {}}]", "generators: null"])
def test_other_generators_that_yield_nothing_are_a_defect(generators: str) -> None:
    found = survey(
        tree({FILE: text(go=generators)}), problems=(problem(ProblemKind.NO_APPLICATION),)
    )
    (fault,) = surveyed(problems, found)
    assert fault.severity is None


def test_a_set_that_a_kustomization_renders_is_placed_by_its_folder() -> None:
    rendered = EngineProblem(
        kind=ProblemKind.NO_APPLICATION, object=SET, file="clusters/local", text="x"
    )
    (fault,) = surveyed(problems, survey(tree({FILE: text()}), problems=(rendered,)))
    assert (fault.file, fault.line, fault.source) == ("", 0, "clusters/local")
