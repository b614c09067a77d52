"""`crd-missing`, `cluster-scoped-with-namespace` and `namespace-missing`."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.checks.kinds import (
    applied_kustomizations,
    cluster_scoped_with_namespace,
    missing_definitions,
)
from harness.audit.checks.namespaces import missing_namespaces
from harness.audit.definitions import product_of
from harness.audit.finding import Severity
from harness.audit.source import Source, SourceKind, Tree, Unjudged
from harness.model.refs import ObjectRef
from tests.audit.pods import together
from tests.audit.scopes import faults, objects, scope, source

MONITOR = "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: order}"


def definition(kind: str = "ServiceMonitor", scope: str = "Namespaced") -> str:
    return (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        f"metadata: {{name: x}}\nspec: {{group: monitoring.coreos.com, scope: {scope}, "
        f"names: {{kind: {kind}}}}}"
    )


def test_a_kind_that_nobody_defines_is_one_finding_per_group() -> None:
    other = MONITOR.replace("ServiceMonitor", "PrometheusRule")

    [found] = faults(missing_definitions, together(MONITOR, other))

    assert found.object == ObjectRef("CustomResourceDefinition", "", "monitoring.coreos.com")
    assert (found.rule, found.cause) == ("crd-missing", "A11")
    assert "the Prometheus operator" in found.fix
    assert "PrometheusRule, ServiceMonitor" in found.message
    assert (found.field, found.value) == ("apiVersion", "monitoring.coreos.com/v1")


def test_a_defined_kind_is_fine_and_another_of_its_group_is_not() -> None:
    rule = MONITOR.replace("ServiceMonitor", "PrometheusRule")

    assert faults(missing_definitions, together(definition(), MONITOR)) == []
    [found] = faults(missing_definitions, together(definition(), rule))
    assert found.object.name == "prometheusrules.monitoring.coreos.com"


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("argoproj.io/v1alpha1", "Application"),
        ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
        ("route.openshift.io/v1", "Route"),
        ("apps/v1", "Deployment"),
        ("v1", "ConfigMap"),
        ("'${GROUP}/v1'", "Thing"),
        ("helm.cattle.io/v1", "HelmChartConfig"),
    ],
)
def test_kinds_of_kubernetes_platforms_and_engines_are_served(api: str, kind: str) -> None:
    text = f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: a}}"

    assert faults(missing_definitions, text) == []


def test_a_rollout_is_not_of_the_engine_itself() -> None:
    text = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: a}"

    assert len(faults(missing_definitions, text)) == 1


@pytest.mark.parametrize(
    "opener",
    [
        "apiVersion: operators.coreos.com/v1alpha1\nkind: Subscription\nmetadata: {name: p}",
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: prometheus}",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: operator}\n"
        "rules: [{apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], "
        "verbs: [create]}, {apiGroups: [monitoring.coreos.com], resources: ['*'], verbs: ['*']}]",
    ],
)
def test_what_may_bring_definitions_keeps_the_check_silent(opener: str) -> None:
    opened = [f for f in faults(missing_definitions, together(opener, MONITOR))
              if f.object.name == "monitoring.coreos.com"]  # fmt: skip

    assert opened == []


def test_an_operator_of_another_group_brings_nothing_here() -> None:
    operator = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: operator}\n"
        "rules: [{apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], "
        "verbs: [create]}]"
    )

    assert len(faults(missing_definitions, together(operator, MONITOR))) == 1


def test_a_chart_that_is_not_rendered_may_bring_definitions() -> None:
    chart = Unjudged(subject="Application argocd/prometheus", reason="a chart", namespace="m")

    assert faults(missing_definitions, MONITOR, unjudged=(chart,)) == []


def test_composite_and_constraint_definitions_bring_their_kinds() -> None:
    composite = (
        "apiVersion: apiextensions.crossplane.io/v1\nkind: CompositeResourceDefinition\n"
        "metadata: {name: x}\nspec: {group: acme.example.com, names: {kind: XDb}, "
        "claimNames: {kind: Db}}"
    )
    claim = "apiVersion: acme.example.com/v1\nkind: Db\nmetadata: {name: a}"
    template = (
        "apiVersion: templates.gatekeeper.sh/v1\nkind: ConstraintTemplate\nmetadata: {name: x}\n"
        "spec: {crd: {spec: {names: {kind: NeedsLabel}}}}"
    )
    constraint = (
        "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: NeedsLabel\nmetadata: {name: a}"
    )

    found = faults(missing_definitions, together(composite, claim, template, constraint))

    assert [f.object.name for f in found] == [
        "apiextensions.crossplane.io",
        "templates.gatekeeper.sh",
    ]


def test_a_misspelt_group_of_kubernetes_is_mended() -> None:
    text = "apiVersion: networking.k8s.oi/v1\nkind: Ingress\nmetadata: {name: a}"

    [found] = faults(missing_definitions, text)

    assert found.fix == "Set apiVersion to the group networking.k8s.io"


def test_the_product_of_a_group_is_found_by_its_last_parts() -> None:
    assert "Crossplane" in product_of("rds.aws.crossplane.io")
    assert product_of("acme.example.com") == ""


ROLE = (
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"
    "metadata: {name: reader, namespace: shop}"
)


def test_a_cluster_scoped_object_with_a_namespace_is_a_note() -> None:
    [found] = faults(cluster_scoped_with_namespace, ROLE)

    assert found.rule == "cluster-scoped-with-namespace"
    assert (found.field, found.value) == ("metadata.namespace", "shop")


def test_a_kind_that_is_defined_as_cluster_scoped_counts() -> None:
    text = together(definition(scope="Cluster"), MONITOR)

    kinds = [f.object.kind for f in faults(cluster_scoped_with_namespace, text)]
    assert "ServiceMonitor" in kinds


def test_a_namespace_that_the_engine_filled_in_is_no_finding() -> None:
    tree = Tree(documents={"role.yaml": objects(ROLE.replace(", namespace: shop", ""))})
    written = Tree(documents={"role.yaml": objects(ROLE)})

    assert faults(cluster_scoped_with_namespace, ROLE, tree=tree) == []
    assert len(faults(cluster_scoped_with_namespace, ROLE, tree=written)) == 1


def test_a_namespaced_object_may_have_a_namespace() -> None:
    assert faults(cluster_scoped_with_namespace, MONITOR) == []


CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}"
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}"
APPLICATION = ObjectRef("Application", "argocd", "shop")


def test_a_namespace_that_nobody_creates_is_one_fault_per_root() -> None:
    [found] = faults(missing_namespaces, together(CONFIG, CONFIG.replace("name: a", "name: b")))

    assert found.object == ObjectRef("Namespace", "", "shop")
    assert (found.rule, found.cause) == ("namespace-missing", "A12")
    assert found.fix == "Declare the Namespace shop"


def test_an_application_can_create_its_namespace() -> None:
    without = scope(source(CONFIG, deployer=APPLICATION))
    created = scope(source(CONFIG, deployer=APPLICATION, creates_namespace=True))
    elsewhere = scope(
        source(CONFIG, deployer=APPLICATION),
        source("", path="other", namespace="bank", deployer=APPLICATION, creates_namespace=True),
    )

    [found] = missing_namespaces(without)
    assert "CreateNamespace=true" in getattr(found, "fix", "")
    assert list(missing_namespaces(created)) == []
    assert len(list(missing_namespaces(elsewhere))) == 1


def test_a_declared_namespace_is_fine() -> None:
    assert faults(missing_namespaces, together(NAMESPACE, CONFIG)) == []


def test_a_namespace_of_a_sibling_is_fine() -> None:
    both = scope(source(CONFIG), source(NAMESPACE, path="namespaces", namespace=""))

    assert list(missing_namespaces(both)) == []


@pytest.mark.parametrize(
    "namespace", ["default", "kube-system", "argocd", "flux-system", "openshift-config"]
)
def test_namespaces_of_clusters_and_engines_exist(namespace: str) -> None:
    assert list(missing_namespaces(scope(source(CONFIG, namespace=namespace)))) == []


@pytest.mark.parametrize("namespace", ["", "${NAMESPACE}"])
def test_an_unknown_namespace_is_not_judged(namespace: str) -> None:
    assert list(missing_namespaces(scope(source(CONFIG, namespace=namespace)))) == []


def test_the_namespace_of_the_engines_objects_exists() -> None:
    home = {"kind": "Application", "apiVersion": "argoproj.io/v1alpha1",
            "metadata": {"name": "x", "namespace": "shop"}}  # fmt: skip

    assert list(missing_namespaces(scope(source(CONFIG), engine=(home,)))) == []


@pytest.mark.parametrize(
    "maker",
    [
        {"kind": "Application", "apiVersion": "argoproj.io/v1alpha1", "metadata": {"name": "x"},
         "spec": {"destination": {"namespace": "shop"},
                  "syncPolicy": {"syncOptions": ["CreateNamespace=true"]}}},
        {"kind": "HelmRelease", "apiVersion": "helm.toolkit.fluxcd.io/v2",
         "metadata": {"name": "x"},
         "spec": {"targetNamespace": "shop", "install": {"createNamespace": True}}},
        {"kind": "SubnamespaceAnchor", "apiVersion": "hnc.x-k8s.io/v1alpha2",
         "metadata": {"name": "shop", "namespace": "root"}},
    ],
)  # fmt: skip
def test_an_engines_object_may_create_the_namespace(maker: dict[str, Any]) -> None:
    assert list(missing_namespaces(scope(source(CONFIG), engine=(maker,)))) == []


def test_an_application_that_creates_no_namespace_is_none_of_them() -> None:
    maker = {"kind": "Application", "apiVersion": "argoproj.io/v1alpha1", "metadata": {"name": "x"},
             "spec": {"destination": {"namespace": "shop"}}}  # fmt: skip

    assert len(list(missing_namespaces(scope(source(CONFIG), engine=(maker,))))) == 1


def test_something_not_judged_may_create_the_namespace() -> None:
    chart = Unjudged(subject="Application argocd/x", reason="a chart", namespace="other")

    assert faults(missing_namespaces, CONFIG, unjudged=(chart,)) == []


KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n"


def applied(**more: Any) -> list[Any]:
    fields = {"deployer": ObjectRef("Application", "argocd", "infra"), "kind": SourceKind.PLAIN}
    root = source(KUSTOMIZATION, "infrastructure", **{**fields, **more})
    return list(applied_kustomizations(scope(root)))


def test_a_kustomization_that_a_directory_source_applies_is_a_defect() -> None:
    [found] = applied()

    assert (found.rule, found.severity) == ("crd-missing", Severity.DEFECT)
    assert found.object == ObjectRef("Application", "argocd", "infra")
    assert "a kustomization of infrastructure" in found.message


def test_a_kustomization_without_an_engine_or_below_another_is_no_manifest() -> None:
    assert applied(deployer=None) == []
    assert applied(kind=SourceKind.KUSTOMIZE) == []


@pytest.mark.parametrize(
    ("deployer", "namespace", "fix"),
    [
        (APPLICATION, "shop", "Add CreateNamespace=true"),
        (APPLICATION, "bank", "Declare the Namespace shop"),
        (ObjectRef("Kustomization", "flux-system", "shop"), "shop", "Declare the Namespace shop"),
    ],
)
def test_the_mend_of_a_missing_namespace_is_that_of_its_deployer(
    deployer: ObjectRef, namespace: str, fix: str
) -> None:
    one = Source(
        path="overlays/dev",
        objects=objects(CONFIG, "shop"),
        namespace=namespace,
        deployer=deployer,
    )

    [found] = missing_namespaces(scope(one))

    assert getattr(found, "fix", "").startswith(fix)


def test_a_cluster_scoped_object_needs_no_namespace() -> None:
    assert faults(missing_namespaces, ROLE) == []
