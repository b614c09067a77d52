"""Refused objects: the field by name, what would be right, and whose edit mends it."""

from __future__ import annotations

import pytest

from harness.diagnosis.rules.argocd.sync_results import named_field
from harness.model.finding import Finding
from tests.diagnosis.samples import admission
from tests.diagnosis.samples.admission import (
    IMMUTABLE_JOB,
    ORDER,
    declared_order,
    refused,
    result,
    retried,
)
from tests.diagnosis.samples.argocd import SERVER, project
from tests.diagnosis.world import World, container


def only(made: World, at: float = 5) -> Finding:
    (found,) = made.diagnose(at).findings
    return found


def test_a_container_is_named_and_not_counted() -> None:
    found = only(admission.an_image_is_missing())

    assert found.field == "spec.template.spec.containers[order].image"
    assert found.expected == "a value for spec.template.spec.containers[order].image"


def test_a_path_into_nothing_stays_as_it_is() -> None:
    obj = {"spec": {"ports": [{"port": 80}]}}

    assert named_field("spec.ports[0].name", obj) == "spec.ports[0].name"
    assert named_field("spec.ports[7].name", obj) == "spec.ports[7].name"
    assert named_field("a[0].b", None) == "a[0].b"


def test_supported_values_are_what_is_expected() -> None:
    text = (
        'Deployment.apps "order" is invalid: spec.template.spec.restartPolicy: Unsupported value: '
        '"Never": supported values: "Always"'
    )

    assert only(refused(declared_order(World()), result(text))).expected == 'one of "Always"'


def test_a_fixed_field_of_a_stateful_set_is_mended_without_its_pods() -> None:
    found = only(admission.a_claim_template_was_changed())

    assert found.fix.startswith("kubectl delete statefulset db -n shop --cascade=orphan")


def test_a_refusal_is_certain_while_it_is_retried_and_names_the_application_as_victim() -> None:
    found = only(admission.an_image_is_missing(), 4)

    assert [str(v) for v in found.victims] == ["Application argocd/shop"]
    assert found.first_seen < found.decided_at


def test_rights_that_lack_may_still_come() -> None:
    text = (
        'deployments.apps "order" is forbidden: User "system:serviceaccount:argocd:argocd-'
        'application-controller" cannot patch resource "deployments" in API group "apps" in the '
        'namespace "shop"'
    )
    made = retried(World(), result(text))

    assert not made.diagnose(40).findings
    found = only(made, 70)
    assert (found.cause, found.field) == ("A13", "")
    assert "rights" in found.expected


def test_without_a_run_nobody_deletes_a_changed_job() -> None:
    made = refused(World(), result(IMMUTABLE_JOB, "Job shop/seed", "batch"))
    made.revision = ""

    assert only(made, 4).cause == "A13"


def test_create_namespace_is_named_as_the_reason_for_the_kind() -> None:
    found = only(admission.a_fresh_cluster_and_a_namespace_the_project_does_not_permit())

    assert found.field == "spec.clusterResourceWhitelist"
    assert "CreateNamespace=true makes one" in found.seen
    assert found.fix == "add {group: '', kind: Namespace} to spec.clusterResourceWhitelist"


def test_another_kind_has_nothing_to_do_with_create_namespace() -> None:
    text = "resource apps:Deployment is not permitted in project shop"
    options = {"syncPolicy": {"syncOptions": ["CreateNamespace=true"]}}

    found = only(refused(World(), result(text), spec=options))

    assert found.field == "spec.namespaceResourceWhitelist"
    assert "CreateNamespace" not in found.seen
    assert "Deployment of apps" in found.seen


def test_a_project_that_permits_the_kind_by_now_gets_a_minute() -> None:
    made = project(World(), namespaceResourceWhitelist=[{"group": "apps", "kind": "*"}])
    text = "resource apps:Deployment is not permitted in project shop"
    retried(made, result(text), spec={"project": "shop"})

    assert not made.diagnose(55).findings
    assert only(made, 65).cause == "A08"


def test_the_namespaces_of_a_project_are_told() -> None:
    found = only(admission.one_object_is_in_a_namespace_outside_the_project())

    assert found.expected == "a namespace of the project: shop"


def test_a_removed_version_names_the_installed_one() -> None:
    found = only(admission.a_version_that_kubernetes_has_removed())

    assert (found.field, found.expected) == ("apiVersion", "apiVersion: policy/v1")


def test_a_misspelt_group_of_a_known_kind_names_the_right_one() -> None:
    text = (
        "The Kubernetes API could not find app/Deployment for requested resource shop/order. Make "
        'sure the "Deployment" CRD is installed on the destination cluster.'
    )

    found = only(refused(World(), result(text, group="app")))

    assert (str(found.object), found.fix) == (ORDER, "set apiVersion to apps/v1")


def test_a_kind_that_is_installed_by_now_is_no_cause() -> None:
    made = refused(
        declared_order(World()),
        result(admission.NO_CRD, admission.MONITOR, "monitoring.coreos.com"),
    )
    made.put({
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "servicemonitors.monitoring.coreos.com"},
        "spec": {"group": "monitoring.coreos.com", "names": {"kind": "ServiceMonitor"}},
    })  # fmt: skip

    assert not made.diagnose(30).findings


def test_a_namespace_that_is_misspelt_names_the_near_one() -> None:
    made = declared_order(World())
    text = 'namespaces "shopp" not found'

    found = only(refused(made, result(text, "Deployment shopp/order")))

    assert found.expected == "a namespace that exists (shop is near)"


def test_an_applications_own_namespace_is_made_by_argo_cd() -> None:
    made = declared_order(World())
    place = {"server": SERVER, "namespace": "shop-dev"}
    failed = result(admission.NO_NAMESPACE, "Deployment shop-dev/order")
    refused(made, failed, spec={"destination": place})

    assert only(made).fix == "add CreateNamespace=true to spec.syncPolicy.syncOptions of shop"


def test_another_namespace_is_declared_or_corrected() -> None:
    made = declared_order(World())
    refused(made, result(admission.NO_NAMESPACE, "Deployment shop-dev/order"))

    assert "metadata.namespace" in only(made).fix


def test_an_unknown_kind_is_told_by_its_version_too() -> None:
    text = 'no matches for kind "ServiceMonitor" in version "monitoring.coreos.com/v1"'
    made = refused(declared_order(World()), result(text, admission.MONITOR, ""))

    found = only(made)

    assert str(found.object) == admission.DEFINITION


def test_a_misspelt_group_names_the_one_that_others_use() -> None:
    made = declared_order(World())
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": "x"},
    }
    made.declare(rule)
    text = (
        "The Kubernetes API could not find monitoring.coreos.co/ServiceMonitor for requested "
        'resource shop/order. Make sure the "ServiceMonitor" CRD is installed.'
    )

    found = only(refused(made, result(text, admission.MONITOR, "monitoring.coreos.co")))

    assert found.fix == "set apiVersion to the group monitoring.coreos.com"


def test_the_only_refusal_is_quoted_when_nobody_knows_it() -> None:
    found = only(admission.an_object_is_refused_for_a_reason_nobody_knows(), 230)

    assert found.seen.endswith("failed after 6 tries: the widget server is in a bad mood")


def test_the_generic_text_takes_the_kind_from_the_object() -> None:
    text = "the server could not find the requested resource"
    made = declared_order(World())
    refused(made, result(text, "Policy shop/x", "security.test"))

    assert str(only(made).object) == "CustomResourceDefinition policies.security.test"


def test_five_objects_without_their_namespace_are_one_finding() -> None:
    made = declared_order(World())
    text = admission.NO_NAMESPACE
    refused(made, *(result(text, f"Deployment shop-dev/order-{n}") for n in range(5)))

    assert str(only(made).object) == "Namespace shop-dev"


def test_a_policy_is_quoted() -> None:
    assert "CPU and memory limits are required" in only(admission.a_policy_refuses()).seen


def test_a_webhook_whose_pods_come_up_is_waited_for() -> None:
    made = World("ingress-nginx")
    name = "ingress-nginx-controller"
    made.workload(name, container("controller"), at=1)
    made.pod(name, 2)
    made.service(f"{name}-admission", 443, selector={"app": name})
    retried(made, result(admission.WEBHOOK, "Ingress shop/order", "networking.k8s.io"))

    assert not [f for f in made.diagnose(160).findings if f.cause == "A15"]


@pytest.mark.parametrize("phase", ["Running", "Failed"])
def test_a_message_of_the_operation_is_read_where_no_object_is_named(phase: str) -> None:
    text = (
        "one or more synchronization tasks are not valid: resource :Namespace is not permitted in "
        "project shop"
    )

    found = only(refused(World(), text=text, phase=phase))

    assert (found.cause, str(found.object)) == ("A08", "AppProject argocd/shop")
