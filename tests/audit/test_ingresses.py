"""Ingresses: backends and their ports, TLS Secrets, classes."""

from __future__ import annotations

import pytest

from harness.audit.checks.ingresses import backends, missing_classes
from harness.audit.checks.tls_secrets import of_ingresses
from harness.audit.cluster_profile import KIND, ClusterProfile
from harness.audit.finding import Severity
from harness.audit.source import Unjudged
from harness.model.refs import ObjectRef
from tests.audit.pods import together, workload
from tests.audit.scopes import faults, scope, source

CHART = Unjudged(subject="Application argocd/chart", reason="a chart")


def ingress(spec: str, notes: str = "") -> str:
    return (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
        f"metadata: {{name: shop, annotations: {{{notes}}}}}\nspec: {{{spec}}}"
    )


def routed(name: str = "catalog", port: str = "number: 80") -> str:
    backend = f"{{service: {{name: {name}, port: {{{port}}}}}}}"
    return ingress(f"rules: [{{http: {{paths: [{{backend: {backend}}}]}}}}]")


def service(spec: str = "ports: [{port: 80, name: http, targetPort: 8080}]") -> str:
    return f"apiVersion: v1\nkind: Service\nmetadata: {{name: catalog}}\nspec: {{{spec}}}"


PLACE = "spec.rules[0].http.paths[0].backend.service"
POD = workload("containers: [{name: a}]")


def test_a_backend_of_the_roots_own_namespace_that_nobody_declares_is_a_defect() -> None:
    [found] = faults(backends, together(routed(), POD))

    assert found.object == ObjectRef("Service", "shop", "catalog")
    assert (found.rule, found.severity) == ("ingress-backend-service-missing", Severity.DEFECT)
    assert (found.field, found.value) == (f"{PLACE}.name", "catalog")


def test_a_backend_beside_nothing_of_the_repository_is_expected_of_the_cluster() -> None:
    assert [f.severity for f in faults(backends, routed())] == [Severity.PRECONDITION]


def test_a_backend_that_an_operator_may_make_is_expected_of_the_cluster() -> None:
    custom = "apiVersion: acme.example.com/v1\nkind: Web\nmetadata: {name: frontend}"

    assert [f.severity for f in faults(backends, together(routed(), POD, custom))] == [
        Severity.PRECONDITION
    ]


def test_roots_without_engine_may_be_parts_so_only_the_own_root_counts() -> None:
    apart = scope(source(routed()), source(POD, path="overlays/dev/other"))
    deployer = ObjectRef("Application", "argocd", "shop")
    engine = scope(source(routed(), deployer=deployer), source(POD, path="other"))

    assert [getattr(f, "severity", None) for f in backends(apart)] == [Severity.PRECONDITION]
    assert [getattr(f, "severity", None) for f in backends(engine)] == [Severity.DEFECT]


def test_a_misspelt_backend_is_mended_by_the_nearest_name() -> None:
    [found] = faults(backends, together(routed("catalogs"), service()))

    assert found.fix == f"Set {PLACE}.name of Ingress shop/shop to catalog"


@pytest.mark.parametrize("port", ["number: 80", "name: http", ""])
def test_a_backend_with_a_port_of_the_service_is_fine(port: str) -> None:
    assert faults(backends, together(service(), routed(port=port))) == []


@pytest.mark.parametrize(
    ("port", "field", "value"),
    [("number: 8080", "number", "8080"), ("name: web", "name", "web")],
)
def test_a_port_that_the_service_lacks_is_a_defect(port: str, field: str, value: str) -> None:
    [found] = faults(backends, together(service(), routed(port=port)))

    assert (found.rule, found.severity) == ("ingress-backend-port-missing", Severity.DEFECT)
    assert (found.field, found.value) == (f"{PLACE}.port.{field}", value)
    assert "80" in found.message
    assert found.cause == "N08"


@pytest.mark.parametrize(
    "spec", ["type: ExternalName, ports: [{port: 1}]", "", "ports: [{port: '${P}'}]"]
)
def test_the_ports_of_some_services_are_not_known(spec: str) -> None:
    assert faults(backends, together(service(spec), routed())) == []


def test_a_default_backend_counts() -> None:
    text = ingress("defaultBackend: {service: {name: catalog}}")

    [found] = faults(backends, text)

    assert found.field == "spec.defaultBackend.service.name"


def test_the_old_api_names_the_service_directly() -> None:
    text = ingress(
        "rules: [{http: {paths: [{backend: {serviceName: catalog, servicePort: 81}}]}}]"
    ).replace("networking.k8s.io/v1", "extensions/v1beta1")

    [found] = faults(backends, together(service(), text))

    assert found.field == "spec.rules[0].http.paths[0].backend.servicePort"


@pytest.mark.parametrize("port", ["name: use-annotation", "number: 80"])
def test_an_action_of_the_aws_controller_is_no_service(port: str) -> None:
    found = faults(backends, routed("ssl-redirect", port))

    assert len(found) == (0 if "annotation" in port else 1)


def test_a_service_of_a_chart_or_of_an_operator_is_not_judged() -> None:
    cluster = "apiVersion: kafka.strimzi.io/v1beta2\nkind: Kafka\nmetadata: {name: k}"

    assert faults(backends, routed(), unjudged=(CHART,)) == []
    assert faults(backends, together(cluster, routed("k-kafka-bootstrap"))) == []


def test_a_backend_that_is_no_service_is_not_judged() -> None:
    text = ingress("defaultBackend: {resource: {kind: Bucket, name: x}}")

    assert faults(backends, text) == []


TLS = "tls: [{hosts: [a.example.com], secretName: shop-tls}]"


def test_a_tls_secret_that_nobody_makes_is_found() -> None:
    [found] = faults(of_ingresses, ingress(TLS))

    assert found.object == ObjectRef("Secret", "shop", "shop-tls")
    assert (found.rule, found.severity) == ("ingress-tls-secret-missing", None)
    assert found.field == "spec.tls[0].secretName"


@pytest.mark.parametrize(
    "notes",
    ["cert-manager.io/cluster-issuer: letsencrypt", "cert-manager.io/issuer: own",
     "kubernetes.io/tls-acme: 'true'"],
)  # fmt: skip
def test_cert_manager_makes_the_secret_of_an_annotated_ingress(notes: str) -> None:
    assert faults(of_ingresses, ingress(TLS, notes)) == []


def test_an_annotation_that_is_switched_off_makes_nothing() -> None:
    assert len(faults(of_ingresses, ingress(TLS, "kubernetes.io/tls-acme: 'false'"))) == 1


def test_the_controllers_own_certificate_needs_no_secret() -> None:
    assert faults(of_ingresses, ingress("tls: [{hosts: [a.example.com]}]")) == []


def test_a_certificate_makes_the_secret() -> None:
    certificate = (
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c}\n"
        "spec: {secretName: shop-tls}"
    )

    assert faults(of_ingresses, together(certificate, ingress(TLS))) == []


def test_a_replicated_secret_is_in_every_namespace() -> None:
    mark = "reflector.v1.k8s.emberstack.com/reflection-auto-enabled: 'true'"
    wildcard = (
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c}\nspec: "
        f"{{secretName: shop-tls, secretTemplate: {{annotations: {{{mark}}}}}}}"
    )
    both = scope(source(ingress(TLS)), source(wildcard, namespace="cert-manager"))
    unmarked = scope(source(ingress(TLS)), source(wildcard.replace("true", "false"), namespace="c"))

    assert list(of_ingresses(both)) == []
    assert len(list(of_ingresses(unmarked))) == 1


def test_a_tls_secret_without_its_key_is_a_defect() -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: shop-tls}\nstringData: {tls.crt: a}"

    [found] = faults(of_ingresses, together(secret, ingress(TLS)))

    assert found.severity is Severity.DEFECT
    assert "tls.key" in found.message


def test_a_delegated_secret_stands_in_its_own_namespace() -> None:
    [found] = faults(of_ingresses, ingress(TLS.replace("shop-tls", "certs/shop-tls")))

    assert found.object == ObjectRef("Secret", "certs", "shop-tls")


CLASS = "ingressClassName: nginx"
OLD_CLASS = "kubernetes.io/ingress.class: nginx"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (ingress(CLASS), "spec.ingressClassName"),
        (ingress("", OLD_CLASS), "metadata.annotations[kubernetes.io/ingress.class]"),
    ],
)
def test_a_class_that_nobody_brings_is_expected_of_the_cluster(text: str, field: str) -> None:
    [found] = faults(missing_classes, text)

    assert found.object == ObjectRef("IngressClass", "", "nginx")
    assert (found.field, found.cause) == (field, "N14")
    assert found.severity is Severity.PRECONDITION


def test_kind_has_no_ingress_class() -> None:
    [found] = faults(missing_classes, ingress(CLASS), profile=KIND)

    assert found.severity is Severity.MISMATCH
    assert "kind does not have" in found.message


def test_no_class_and_a_placeholder_are_fine() -> None:
    assert faults(missing_classes, ingress("")) == []
    assert faults(missing_classes, ingress("ingressClassName: '${CLASS}'")) == []


def test_a_declared_class_and_one_that_a_chart_may_bring_are_fine() -> None:
    declared = "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: nginx}"

    assert faults(missing_classes, together(declared, ingress(CLASS))) == []
    assert faults(missing_classes, ingress(CLASS), unjudged=(CHART,)) == []


def test_a_declared_controller_that_answers_to_the_class_is_fine() -> None:
    controller = workload("containers: [{name: c, args: [run, --ingress-class=nginx]}]")

    assert faults(missing_classes, together(controller, ingress("", OLD_CLASS))) == []


@pytest.mark.parametrize(
    ("ports", "port", "seen", "mended"),
    [
        ("{port: 80}", "number: 5000", "has port 80", "to 80"),
        ("{port: 80}, {port: 443}", "number: 5000", "has ports 443, 80", "a port of the Service"),
        ("{port: 80, name: http}", "name: https", "named http", "to http"),
        ("{port: 80}", "name: web", "named none", "a port of the Service"),
    ],
)
def test_the_ports_that_a_service_has_are_told(
    ports: str, port: str, seen: str, mended: str
) -> None:
    [found] = faults(backends, together(service(f"ports: [{ports}]"), routed(port=port)))

    assert seen in found.message
    assert mended in found.fix
    assert "80" in found.expected or "http" in found.expected


def test_a_knative_service_has_no_ports_to_judge() -> None:
    knative = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: catalog}"

    assert faults(backends, together(knative, routed())) == []


def test_a_port_that_is_a_placeholder_is_not_judged() -> None:
    assert faults(backends, together(service(), routed(port="name: '${PORT}'"))) == []


def test_declared_classes_are_told() -> None:
    declared = "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: traefik}"

    [found] = faults(missing_classes, together(declared, ingress(CLASS)))

    assert found.expected == "a class that exists: traefik"


def test_a_class_that_the_target_has_is_fine() -> None:
    target = ClusterProfile(name="own", ingress_classes=frozenset({"nginx"}))

    assert faults(missing_classes, ingress(CLASS), profile=target) == []
