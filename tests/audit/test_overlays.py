"""Tests of collisions between overlays, and of prefixes that break host names."""

from __future__ import annotations

import pytest

from harness.audit.checks.overlays import across_environments, broken_host_names, shared_objects
from harness.audit.finding import Fault, Severity
from harness.audit.grouping import findings
from harness.audit.scope import Scope
from harness.audit.source import Source, Tree, Unjudged
from harness.audit.survey import Survey
from harness.model.refs import ObjectRef
from tests.audit.scopes import objects, rules_found, scope, source
from tests.audit.trees import surveyed, tree

PREFIXED = {
    "overlays/dev/kustomization.yaml": "namePrefix: dev-\nresources: [../../base]\n",
    "base/kustomization.yaml": "resources: [all.yaml]\n",
}
SHOP = """
apiVersion: v1
kind: Service
metadata: {name: %(service)s}
spec: {selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: dev-db}
spec:
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: postgres:16}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: dev-order}
spec:
  template:
    metadata: {labels: {app: order}}
    spec:
      containers:
      - name: order
        image: order:v1
        env: [{name: DB_HOST, value: %(host)s}]
"""


def renamed(
    files: dict[str, str], service: str = "dev-db", host: str = "db", **more: object
) -> list[Fault]:
    root = source(SHOP % {"service": service, "host": host})
    return list(broken_host_names(scope(root, tree=tree(files), **more)))  # type: ignore[arg-type]


def test_a_host_name_that_a_prefix_broke_is_a_defect() -> None:
    (fault,) = renamed(PREFIXED)
    assert (fault.rule, fault.cause, fault.severity) == ("nameprefix-breaks-hostname", "R10", None)
    assert fault.object == ObjectRef("Service", "shop", "dev-db")
    assert fault.user == ObjectRef("Deployment", "shop", "dev-order")
    assert fault.field == "spec.template.spec.containers[order].env[DB_HOST]"
    assert fault.value == "db"


def test_the_full_name_with_namespace_is_broken_too() -> None:
    (fault,) = renamed(PREFIXED, host="db.shop.svc.cluster.local")
    assert fault.value == "db.shop.svc.cluster.local"


def test_nested_prefixes_and_suffixes_are_joined() -> None:
    files = {
        "overlays/dev/kustomization.yaml": "namePrefix: dev-\nresources: [../../base]\n",
        "base/kustomization.yaml": "namePrefix: eu-\nnameSuffix: -v2\nresources: [all.yaml]\n",
    }
    assert rules_found(renamed(files, service="dev-eu-db-v2")) == ["nameprefix-breaks-hostname"]


def test_a_host_that_was_adapted_is_silent() -> None:
    assert not renamed(PREFIXED, host="dev-db")


def test_a_similar_name_without_a_prefix_in_the_tree_is_silent() -> None:
    files = {"overlays/dev/kustomization.yaml": "resources: [all.yaml]\n"}
    assert not renamed(files)


def test_a_host_outside_is_silent() -> None:
    assert not renamed(PREFIXED, host="db.example.org")


def test_a_value_of_a_config_map_is_said_at_the_config_map() -> None:
    text = SHOP % {"service": "dev-db", "host": "dev-db"} + (
        "        envFrom: [{configMapRef: {name: settings}}]\n"
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
        "data: {DATABASE_HOST: db}\n"
    )
    (fault,) = broken_host_names(scope(source(text), tree=tree(PREFIXED)))
    assert fault.user == ObjectRef("ConfigMap", "shop", "settings")
    assert fault.field == "data[DATABASE_HOST]"


def test_where_a_chart_may_bring_the_service_it_is_a_note() -> None:
    chart = Unjudged(subject="Application db", reason="chart", namespace="shop")
    (fault,) = renamed(PREFIXED, unjudged=(chart,))
    assert fault.severity is Severity.NOTE


def app(name: str, text: str, **more: object) -> Source:
    fields: dict[str, object] = {
        "path": f"apps/{name}",
        "objects": objects(text, "shop"),
        "deployer": ObjectRef("Application", "argocd", name),
        "namespace": "shop",
        "origin": f"argocd/{name}.yaml",
        **more,
    }
    return Source(**fields)  # type: ignore[arg-type]


ONE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: '1'}\n"
TWO = ONE.replace("'1'", "'2'")
SPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {a: '%s'}}\n"


def test_two_applications_with_the_same_object_are_a_defect() -> None:
    (fault,) = shared_objects(scope(app("a", ONE), app("b", TWO)))
    assert (fault.rule, fault.cause, fault.severity) == ("overlay-namespace-collision", "A18", None)
    assert fault.object == ObjectRef("Application", "argocd", "b")
    assert "ConfigMap shop/settings" in fault.message
    assert "Application argocd/a" in fault.message


def test_many_shared_objects_of_two_applications_are_one_finding() -> None:
    both = ONE + "---\n" + ONE.replace("settings", "more")
    faults = list(shared_objects(scope(app("a", both), app("b", both))))
    assert len(findings(faults, lambda _: ("", 0))) == 1


def test_equal_objects_are_a_note_unless_the_sync_would_fail() -> None:
    (fault,) = shared_objects(scope(app("a", ONE), app("b", ONE)))
    assert fault.severity is Severity.NOTE
    strict = {"syncPolicy": {"syncOptions": ["FailOnSharedResource=true"]}}
    (fault,) = shared_objects(scope(app("a", ONE), app("b", ONE, spec=strict)))
    assert fault.severity is None


@pytest.mark.parametrize("origin", ["demo/b.yaml", "argocd/demo/b.yaml", "argocd/demo"])
def test_applications_of_different_folders_may_be_alternatives(origin: str) -> None:
    far = app("b", TWO, origin=origin)
    (fault,) = shared_objects(scope(app("a", ONE), far))
    assert fault.severity is Severity.NOTE


def test_applications_that_one_root_renders_are_deployed_together() -> None:
    (fault,) = shared_objects(
        scope(app("a", ONE, origin="argocd/apps"), app("b", TWO, origin="argocd/apps"))
    )
    assert fault.severity is None


def test_a_shared_namespace_is_a_note() -> None:
    (fault,) = shared_objects(scope(app("a", SPACE % 1), app("b", SPACE % 2)))
    assert fault.severity is Severity.NOTE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"destination": "https://other:6443"}),
        ({}, {"objects": objects(TWO, "elsewhere")}),
        ({"deployer": None}, {"deployer": None}),
        ({}, {"deployer": ObjectRef("Application", "openshift-gitops", "b")}),
        ({}, {"deployer": ObjectRef("Kustomization", "argocd", "b")}),
        ({"group": "dev"}, {"group": "prod"}),
        ({}, {"deployer": ObjectRef("Application", "argocd", "a")}),
        ({}, {"objects": objects(TWO.replace("settings", "'${NAME}'"), "shop")}),
    ],
)
def test_other_clusters_namespaces_and_alternatives_are_silent(
    one: dict[str, object], other: dict[str, object]
) -> None:
    assert not list(shared_objects(scope(app("a", ONE, **one), app("b", TWO, **other))))


def test_the_name_of_the_own_cluster_is_its_address() -> None:
    own = app("b", TWO, destination="https://kubernetes.default.svc")
    assert list(shared_objects(scope(app("a", ONE, destination="in-cluster"), own)))


def test_the_place_is_the_destination_of_the_second_application() -> None:
    files = {
        "argocd/b.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
        "metadata: {name: b}\nspec:\n  destination:\n    namespace: shop\n"
    }
    (fault,) = shared_objects(scope(app("a", ONE), app("b", TWO), tree=tree(files)))
    assert (fault.file, fault.line) == ("argocd/b.yaml", 6)


def environments(**more: object) -> list[Fault]:
    dev = app("dev", ONE, group="dev", **more)
    prod = app("prod", TWO, group="prod", **more)
    scopes = tuple(Scope(name=s.group, sources=(s,)) for s in (dev, prod))
    return surveyed(across_environments, Survey(tree=Tree(), scopes=scopes))


def test_two_environments_in_one_namespace_of_one_cluster_are_a_note() -> None:
    (fault,) = environments(origin="argocd/apps.yaml")
    assert fault.severity is Severity.NOTE
    assert "(prod)" in fault.message
    assert len(environments(destination="https://one:6443")) == 1


def test_environments_whose_cluster_is_not_said_are_silent() -> None:
    assert not environments()


@pytest.mark.parametrize("kind", ["metadata: []", "metadata: null", "metadata: {name: 1}"])
def test_odd_objects_are_no_trouble(kind: str) -> None:
    odd = (dict(objects(f"apiVersion: v1\nkind: ConfigMap\n{kind}\n")[0]),)
    found = Scope(name="", sources=(app("a", ONE, objects=odd), app("b", ONE)))
    assert not list(shared_objects(found))
