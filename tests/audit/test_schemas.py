from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.audit.catalogue import rules
from harness.audit.checks import schemas
from harness.audit.cluster_profile import ClusterProfile
from harness.audit.finding import Fault, Severity
from harness.audit.scope import Scope
from harness.audit.source import Source
from tests.audit.scopes import faults, scope

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: order}
spec:
  replicas: 2
  selector: {matchLabels: {app: order}}
  template:
    metadata: {labels: {app: order}}
    spec:
      containers:
        - name: order
          image: ghcr.io/musiccorp/order:1.4.2
          env: [{name: PORT, value: "8080"}]
          ports: [{name: http, containerPort: 8080}]
          resources: {limits: {cpu: 0.5, memory: 128Mi}, requests: {cpu: 100m}}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: order}
spec:
  selector: {app: order}
  ports: [{port: 80, targetPort: http}]
"""
POD = "spec.template.spec"
ORDER = f"{POD}.containers[order]"
CONTAINER = "image: ghcr.io/musiccorp/order:1.4.2"


def found(text: str, profile: ClusterProfile | None = None) -> list[Fault]:
    return [f for check in schemas.CHECKS for f in faults(check, text, **_given(profile))]


def _given(profile: ClusterProfile | None) -> dict[str, ClusterProfile]:
    return {} if profile is None else {"profile": profile}


def only(text: str, profile: ClusterProfile | None = None) -> Fault:
    (fault,) = found(text, profile)
    assert fault.source == "overlays/dev"
    return fault


def with_pod(line: str) -> str:
    return DEPLOYMENT.replace("      containers:", f"      {line}\n      containers:")


def with_container(line: str) -> str:
    return DEPLOYMENT.replace(CONTAINER, f"{CONTAINER}\n          {line}")


def at(version: str) -> ClusterProfile:
    return ClusterProfile(name="kind", version=version)


def test_a_sound_deployment_and_service_have_no_finding() -> None:
    assert found(DEPLOYMENT + "---" + SERVICE) == []


def test_a_misspelt_field_names_the_right_one() -> None:
    fault = only(with_pod("imagePullSecret: [{name: ghcr}]"))
    assert (fault.rule, fault.field) == ("unknown-field", f"{POD}.imagePullSecret")
    assert fault.fix == "Rename `imagePullSecret` to `imagePullSecrets`"
    assert (fault.cause, fault.expected) == ("R14", "`imagePullSecrets`")


@pytest.mark.parametrize("name", ["Type", "TYPE"])
def test_a_field_in_another_letter_case_is_unknown(name: str) -> None:
    assert only(f"{SERVICE}  {name}: NodePort").fix == f"Rename `{name}` to `type`"


def test_a_field_whose_neighbour_takes_another_shape_is_sent_below_it() -> None:
    text = SERVICE.replace("  selector", "  port: 80\n  selector")
    assert only(text).fix == "Move `port` to `spec.ports[0].port`"


def test_a_field_at_the_wrong_level_is_sent_where_it_belongs() -> None:
    fault = only(DEPLOYMENT.replace("  replicas: 2", "  imagePullSecrets: [{name: ghcr}]"))
    assert fault.fix == f"Move `imagePullSecrets` to `{POD}.imagePullSecrets`"


def test_a_reference_without_value_from_is_sent_there() -> None:
    fault = only(DEPLOYMENT.replace('value: "8080"', "secretKeyRef: {name: db, key: port}"))
    assert fault.fix.endswith(f"`{ORDER}.env[PORT].valueFrom.secretKeyRef`")


def test_the_backend_of_an_old_ingress_is_sent_to_its_new_fields() -> None:
    text = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  rules:
    - http:
        paths: [{path: /, pathType: Prefix, backend: {serviceName: order, servicePort: 80}}]
"""
    fixes = [f.fix for f in found(text)]
    assert "backend.service.name" in fixes[0]
    assert "backend.service.port.number" in fixes[1]


def test_a_field_that_several_parts_have_is_only_removed() -> None:
    assert only(with_pod("defaultMode: 420")).fix == "Remove `defaultMode`"


def test_a_misspelt_required_field_is_one_finding() -> None:
    text = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessMode: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
    assert only(text).fix == "Rename `accessMode` to `accessModes`"


def test_a_misplaced_required_field_is_one_finding() -> None:
    text = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: report}
spec: {schedule: "0 3 * * *", template: {spec: {}}}
"""
    assert only(text).fix == "Move `template` to `spec.jobTemplate.spec.template`"


def test_null_counts_as_absent_and_status_is_not_read() -> None:
    text = DEPLOYMENT.replace("  replicas: 2", "  replicas: null\n  nodeSelector: null")
    assert found(text + "status: {anything: 1}") == []
    assert only(with_container("name: null").replace("- name: order", "-")).rule == (
        "missing-required-field"
    )


@pytest.mark.parametrize("value", ["${REPLICAS}", "{{ .Values.replicas }}", "<REPLICAS>"])
def test_a_placeholder_is_not_judged(value: str) -> None:
    text = DEPLOYMENT.replace("replicas: 2", f'replicas: "{value}"').replace("128Mi", f'"{value}"')
    text = text.replace("name: http", f'name: "{value}", protocol: "{value}"')
    assert found(text) == []


def test_a_placeholder_as_key_and_a_directive_of_a_patch_are_no_fields() -> None:
    assert found(with_pod('"{{ key }}": 1\n      $patch: merge')) == []


def test_an_object_encrypted_with_sops_is_not_judged() -> None:
    assert (
        found("{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {a: 1}, sops: {}}") == []
    )


@pytest.mark.parametrize(
    ("text", "field", "fix"),
    [
        (DEPLOYMENT.replace('"8080"', "8080"), f"{ORDER}.env[PORT].value", 'value: "8080"'),
        (DEPLOYMENT.replace('"8080"', "true"), f"{ORDER}.env[PORT].value", 'value: "true"'),
        (DEPLOYMENT.replace('"8080"', "1.10"), f"{ORDER}.env[PORT].value", 'value: "..."'),
        (DEPLOYMENT.replace("replicas: 2", 'replicas: "2"'), "spec.replicas", "replicas: 2"),
        (DEPLOYMENT.replace("replicas: 2", "replicas: 2.5"), "spec.replicas", "a whole number"),
        (DEPLOYMENT.replace("replicas: 2", "replicas: 3000000000"), "spec.replicas", "smaller"),
        (with_pod('hostNetwork: "true"'), f"{POD}.hostNetwork", "hostNetwork: true"),
        (with_container("envFrom: {secretRef: {name: a}}"), f"{ORDER}.envFrom", "- "),
        (with_container("resources: []").replace("  resources: {", "  # {"), "", "without `- `"),
        (SERVICE.replace("http", "true"), "spec.ports[0].targetPort", "number or text"),
        (SERVICE.replace("app: order", "app: 1"), "spec.selector.app", '"1"'),
    ],
)
def test_a_wrong_type_has_one_edit(text: str, field: str, fix: str) -> None:
    fault = only(text)
    assert fault.rule == "wrong-type"
    assert fault.field.endswith(field)
    assert fix in fault.fix


def test_annotations_labels_and_config_data_are_text() -> None:
    text = """
apiVersion: v1
kind: ConfigMap
metadata: {name: app, labels: {version: 2}, annotations: {prometheus.io/port: 80}}
data: {port: 8080, nested: {a: 1}, off: null}
"""
    fields = [f.field for f in found(text)]
    annotation = "metadata.annotations[prometheus.io/port]"
    assert fields == ["metadata.labels.version", annotation, "data.port", "data.nested"]


def test_dates_are_text_and_integral_floats_are_integers() -> None:
    text = DEPLOYMENT.replace("replicas: 2", "replicas: 2.0")
    assert found(text + "---\n" + "{apiVersion: v1, kind: ConfigMap, "
                 "metadata: {name: a}, data: {day: 2026-01-01}}") == []  # fmt: skip


def test_the_value_of_a_secret_is_never_shown() -> None:
    secret = "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {pin: 4711}}"
    password = DEPLOYMENT.replace('name: PORT, value: "8080"', "name: DB_PASSWORD, value: 4711")
    for text in (secret, password):
        fault = only(text)
        assert "4711" not in f"{fault.message}{fault.expected}{fault.fix}{fault.value}"


def test_what_the_server_asks_for_and_fills_in_is_told_apart() -> None:
    binding = """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: a}
roleRef: {kind: Role, name: a}
subjects: [{kind: ServiceAccount, name: a}]
"""
    assert found(binding) == []
    fault = only(DEPLOYMENT.replace(CONTAINER, "stdin: true"))
    assert (fault.rule, fault.field, fault.cause) == (
        "missing-required-field",
        f"{ORDER}.image",
        "A13",
    )


@pytest.mark.parametrize(
    ("text", "field", "fix"),
    [
        (
            with_container("imagePullPolicy: ifNotPresent"),
            "imagePullPolicy",
            "Write `IfNotPresent`",
        ),
        (SERVICE + "  type: Nodeport", "spec.type", "Write `NodePort`"),
        (SERVICE + "  type: Public", "spec.type", "Write `ClusterIP` or `NodePort`"),
    ],
)
def test_an_unsupported_value_names_the_right_one(text: str, field: str, fix: str) -> None:
    fault = only(text)
    assert (fault.rule, fault.cause) == ("unsupported-value", "A13")
    assert fault.field.endswith(field)
    assert fault.fix.startswith(fix)


def test_an_empty_value_counts_as_absent() -> None:
    assert found(SERVICE + '  type: ""') == []


@pytest.mark.parametrize(("seen", "right"), [("512MB", "512M"), ("1g", "1G"), ("64mi", "64Mi")])
def test_a_quantity_with_a_wrong_unit_names_the_right_one(seen: str, right: str) -> None:
    fault = only(DEPLOYMENT.replace("128Mi", seen))
    assert (fault.rule, fault.fix) == ("invalid-quantity", f"Write `{right}`")


@pytest.mark.parametrize("value", ["1", "0.5", "500m", "1e3", "128Mi", "1.5Gi", ".5", "2k"])
def test_every_quantity_of_kubernetes_is_one(value: str) -> None:
    assert found(DEPLOYMENT.replace("128Mi", f'"{value}"')) == []


def test_a_newer_field_counts_only_for_a_target_that_was_named() -> None:
    text = with_container("restartPolicyRules: []")
    assert found(text) == []
    assert found(text, ClusterProfile(version="1.33")) == []
    assert found(text, at("1.36")) == []
    fault = only(text, at("1.33"))
    assert fault.rule == "field-of-another-version"
    assert "comes with Kubernetes 1.34" in fault.message
    assert rules()[fault.rule].severity is Severity.MISMATCH


def test_a_deprecated_field_names_what_took_its_place() -> None:
    fault = only(with_pod("serviceAccount: order"))
    assert (fault.rule, fault.fix) == ("deprecated-field", "Write `serviceAccountName`")


def _in(given: Scope) -> Iterator[Fault]:
    for check in schemas.CHECKS:
        yield from (f for f in check(given) if isinstance(f, Fault))


def test_a_kind_without_schema_is_not_judged() -> None:
    assert found("{apiVersion: kafka.strimzi.io/v1beta2, kind: Kafka, metadata: {name: A_b}}") == []


@pytest.mark.parametrize(
    "odd",
    [
        {"apiVersion": ["v1"], "kind": "Deployment", "metadata": [], "spec": 1},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": "x", "spec": [1]},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {1: 2, None: 3}, 4: 5},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": 7}, "data": {8: 9}},
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": 1},
        {},
    ],
)
def test_odd_input_is_never_an_error(odd: dict[Any, Any]) -> None:
    list(_in(scope(Source(path=".", objects=(odd,)))))


def test_only_a_hundred_misfits_of_an_object_are_said() -> None:
    many = {f"field{number}": 1 for number in range(1000)}
    odd = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": many}
    assert len(list(_in(scope(Source(path=".", objects=(odd,)))))) == 100
