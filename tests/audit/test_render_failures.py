"""Tests of what cannot be rendered and of YAML that cannot be read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.audit.checks.render_failures import broken_files, failing_roots, unjudged_roots
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.grouping import findings
from harness.audit.source import RenderFailure, Unjudged
from harness.audit.survey import Survey, YamlFault
from harness.model.refs import ObjectRef
from tests.audit.scopes import scope
from tests.audit.trees import survey, surveyed, tree

ROOT = "/checkout"
FILES = {
    "base/kustomization.yaml": "resources:\n- deployment.yaml\n- servise.yaml\n",
    "base/deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n",
    "base/service.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n",
    "overlays/dev/kustomization.yml": "resources:\n- ../../base\n",
    "overlays/prod/kustomization.yaml": "resources:\n- ../../base\n",
}
BROKEN_BASE = (
    "Error: accumulating resources: accumulation err='accumulating resources from '../../base': "
    "'/checkout/base' must resolve to a file': recursed accumulation of path '/checkout/base': "
    "accumulating resources: accumulation err='accumulating resources from 'servise.yaml': "
    "evalsymlink failure on '/checkout/base/servise.yaml' : lstat /checkout/base/servise.yaml: "
    "no such file or directory': must build at directory: not a valid directory: evalsymlink "
    "failure on '/checkout/base/servise.yaml' : no such file or directory"
)


def failed(text: str, path: str = "overlays/dev", **more: object) -> Survey:
    failure = RenderFailure(path=path, text=text, root=ROOT)
    return survey(tree(FILES), failures=(failure,), **more)


def only(found: Survey) -> Fault:
    (fault,) = surveyed(failing_roots, found)
    return fault


def test_a_broken_base_is_said_at_the_base_with_its_line() -> None:
    fault = only(failed(BROKEN_BASE))
    assert (fault.rule, fault.cause) == ("render-failure", "R03")
    assert (fault.file, fault.line) == ("base/kustomization.yaml", 3)
    assert fault.object == ObjectRef("Kustomization", "", "base")
    assert "the nearest that exists is service.yaml" in fault.expected


def test_a_broken_base_that_breaks_two_overlays_is_one_finding() -> None:
    found = survey(
        tree(FILES),
        failures=tuple(
            RenderFailure(path=f"overlays/{env}", text=BROKEN_BASE, root=ROOT)
            for env in ("dev", "prod")
        ),
    )
    (finding,) = findings(surveyed(failing_roots, found), lambda _: ("", 0))
    assert finding.overlays == ("overlays/dev", "overlays/prod")


def test_the_place_of_the_checkout_is_found_where_nobody_tells_it() -> None:
    failure = RenderFailure(path="overlays/dev", text=BROKEN_BASE)
    assert only(survey(tree(FILES), failures=(failure,))).file == "base/kustomization.yaml"


def test_the_kustomization_is_named_as_it_is_called() -> None:
    text = 'Error: invalid Kustomization: json: unknown field "resource"'
    fault = only(failed(text))
    assert (fault.file, fault.cause) == ("overlays/dev/kustomization.yml", "R06")


def test_a_text_that_no_rule_knows_is_still_a_fault() -> None:
    fault = only(failed("Error: something new in /checkout/overlays/dev went wrong"))
    assert "something new in overlays/dev went wrong" in fault.message
    assert fault.fix == "kustomize build overlays/dev"


@pytest.mark.parametrize(
    "text",
    [
        "Error: accumulating resources: accumulation err='accumulating resources from "
        "'https://github.com/x/y?ref=v1': URL is a git repository': failed to run git fetch: 128",
        "Error: trouble configuring builtin HelmChartInflationGenerator with config: must specify "
        "--enable-helm",
        "Error: unable to load external plugin ksops: external plugins disabled",
        "the rendering timed out after 90 s",
    ],
)  # fmt: skip
def test_what_only_this_machine_cannot_do_is_not_judged(text: str) -> None:
    (found,) = failing_roots(failed(text))
    assert isinstance(found, NotJudged)
    assert found.subject == "overlays/dev"


def test_a_file_from_outside_is_a_fault_unless_the_repository_allows_it() -> None:
    text = (
        "Error: accumulating resources: accumulation err='accumulating resources from "
        "'../../shared/x.yaml': security; file '/checkout/shared/x.yaml' is not in or below "
        "'/checkout/overlays/dev''"
    )
    assert only(failed(text)).cause == "R04"
    allowed = {**FILES, "argocd/cm.yaml": "data: {kustomize.buildOptions: LoadRestrictionsNone}"}
    failure = RenderFailure(path="overlays/dev", text=text, root=ROOT)
    (found,) = failing_roots(survey(tree(allowed), failures=(failure,)))
    assert isinstance(found, NotJudged)


def test_a_missing_folder_of_an_application_is_left_to_the_rule_of_paths() -> None:
    app = ObjectRef("Application", "argocd", "shop")
    text = "must build at directory: not a valid directory"
    failure = RenderFailure(path="overlays/qa", text=text, deployer=app)
    assert not list(failing_roots(survey(tree(FILES), failures=(failure,))))
    for other in (replace(failure, deployer=None), replace(failure, path="overlays/dev")):
        assert list(failing_roots(survey(tree(FILES), failures=(other,))))
    whole = replace(failure, path=".")
    assert list(failing_roots(survey(tree(FILES), failures=(whole,))))


def test_a_chart_that_does_not_render_is_not_judged() -> None:
    files = {"charts/web/Chart.yaml": "name: web\n"}
    failure = RenderFailure(path="charts/web", text="Error: nil pointer evaluating .Values.x")
    (found,) = failing_roots(survey(tree(files), failures=(failure,)))
    assert isinstance(found, NotJudged)
    both = {**files, "charts/web/kustomization.yaml": "resources: []\n"}
    (found,) = failing_roots(survey(tree(both), failures=(failure,)))
    assert isinstance(found, Fault)


def test_without_a_kustomization_the_place_is_the_one_that_is_missing() -> None:
    text = "Error: unable to find one of 'kustomization.yaml', 'kustomization.yml' or "
    text += "'Kustomization' in directory '/checkout/apps'"
    failure = RenderFailure(path="apps", text=text, root=ROOT)
    files = {"apps/pod.yaml": "kind: Pod\n"}
    (fault,) = surveyed(failing_roots, survey(tree(files), failures=(failure,)))
    assert (fault.cause, fault.file) == ("R02", "apps/kustomization.yaml")


def test_the_kustomization_at_the_top_is_found() -> None:
    text = 'Error: invalid Kustomization: json: unknown field "resource"'
    failure = RenderFailure(path=".", text=text, root=ROOT)
    files = {"kustomization.yaml": "resource: []\n"}
    (fault,) = surveyed(failing_roots, survey(tree(files), failures=(failure,)))
    assert (fault.file, fault.object.name) == ("kustomization.yaml", ".")


BAD = YamlFault(file="base/deployment.yaml", line=7, message="found character '\\t'")
BAD_YAML = (
    "Error: accumulating resources: accumulating resources from 'deployment.yaml': "
    "MalformedYAMLError: yaml: line 7: found character that cannot start any token in File: "
    "deployment.yaml"
)


def test_a_broken_file_that_is_deployed_is_a_defect_with_its_line() -> None:
    found = survey(tree(FILES), yaml_faults=(BAD,), visited=frozenset({"base/deployment.yaml"}))
    (fault,) = surveyed(broken_files, found)
    assert (fault.rule, fault.file, fault.line) == ("yaml-invalid", "base/deployment.yaml", 7)
    assert fault.severity is None


def test_a_broken_file_that_nothing_deploys_is_a_note() -> None:
    found = survey(tree(FILES), yaml_faults=(BAD,), visited=frozenset())
    (fault,) = surveyed(broken_files, found)
    assert fault.severity is Severity.NOTE


def test_a_key_that_is_there_twice_is_a_note() -> None:
    twice = replace(BAD, message="the key 'annotations' is already there at line 3")
    found = survey(tree(FILES), yaml_faults=(twice,), visited=frozenset({BAD.file}))
    (fault,) = surveyed(broken_files, found)
    assert fault.severity is Severity.NOTE
    assert fault.expected == "every key once"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("charts/web/templates/deployment.yaml", "a: {{ .Values.x }}"),
        ("roles/web.yaml", "a: {{ x }}"),
        ("docs/broken.yaml", "a: ["),
    ],
)
def test_a_template_or_example_that_nothing_deploys_is_silent(file: str, text: str) -> None:
    bad = YamlFault(file=file, line=1, message="x")
    found = survey(replace(tree({}), texts={file: text}), yaml_faults=(bad,))
    assert not surveyed(broken_files, found)


def test_a_render_failure_and_its_broken_file_are_one_finding() -> None:
    failure = RenderFailure(path="base", text=BAD_YAML, root=ROOT)
    found = survey(
        tree(FILES),
        failures=(failure,),
        yaml_faults=(BAD,),
        visited=frozenset({"base/deployment.yaml"}),
    )
    faults = [*surveyed(failing_roots, found), *surveyed(broken_files, found)]
    (finding,) = findings(faults, lambda _: ("", 0))
    assert (finding.rule, finding.overlays) == ("yaml-invalid", ("base",))


def test_what_is_not_judged_is_passed_on() -> None:
    chart = Unjudged(subject="Application argocd/loki", reason="chart loki")
    (found,) = unjudged_roots(scope(unjudged=(chart,)))
    assert str(found) == "Application argocd/loki: chart loki"
