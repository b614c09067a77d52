from __future__ import annotations

import pytest

from harness.audit.checks import apis, object_names, restart_policies, schemas
from harness.audit.cluster_profile import ClusterProfile
from harness.audit.finding import Fault
from harness.audit.schemas import forms
from tests.audit.scopes import faults

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: queues.musiccorp.example}
spec:
  group: musiccorp.example
  names: {kind: Queue}
  versions: [{name: v1beta1, served: false}, {name: v1, served: true}]
---
"""


def an_object(api_version: str, kind: str, name: str = "shop", more: str = "") -> str:
    return f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: {name!r}{more}}}\n"


def of_api(text: str, profile: ClusterProfile | None = None) -> list[Fault]:
    given = {} if profile is None else {"profile": profile}
    return [f for check in apis.CHECKS for f in faults(check, text, **given)]


@pytest.mark.parametrize(
    ("api_version", "kind", "instead"),
    [
        ("extensions/v1beta1", "Ingress", "networking.k8s.io/v1"),
        ("networking.k8s.io/v1beta1", "Ingress", "networking.k8s.io/v1"),
        ("policy/v1beta1", "PodDisruptionBudget", "policy/v1"),
        ("batch/v1beta1", "CronJob", "batch/v1"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "autoscaling/v2"),
        ("apps/v1beta2", "Deployment", "apps/v1"),
        ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", "flowcontrol.apiserver.k8s.io/v1"),
    ],
)
def test_a_removed_api_names_what_took_its_place(api_version: str, kind: str, instead: str) -> None:
    (fault,) = of_api(an_object(api_version, kind))
    assert (fault.rule, fault.cause, fault.expected) == ("removed-api", "A11", instead)
    assert (fault.field, fault.value) == ("apiVersion", api_version)


def test_a_removed_api_without_successor_is_to_be_removed() -> None:
    (fault,) = of_api(an_object("policy/v1beta1", "PodSecurityPolicy"))
    assert fault.fix.startswith("Remove it")


def test_an_api_that_goes_later_is_a_note_until_then() -> None:
    text = an_object("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema")
    (fault,) = of_api(text, ClusterProfile(version="1.31"))
    assert fault.rule == "deprecated-api"


def test_a_beta_version_beside_a_stable_one_is_deprecated() -> None:
    text = an_object("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy")
    (fault,) = of_api(text, ClusterProfile(version="1.32"))
    assert (fault.rule, fault.expected) == ("deprecated-api", "admissionregistration.k8s.io/v1")


def test_endpoints_are_deprecated_since_1_33() -> None:
    text = an_object("v1", "Endpoints")
    (fault,) = of_api(text)
    assert (fault.rule, fault.field) == ("deprecated-api", "apiVersion")
    assert fault.fix == "Use EndpointSlice of discovery.k8s.io/v1 instead"
    assert of_api(text, ClusterProfile(version="1.32")) == []


def test_a_kind_of_a_newer_kubernetes_counts_only_for_a_named_target() -> None:
    text = an_object("networking.k8s.io/v1", "ServiceCIDR")
    assert of_api(text, ClusterProfile(version="1.32")) == []
    (fault,) = of_api(text, ClusterProfile(name="kind", version="1.32"))
    assert (fault.rule, fault.expected) == ("api-of-another-version", "networking.k8s.io/v1beta1")


def test_a_kind_in_the_wrong_api_version_names_the_right_one() -> None:
    (fault,) = of_api(an_object("v1", "Deployment"))
    assert (fault.rule, fault.fix) == ("unknown-api", "Write `apiVersion: apps/v1`")


def test_a_misspelt_kind_names_the_right_one() -> None:
    (fault,) = of_api(an_object("apps/v1", "deployment"))
    assert (fault.field, fault.fix) == ("kind", "Write `kind: Deployment`")


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("apps/v1", "Deployment"),
        ("autoscaling/v1", "HorizontalPodAutoscaler"),
        ("v1", "Config"),
        ("gateway.networking.k8s.io/v1", "Gateway"),
        ("serving.knative.dev/v1", "Service"),
        ("kustomize.config.k8s.io/v1beta1", "Kustomization"),
        ("v1", "Unheardof"),
        ("{{ api }}", "Ingress"),
    ],
)
def test_good_and_foreign_apis_are_silent(api_version: str, kind: str) -> None:
    assert of_api(f"apiVersion: '{api_version}'\nkind: {kind}\nmetadata: {{name: a}}") == []


def test_a_version_that_the_crd_does_not_serve_is_a_defect() -> None:
    (fault,) = of_api(CRD + an_object("musiccorp.example/v1beta1", "Queue"))
    assert (fault.rule, fault.expected) == ("crd-version-not-served", "musiccorp.example/v1")
    assert of_api(CRD + an_object("musiccorp.example/v1", "Queue")) == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("ConfigMap", "My_Config"),
        ("ConfigMap", "-a"),
        ("Service", "1shop"),
        ("Service", "a.b"),
        ("Namespace", "a.b"),
        ("Secret", "x" * 254),
    ],
)
def test_a_name_that_the_server_refuses_is_a_defect(kind: str, name: str) -> None:
    (fault,) = faults(object_names.name_faults, an_object("v1", kind, name))
    assert (fault.rule, fault.field, fault.value) == ("invalid-name", "metadata.name", name)


@pytest.mark.parametrize(
    ("api_version", "kind", "name"),
    [
        ("v1", "ConfigMap", "a.b-c.1"),
        ("v1", "ConfigMap", "${NAME}"),
        ("v1", "Namespace", "_"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", "system:Shop_Reader"),
        ("batch/v1", "CronJob", "x" * 52),
        ("user.openshift.io/v1", "Identity", "ldap:Someone"),
    ],
)
def test_a_good_name_is_silent(api_version: str, kind: str, name: str) -> None:
    assert faults(object_names.name_faults, an_object(api_version, kind, name)) == []


def test_a_cron_job_has_52_characters_at_most() -> None:
    text = an_object("batch/v1", "CronJob", "x" * 53)
    (fault,) = faults(object_names.name_faults, text)
    assert "53 characters, 52 are allowed" in fault.message


def test_an_object_without_name_is_a_defect() -> None:
    (fault,) = faults(object_names.name_faults, "{apiVersion: v1, kind: Service, metadata: {}}")
    assert (fault.rule, fault.field) == ("missing-required-field", "metadata.name")
    named = "{apiVersion: batch/v1, kind: Job, metadata: {generateName: a-}}"
    assert faults(object_names.name_faults, named) == []


@pytest.mark.parametrize(
    ("labels", "is_right"),
    [
        ("app.kubernetes.io/name: shop", True),
        ("a: ''", True),
        ("a: '{{ x }}'", True),
        ("a: 'two words'", False),
        (f"a: {'x' * 64}", False),
        ("'a b': c", False),
        ("'a/b/c': d", False),
    ],
)
def test_labels_have_their_form(labels: str, *, is_right: bool) -> None:
    text = an_object("v1", "ConfigMap", "shop", f", labels: {{{labels}}}")
    found = [f.rule for f in faults(schemas.schema_faults, text)]
    assert found == ([] if is_right else ["invalid-label"])


def test_values_of_annotations_are_free() -> None:
    text = an_object("v1", "ConfigMap", "shop", f", annotations: {{a: '{'two words ' * 90}'}}")
    assert faults(schemas.schema_faults, text) == []


@pytest.mark.parametrize(
    ("judge", "right", "wrong"),
    [
        (forms.port_name, "http-1", "a-name-of-16-chr"),
        (forms.port_name, "grpc", "80"),
        (forms.port_name, "a-b", "a--b"),
        (forms.label_name, "order-1", "Order"),
        (forms.path_segment, "system:a", "a/b"),
        (forms.annotation_key, "Example.COM/Key", "a//b"),
    ],
)
def test_every_form_takes_the_right_and_refuses_the_wrong(
    judge: object, right: str, wrong: str
) -> None:
    assert callable(judge)
    assert judge(right) == ""
    assert judge(wrong) != ""


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        (
            an_object(
                "networking.k8s.io/v1",
                "Ingress",
                "a",
                ", annotations: {kubernetes.io/ingress.class: x}",
            ),
            "Set spec.ingressClassName",
        ),
        (
            an_object("v1", "Pod") + "spec: {nodeSelector: {beta.kubernetes.io/os: linux}}",
            "Select by kubernetes.io/os",
        ),
    ],
)
def test_a_deprecated_mark_names_what_took_its_place(text: str, instead: str) -> None:
    (fault,) = faults(object_names.deprecated_mark_faults, text)
    assert (fault.rule, fault.fix) == ("deprecated-field", instead)


def a_job(policy: str) -> str:
    spec = f"spec: {{template: {{spec: {{{policy} containers: [{{name: a, image: a:1}}]}}}}}}"
    return an_object("batch/v1", "Job") + spec


@pytest.mark.parametrize("policy", ["", "restartPolicy: Always,"])
def test_a_job_must_not_restart_for_ever(policy: str) -> None:
    (fault,) = faults(restart_policies.restart_policy_faults, a_job(policy))
    assert (fault.rule, fault.field) == ("unsupported-value", "spec.template.spec.restartPolicy")
    assert fault.fix == "Write `OnFailure` or `Never`"


@pytest.mark.parametrize("policy", ["restartPolicy: Never,", "restartPolicy: '${POLICY}',"])
def test_a_job_that_ends_or_is_not_known_is_silent(policy: str) -> None:
    assert faults(restart_policies.restart_policy_faults, a_job(policy)) == []


def test_the_pods_of_a_deployment_always_restart() -> None:
    text = (
        a_job("restartPolicy: Never,").replace("batch/v1", "apps/v1").replace("Job", "Deployment")
    )
    (fault,) = faults(restart_policies.restart_policy_faults, text)
    assert fault.fix == "Write `Always`"
    always = text.replace("Never", "Always")
    assert faults(restart_policies.restart_policy_faults, always) == []
