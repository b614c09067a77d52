"""Tests of what AppProjects forbid, by the rules of Argo CD 3."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from harness.audit.checks.projects import missing_projects, refusals, uncreatable_namespaces
from harness.audit.clusters import IN_CLUSTER_NAME, IN_CLUSTER_SERVER, Cluster
from harness.audit.finding import Fault, Severity
from harness.audit.grouping import findings
from harness.audit.project_rules import permits_destination, permits_kind, permits_source
from harness.audit.scope import Scope
from harness.audit.source import Source, Unjudged
from harness.model.refs import ObjectRef
from tests.audit.scopes import objects
from tests.audit.trees import engine_scope

URL = "https://github.com/acme/shop"
OWN = Cluster(name=IN_CLUSTER_NAME, server=IN_CLUSTER_SERVER)
FAR = Cluster(name="prod", server=None)
SPEC: dict[str, Any] = {
    "sourceRepos": [URL],
    "destinations": [{"server": IN_CLUSTER_SERVER, "namespace": "shop-*"}],
}


@pytest.mark.parametrize(
    ("patterns", "url", "permitted"),
    [
        (["*"], URL, True),
        ([URL], f"{URL}.git", True),
        ([URL], "https://GITHUB.com/acme/shop", True),
        (["https://github.com/acme/*"], URL, True),
        (["https://github.com/*"], URL, False),
        (["https://github.com/**"], URL, True),
        (["*", f"!{URL}"], URL, False),
        ([f"!{URL}"], "https://github.com/acme/other", True),
        ([], URL, False),
        (["git@github.com:acme/*"], "git@github.com:acme/shop.git", True),
        (["https://github.com/${ORG}/*"], URL, True),
        (["[" * 3], URL, True),
    ],
)
def test_repositories_are_compared_as_argo_cd_does(
    patterns: list[str], url: str, permitted: bool
) -> None:
    assert permits_source({"sourceRepos": patterns}, url) is permitted


@pytest.mark.parametrize(
    ("entries", "cluster", "namespace", "permitted"),
    [
        ([{"server": "*", "namespace": "*"}], OWN, "a", True),
        ([{"server": IN_CLUSTER_SERVER, "namespace": "shop-*"}], OWN, "shop-dev", True),
        ([{"server": IN_CLUSTER_SERVER, "namespace": "shop-*"}], OWN, "other", False),
        ([{"server": IN_CLUSTER_SERVER, "namespace": "shop"}], OWN, "", False),
        ([{"name": "in-cluster", "namespace": "*"}], OWN, "a", True),
        ([{"name": "my-own-name", "namespace": "*"}], OWN, "a", True),
        ([{"server": "https://other", "namespace": "*"}], OWN, "a", False),
        ([{"server": "https://other", "namespace": "*"}], FAR, "a", True),
        ([{"name": "prod", "namespace": "*"}], FAR, "a", True),
        ([{"name": "dev", "namespace": "*"}], FAR, "a", False),
        (
            [{"server": "*", "namespace": "*"}, {"server": "*", "namespace": "!kube-system"}],
            OWN,
            "kube-system",
            False,
        ),
        ([{"server": "*", "namespace": "!kube-system"}], OWN, "shop", True),
        ([{"server": "*", "namespace": "*"}, {"name": "!prod", "namespace": "*"}], FAR, "a", False),
        ([], OWN, "a", False),
        ([{"server": "*", "namespace": "${NS}"}], OWN, "a", True),
    ],
)
def test_destinations_are_compared_as_argo_cd_does(
    entries: list[dict[str, str]], cluster: Cluster, namespace: str, permitted: bool
) -> None:
    assert permits_destination({"destinations": entries}, cluster, namespace) is permitted


ANY = [{"group": "*", "kind": "*"}]
ROLES = [{"group": "rbac.authorization.k8s.io", "kind": "ClusterRole*"}]


@pytest.mark.parametrize(
    ("spec", "group", "kind", "namespaced", "permitted"),
    [
        ({}, "apps", "Deployment", True, True),
        ({}, "", "Namespace", False, False),
        ({"clusterResourceWhitelist": ANY}, "", "Namespace", False, True),
        ({"clusterResourceWhitelist": ROLES}, ROLES[0]["group"], "ClusterRole", False, True),
        ({"clusterResourceWhitelist": ROLES}, "", "Namespace", False, False),
        (
            {"clusterResourceWhitelist": ANY, "clusterResourceBlacklist": ROLES},
            ROLES[0]["group"],
            "ClusterRole",
            False,
            False,
        ),
        ({"namespaceResourceWhitelist": []}, "apps", "Deployment", True, False),
        (
            {"namespaceResourceBlacklist": [{"group": "", "kind": "ResourceQuota"}]},
            "",
            "ResourceQuota",
            True,
            False,
        ),
        (
            {"clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "team-*"}]},
            "",
            "Namespace",
            False,
            True,
        ),
        ({"clusterResourceWhitelist": "x"}, "", "Namespace", False, False),
    ],
)
def test_kinds_are_compared_as_argo_cd_does(
    spec: dict[str, Any], group: str, kind: str, namespaced: bool, permitted: bool
) -> None:
    assert permits_kind(spec, group, kind, "team-a", namespaced=namespaced) is permitted


def project(name: str = "team", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {**SPEC, **spec},
    }


def app(name: str = "shop", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "project": "team",
            "source": {"repoURL": URL, "path": "overlays/dev"},
            "destination": {"server": IN_CLUSTER_SERVER, "namespace": "shop-dev"},
            **spec,
        },
    }


def rendered(text: str, name: str = "shop", namespace: str = "shop-dev") -> Source:
    return Source(
        path="overlays/dev",
        objects=objects(text, namespace),
        deployer=ObjectRef("Application", "argocd", name),
    )


def found(*documents: dict[str, Any], sources: tuple[Source, ...] = (), **more: Any) -> Scope:
    text = str(yaml.safe_dump_all(documents, sort_keys=False))
    return engine_scope({"argocd/all.yaml": text}, *sources, **more)


DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: web}\n"


def refused(*documents: dict[str, Any], **more: Any) -> list[Fault]:
    return list(refusals(found(*documents, **more)))


def test_what_a_project_permits_is_silent() -> None:
    assert not refused(project(), app(), sources=(rendered(DEPLOYMENT),))


def test_a_repository_that_is_not_listed_is_a_defect_at_the_project() -> None:
    other = app(source={"repoURL": "https://github.com/acme/other", "path": "x"})
    (fault,) = refused(project(), other)
    assert (fault.rule, fault.cause) == ("argocd-project-forbids", "A06")
    assert fault.object == ObjectRef("AppProject", "argocd", "team")
    assert fault.user == ObjectRef("Application", "argocd", "shop")
    assert (fault.field, fault.line) == ("spec.sourceRepos", 7)
    assert "https://github.com/acme/other" in fault.message


def test_what_several_applications_need_is_not_said_of_one() -> None:
    space = {"name": "in-cluster", "namespace": "other"}
    more = {**app(destination=space), "metadata": {"name": "pay", "namespace": "argocd"}}
    found = refused(project(), app(destination=space), more)
    assert {fault.user.name for fault in found if fault.user} == {"shop", "pay"}
    assert all("which 2 of its Applications need" in fault.message for fault in found)


def test_a_namespace_that_is_not_listed_is_a_defect() -> None:
    (fault,) = refused(project(), app(destination={"name": "in-cluster", "namespace": "other"}))
    assert (fault.cause, fault.field) == ("A07", "spec.destinations")
    assert "namespace other of in-cluster" in fault.message


def test_an_object_in_another_namespace_is_a_defect() -> None:
    stray = DEPLOYMENT.replace("{name: web}", "{name: web, namespace: default}")
    (fault,) = refused(project(), app(), sources=(rendered(stray),))
    assert fault.cause == "A09"
    assert "namespace default" in fault.message


def test_child_applications_need_the_namespace_of_argo_cd() -> None:
    child = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: child}\n"
    (fault,) = refused(project(), app(), sources=(rendered(child, namespace="argocd"),))
    assert fault.cause == "A09"


def test_kinds_that_are_not_permitted_are_one_finding_with_all_of_them() -> None:
    text = f"{ROLE}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: shop-dev}}\n"
    faults = refused(
        project(), app(), app("second"), sources=(rendered(text), rendered(ROLE, "second"))
    )
    (finding,) = findings(faults, lambda _: ("", 0))
    assert finding.cause == "A08"
    assert "ClusterRole (rbac.authorization.k8s.io), Namespace" in finding.message
    assert len(finding.users) == 2


def test_a_kind_that_is_denied_is_to_be_taken_from_the_list_of_denials() -> None:
    denied = project(namespaceResourceBlacklist=[{"group": "apps", "kind": "Deployment"}])
    (fault,) = refused(denied, app(), sources=(rendered(DEPLOYMENT),))
    assert fault.fix == "remove Deployment (apps) from spec.namespaceResourceBlacklist"
    assert "apps/Deployment" in fault.expected


def test_a_list_of_kinds_that_lacks_one_is_to_be_completed() -> None:
    narrow = project(namespaceResourceWhitelist=[{"group": "", "kind": "Service"}])
    (fault,) = refused(narrow, app(), sources=(rendered(DEPLOYMENT),))
    assert fault.field == "spec.namespaceResourceWhitelist"


def test_placeholders_of_applications_are_not_compared() -> None:
    spec = {"repoURL": "https://github.com/${ORG}/shop", "path": "x"}
    assert not refused(project(), app(source=spec))
    assert not refused(project(), app(destination={"name": "in-cluster", "namespace": "${NS}"}))
    templated = app(destination={"name": "in-cluster", "namespace": "${NS}"}, **CREATES)
    assert not list(uncreatable_namespaces(found(project(), templated)))
    assert not list(uncreatable_namespaces(found(app(**CREATES))))


def test_a_kind_of_unknown_scope_is_silent_unless_its_crd_is_here() -> None:
    text = "apiVersion: acme.io/v1\nkind: Shop\nmetadata: {name: a}\n"
    assert not refused(project(), app(), sources=(rendered(text),))
    crd = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        "metadata: {name: shops.acme.io}\n"
        "spec: {group: acme.io, names: {kind: Shop}, scope: Cluster}\n"
    )
    other = Source(path="crds", objects=objects(crd))
    assert len(refused(project(), app(), sources=(rendered(text), other))) == 1


def test_of_two_projects_with_one_name_one_that_permits_is_enough() -> None:
    narrow = project(sourceRepos=["https://github.com/acme/other"])
    assert refused(narrow, app())
    assert not refused(narrow, project(), app())


def test_a_project_that_is_not_declared_forbids_nothing() -> None:
    assert not refused(app())
    assert not refused(app(project="default"))


def test_a_declared_project_default_counts() -> None:
    assert refused(project("default", sourceRepos=[]), app(project="default"))


@pytest.mark.parametrize(
    "spec", [{"sourceRepos": None}, {"destinations": "x"}, {"sourceRepos": [1, {}]}]
)
def test_odd_projects_raise_nothing(spec: dict[str, Any]) -> None:
    refused(project(**spec), app())


def test_a_project_that_is_only_rendered_has_no_line_here() -> None:
    text = str(yaml.safe_dump(project(sourceRepos=[])))
    scope = found(app(), sources=(Source(path="projects", objects=objects(text)),))
    (fault,) = refusals(scope)
    assert (fault.file, fault.line) == ("", 0)


def missing(*documents: dict[str, Any], **more: Any) -> list[Fault]:
    return list(missing_projects(found(*documents, **more)))


def test_a_project_that_nobody_declares_is_a_precondition() -> None:
    (fault,) = missing(app(project="payments"))
    assert (fault.rule, fault.cause, fault.severity) == ("argocd-project-missing", "A05", None)
    assert fault.object == ObjectRef("AppProject", "argocd", "payments")
    assert fault.line == 7


def test_a_misspelt_project_is_a_defect() -> None:
    (fault,) = missing(project("payments"), app(project="paymets"))
    assert fault.severity is Severity.DEFECT
    assert fault.fix == "set spec.project to payments"


def test_declared_default_and_templated_projects_are_silent() -> None:
    assert not missing(project(), app())
    assert not missing(app(project="default"))
    assert not missing(app(project="${TEAM}"))


def test_a_project_that_a_chart_may_bring_is_silent() -> None:
    chart = Unjudged(subject="Application projects", reason="chart", namespace="argocd")
    assert not missing(app(project="payments"), unjudged=(chart,))


CREATES = {"syncPolicy": {"syncOptions": ["CreateNamespace=true"]}}


def test_a_namespace_that_the_project_does_not_let_create_is_a_precondition() -> None:
    (fault,) = uncreatable_namespaces(found(project(), app(**CREATES)))
    assert (fault.cause, fault.severity) == ("A08", Severity.PRECONDITION)
    assert "the namespace shop-dev on the cluster" in fault.expected


def test_a_namespace_that_exists_or_may_be_created_is_silent() -> None:
    permitted = project(clusterResourceWhitelist=[{"group": "", "kind": "Namespace"}])
    assert not list(uncreatable_namespaces(found(permitted, app(**CREATES))))
    assert not list(uncreatable_namespaces(found(project(), app())))
    space = rendered("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop-dev}\n", "other")
    assert not list(uncreatable_namespaces(found(project(), app(**CREATES), sources=(space,))))
    engine = app(destination={"name": "in-cluster", "namespace": "argocd"}, **CREATES)
    assert not list(uncreatable_namespaces(found(project(), engine)))
