"""Tests of Applications that are refused as they are declared, and of their destinations."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from harness.audit.checks.applications import duplicates, invalid_applications
from harness.audit.checks.destinations import unregistered_clusters
from harness.audit.finding import Fault, Severity
from harness.audit.grouping import findings
from harness.audit.source import Source
from harness.model.refs import ObjectRef
from tests.audit.scopes import source
from tests.audit.trees import engine_scope, survey, surveyed, tree

FILE = "argocd/shop.yaml"
GOOD: dict[str, Any] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "shop", "namespace": "argocd"},
    "spec": {
        "project": "default",
        "source": {"repoURL": "https://github.com/acme/shop", "path": "overlays/dev"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
    },
}


def application(**changes: Any) -> dict[str, Any]:
    """A good Application with other fields of its spec; None removes one."""
    found = copy.deepcopy(GOOD)
    for key, value in changes.items():
        if value is None:
            del found["spec"][key]
        else:
            found["spec"][key] = value
    return found


def dumped(*found: object) -> str:
    return str(yaml.safe_dump_all(found, sort_keys=False))


def invalid(app: object) -> list[Fault]:
    return list(invalid_applications(engine_scope({FILE: dumped(app)})))


def test_a_good_application_is_silent() -> None:
    assert not invalid(GOOD)


@pytest.mark.parametrize(
    ("changes", "words", "line"),
    [
        ({"project": None}, "no spec.project", 6),
        ({"destination": {"namespace": "shop"}}, "names no cluster", 11),
        ({"source": None}, "neither spec.source nor spec.sources", 6),
        ({"source": {"path": "x"}}, "no repoURL", 8),
        ({"source": {"repoURL": "https://x"}}, "neither path nor chart", 8),
        ({"source": {"repoURL": "https://x", "chart": "y"}}, "no targetRevision", 8),
        ({"source": None, "sources": [{"path": "x"}]}, "no repoURL", 12),
    ],
)
def test_an_incomplete_application_is_a_defect_at_its_line(
    changes: dict[str, Any], words: str, line: int
) -> None:
    (fault,) = invalid(application(**changes))
    assert (fault.rule, fault.cause) == ("argocd-application-invalid", "A10")
    assert words in fault.message
    assert (fault.file, fault.line) == (FILE, line)


@pytest.mark.parametrize(
    "changes",
    [
        {"source": None, "sources": [{"repoURL": "https://x", "ref": "values"}]},
        {"source": {"repoURL": "https://x", "chart": "y", "targetRevision": "1.0"}},
        {"source": {"repoURL": "https://x", "path": "."}},
        {"source": None, "sourceHydrator": {"drySource": {"repoURL": "https://x", "path": "y"}}},
        {"project": ""},
        {"destination": {"name": "in-cluster", "namespace": "shop"}},
    ],
)
def test_other_complete_forms_are_silent(changes: dict[str, Any]) -> None:
    assert not invalid(application(**changes))


def test_a_cluster_named_twice_is_a_defect() -> None:
    twice = {"name": "in-cluster", "server": "https://kubernetes.default.svc"}
    (fault,) = invalid(application(destination=twice))
    assert (fault.rule, fault.cause) == ("argocd-destination-ambiguous", "A10")
    assert fault.fix == "remove spec.destination.name"


@pytest.mark.parametrize("name", ["Shop", "shop_dev", "-shop", "a" * 254, "shop..dev"])
def test_a_name_that_kubernetes_refuses_is_a_defect(name: str) -> None:
    app = {**GOOD, "metadata": {"name": name}}
    assert [f.rule for f in invalid(app)] == ["argocd-application-invalid"]


@pytest.mark.parametrize("name", ["${ENV}-shop", "{{ name }}", "shop.dev", "0-shop"])
def test_names_that_are_right_or_filled_in_later_are_silent(name: str) -> None:
    assert not invalid({**GOOD, "metadata": {"name": name}})


@pytest.mark.parametrize(
    "odd",
    [
        {"spec": None},
        {"spec": []},
        {"metadata": []},
        {"metadata": {"name": 7}},
        {"spec": {"project": {}, "source": [], "sources": {}, "destination": "x"}},
    ],
)
def test_odd_applications_raise_nothing(odd: dict[str, Any]) -> None:
    invalid({**GOOD, **odd})


def test_an_application_of_another_group_is_none() -> None:
    assert not invalid({**GOOD, "apiVersion": "app.k8s.io/v1beta1", "spec": {"project": None}})


SET = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "ApplicationSet",
    "metadata": {"name": "shops"},
    "spec": {
        "template": {
            "metadata": {"name": "shop-{{path.basename}}"},
            "spec": {
                "source": {"repoURL": "https://x"},
                "destination": {"name": "a", "server": "b"},
            },
        }
    },
}


def made(env: str) -> dict[str, Any]:
    spec = copy.deepcopy(SET["spec"]["template"]["spec"])  # type: ignore[index]
    return {**GOOD, "metadata": {"name": f"shop-{env}"}, "spec": {**spec, "project": "default"}}


def test_what_a_template_makes_is_said_once_at_the_template() -> None:
    files = {"argocd/set.yaml": dumped(SET)}
    found = engine_scope(files, engine=(made("dev"), made("prod")))
    results = findings(invalid_applications(found), lambda _: ("", 0))
    by_rule = {r.rule: r for r in results}
    assert sorted(by_rule) == ["applicationset-template", "argocd-destination-ambiguous"]
    finding = by_rule["applicationset-template"]
    assert finding.object == ObjectRef("ApplicationSet", "", "shops")
    assert [u.name for u in finding.users] == ["shop-dev", "shop-prod"]
    assert (finding.file, finding.line) == ("argocd/set.yaml", 10)
    assert by_rule["argocd-destination-ambiguous"].line == 13


def test_of_two_sets_the_one_whose_template_fits_is_the_maker() -> None:
    other = copy.deepcopy(SET)
    other["metadata"] = {"name": "others"}
    other["spec"]["template"]["metadata"]["name"] = "other-{{path.basename}}"  # type: ignore[index]
    found = engine_scope({"argocd/set.yaml": dumped(other, SET)}, engine=(made("dev"),))
    assert {f.object.name for f in invalid_applications(found)} == {"shops"}


def test_where_two_templates_fit_the_application_stands_for_itself() -> None:
    other = copy.deepcopy(SET)
    other["metadata"] = {"name": "others"}
    found = engine_scope({"argocd/set.yaml": dumped(other, SET)}, engine=(made("dev"),))
    assert {f.object.kind for f in invalid_applications(found)} == {"Application"}


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{{a}}-shop", "shop-dev"),
        ("shop-{{a}}-x", "shop-dev"),
        ("shop", "shop-dev"),
        ("x" * 600, ""),
    ],
)
def test_a_template_that_does_not_fit_is_not_the_maker(template: str, name: str) -> None:
    other = copy.deepcopy(SET)
    other["spec"]["template"]["metadata"]["name"] = template  # type: ignore[index]
    app = made("dev")
    app["metadata"]["name"] = name or "shop-dev"
    found = engine_scope({"argocd/set.yaml": dumped(other)}, engine=(app,))
    assert {f.object.kind for f in invalid_applications(found)} == {"Application"}


def test_the_file_of_the_deployer_tells_which_set_makes_an_application() -> None:
    other = copy.deepcopy(SET)
    other["metadata"] = {"name": "others"}
    files = {"argocd/a.yaml": dumped(other), "argocd/b.yaml": dumped(SET)}
    root = Source(
        path="x", deployer=ObjectRef("Application", "", "shop-dev"), origin="argocd/b.yaml"
    )
    found = engine_scope(files, root, engine=(made("dev"),))
    assert {f.object.name for f in invalid_applications(found)} == {"shops"}


def test_of_two_files_with_the_same_application_the_one_that_is_equal_is_meant() -> None:
    files = {
        "clusters/a/shop.yaml": dumped(GOOD),
        "clusters/b/shop.yaml": dumped(application(project=None)),
    }
    found = engine_scope(files, engine=(application(project=None),))
    (fault,) = invalid_applications(found)
    assert fault.file == "clusters/b/shop.yaml"


def test_two_applications_of_one_name_in_one_file_are_a_defect() -> None:
    (fault,) = surveyed(duplicates, survey(tree({FILE: dumped(GOOD, GOOD)})))
    assert (fault.rule, fault.severity) == ("argocd-application-duplicate", None)


def test_two_applications_of_one_name_in_one_folder_are_a_note() -> None:
    files = {FILE: dumped(GOOD), "argocd/copy.yaml": dumped(GOOD)}
    (fault,) = surveyed(duplicates, survey(tree(files)))
    assert fault.severity is Severity.NOTE
    assert "argocd/copy.yaml and argocd/shop.yaml" in fault.message


def test_the_same_name_for_another_cluster_is_silent() -> None:
    apart = {"clusters/a/shop.yaml": dumped(GOOD), "clusters/b/shop.yaml": dumped(GOOD)}
    assert not surveyed(duplicates, survey(tree(apart)))
    other = {**GOOD, "metadata": {"name": "shop", "namespace": "team"}}
    assert not surveyed(duplicates, survey(tree({FILE: dumped(GOOD, other)})))


def unregistered(destination: dict[str, str], *texts: str) -> list[Fault]:
    files = {FILE: dumped(application(destination=destination))}
    files |= {f"clusters/{number}.yaml": text for number, text in enumerate(texts)}
    return list(unregistered_clusters(engine_scope(files)))


CLUSTER = """
apiVersion: v1
kind: Secret
metadata: {name: prod, labels: {argocd.argoproj.io/secret-type: cluster}}
stringData: {name: prod, server: 'https://prod:6443/'}
"""


@pytest.mark.parametrize("destination", [{"name": "prod"}, {"server": "https://prod:6443"}])
def test_a_cluster_that_nobody_registers_is_a_precondition(destination: dict[str, str]) -> None:
    (fault,) = unregistered(destination)
    assert fault.rule == "argocd-destination-cluster-unregistered"
    assert fault.object.kind == "Cluster"
    assert fault.user == ObjectRef("Application", "argocd", "shop")
    assert fault.severity is None
    assert (fault.file, fault.line) == (FILE, 12)


@pytest.mark.parametrize(
    "destination",
    [
        {"name": "prod"},
        {"server": "https://prod:6443/"},
        {"name": "in-cluster"},
        {"server": "https://kubernetes.default.svc/"},
        {"name": "{{cluster}}"},
        {"name": "a", "server": "b"},
        {},
    ],
)
def test_registered_and_own_clusters_are_silent(destination: dict[str, str]) -> None:
    assert not unregistered(destination, CLUSTER)


def test_a_registration_in_base64_counts() -> None:
    text = CLUSTER.replace(
        "stringData: {name: prod, server: 'https://prod:6443/'}", "data: {name: cHJvZA==}"
    )
    assert not unregistered({"name": "prod"}, text)
    assert unregistered({"name": "other"}, text)


def test_an_external_secret_of_a_cluster_may_register_any() -> None:
    text = (
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: x}\n"
        "spec: {target: {template: {metadata: {labels: "
        "{argocd.argoproj.io/secret-type: cluster}}}}}\n"
    )
    assert not unregistered({"name": "prod"}, text)


def test_another_address_of_the_own_cluster_names_the_right_one() -> None:
    (fault,) = unregistered({"server": "https://kubernetes.default.svc.cluster.local"})
    assert fault.fix == "set spec.destination.server to https://kubernetes.default.svc"
    (fault,) = unregistered({"server": "https://prod:6443"})
    assert fault.fix == "argocd cluster add, for https://prod:6443"


def test_two_applications_of_one_cluster_are_one_finding() -> None:
    far = {"name": "prod"}
    second = {**application(destination=far), "metadata": {"name": "other"}}
    found = engine_scope({FILE: dumped(application(destination=far), second)})
    (finding,) = findings(unregistered_clusters(found), lambda _: ("", 0))
    assert len(finding.users) == 2


def test_a_secret_that_is_rendered_registers_too() -> None:
    files = {FILE: dumped(application(destination={"name": "prod"}))}
    rendered: Source = source(CLUSTER)
    assert not list(unregistered_clusters(engine_scope(files, rendered)))
