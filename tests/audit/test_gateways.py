"""Gateway API, and the routes of other products."""

from __future__ import annotations

import pytest

from harness.audit.checks import gateways
from harness.audit.checks.routes import callbacks, contour, istio, openshift, traefik
from harness.audit.finding import Severity
from harness.model.refs import ObjectRef
from tests.audit.pods import together
from tests.audit.scopes import faults

API = "gateway.networking.k8s.io/v1"
SERVICE = (
    "apiVersion: v1\nkind: Service\nmetadata: {name: catalog}\n"
    "spec: {ports: [{port: 80, name: web}]}"
)


def thing(api: str, kind: str, spec: str, name: str = "shop", notes: str = "") -> str:
    return (
        f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}, annotations: {{{notes}}}}}\n"
        f"spec: {{{spec}}}"
    )


def route(ref: str, kind: str = "HTTPRoute") -> str:
    return thing(API, kind, f"rules: [{{backendRefs: [{{{ref}}}]}}]")


@pytest.mark.parametrize("kind", ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"])
def test_a_route_to_a_service_that_nobody_declares_is_found(kind: str) -> None:
    [found] = faults(gateways.backends, route("name: catalog, port: 80", kind))

    assert found.object == ObjectRef("Service", "shop", "catalog")
    assert found.field == "spec.rules[0].backendRefs[0].name"


def test_a_route_to_a_port_that_the_service_lacks_is_a_defect() -> None:
    [found] = faults(gateways.backends, together(SERVICE, route("name: catalog, port: 81")))

    assert found.rule == "ingress-backend-port-missing"
    assert found.field == "spec.rules[0].backendRefs[0].port"


def test_a_backend_of_another_kind_or_that_exists_is_fine() -> None:
    assert faults(gateways.backends, together(SERVICE, route("name: catalog, port: 80"))) == []
    assert faults(gateways.backends, route("kind: ServiceImport, name: x")) == []
    assert faults(gateways.backends, route("group: acme.example.com, name: x")) == []


def test_a_backend_of_another_namespace_is_looked_up_there() -> None:
    [found] = faults(gateways.backends, together(SERVICE, route("name: catalog, namespace: bank")))

    assert found.object.namespace == "bank"


def test_a_mirror_is_a_backend() -> None:
    text = thing(
        API, "HTTPRoute", "rules: [{filters: [{requestMirror: {backendRef: {name: copy}}}]}]"
    )

    assert [f.object.name for f in faults(gateways.backends, text)] == ["copy"]


def child(parent: str) -> str:
    return thing(API, "HTTPRoute", f"parentRefs: [{{{parent}}}]")


GATEWAY = thing(API, "Gateway", "listeners: [{name: http}, {name: https}]", name="edge")


def test_a_parent_that_nobody_declares_is_found() -> None:
    [found] = faults(gateways.parents, child("name: edge"))

    assert (found.rule, found.object) == ("gateway-missing", ObjectRef("Gateway", "shop", "edge"))


def test_a_listener_that_the_parent_lacks_is_found() -> None:
    [found] = faults(gateways.parents, together(GATEWAY, child("name: edge, sectionName: htps")))

    assert found.rule == "gateway-listener-missing"
    assert found.fix.endswith("to https")


@pytest.mark.parametrize(
    "parent",
    ["name: edge", "name: edge, sectionName: http", "kind: Service, name: x, group: ''",
     "kind: ListenerSet, name: x", "group: acme.example.com, name: x", "name: '${GATEWAY}'"],
)  # fmt: skip
def test_parents_that_exist_or_are_of_another_kind_are_fine(parent: str) -> None:
    assert faults(gateways.parents, together(GATEWAY, child(parent))) == []


def certified(ref: str, notes: str = "") -> str:
    return thing(
        API, "Gateway", f"listeners: [{{tls: {{certificateRefs: [{{{ref}}}]}}}}]", notes=notes
    )


def test_a_certificate_that_nobody_makes_is_found() -> None:
    [found] = faults(gateways.certificates, certified("name: edge-tls"))

    assert found.rule == "ingress-tls-secret-missing"
    assert found.field == "spec.listeners[0].tls.certificateRefs[0].name"


def test_a_certificate_of_another_namespace_is_looked_up_there() -> None:
    [found] = faults(gateways.certificates, certified("name: edge-tls, namespace: certs"))

    assert found.object == ObjectRef("Secret", "certs", "edge-tls")


def test_cert_manager_makes_the_secret_of_an_annotated_gateway() -> None:
    text = certified("name: edge-tls", "cert-manager.io/cluster-issuer: letsencrypt")

    assert faults(gateways.certificates, text) == []
    assert faults(gateways.certificates, certified("kind: ConfigMap, name: x")) == []


def test_a_gateway_class_that_nobody_brings_is_found() -> None:
    text = thing(API, "Gateway", "gatewayClassName: envoy")
    declared = thing(API, "GatewayClass", "", name="envoy")

    assert [f.rule for f in faults(gateways.classes, text)] == ["gateway-class-missing"]
    assert faults(gateways.classes, together(text, declared)) == []


@pytest.mark.parametrize("name", ["istio", "cilium", "gke-l7-global-external-managed", "'${C}'"])
def test_classes_that_the_controller_makes_itself_are_fine(name: str) -> None:
    assert faults(gateways.classes, thing(API, "Gateway", f"gatewayClassName: {name}")) == []


def ingress_route(service: str, more: str = "", api: str = "traefik.io/v1alpha1") -> str:
    return thing(api, "IngressRoute", f"routes: [{{services: [{{{service}}}]}}]{more}")


@pytest.mark.parametrize("api", ["traefik.io/v1alpha1", "traefik.containo.us/v1alpha1"])
def test_a_traefik_route_leads_to_services(api: str) -> None:
    [found] = faults(traefik, ingress_route("name: catalog", api=api))

    assert found.field == "spec.routes[0].services[0].name"


@pytest.mark.parametrize(
    "service",
    ["name: catalog, port: 80", "name: catalog, port: web", "kind: TraefikService, name: x",
     "name: api@internal"],
)  # fmt: skip
def test_traefiks_own_services_and_existing_ones_are_fine(service: str) -> None:
    assert faults(traefik, together(SERVICE, ingress_route(service))) == []


def test_a_traefik_route_names_its_tls_secret() -> None:
    text = ingress_route("name: catalog", ", tls: {secretName: shop-tls}")

    assert [f.field for f in faults(traefik, together(SERVICE, text))] == ["spec.tls.secretName"]


def test_a_kind_of_that_name_of_another_product_is_not_judged() -> None:
    assert faults(traefik, ingress_route("name: x", api="acme.example.com/v1")) == []


def virtual(host: str, more: str = "") -> str:
    return thing(
        "networking.istio.io/v1",
        "VirtualService",
        f"http: [{{route: [{{destination: {{host: {host}, port: {{number: 80}}}}}}]}}]{more}",
    )


@pytest.mark.parametrize(
    "host", ["catalogs", "catalogs.shop.svc.cluster.local", "catalogs.shop.svc"]
)
def test_an_istio_destination_that_nobody_declares_is_found(host: str) -> None:
    [found] = faults(istio, together(SERVICE, virtual(host)))

    assert found.object == ObjectRef("Service", "shop", "catalogs")
    assert (found.field, found.value) == ("spec.http[0].route[0].destination.host", host)


@pytest.mark.parametrize(
    "host", ["catalog", "catalog.shop.svc.cluster.local", "api.example.com", "'*.example.com'"]
)
def test_istio_destinations_that_exist_or_are_outside_are_fine(host: str) -> None:
    assert faults(istio, together(SERVICE, virtual(host))) == []


def test_a_port_that_the_destination_lacks_is_found() -> None:
    text = together(SERVICE, virtual("catalog").replace("80", "81"))

    assert [f.rule for f in faults(istio, text)] == ["ingress-backend-port-missing"]


def test_a_host_of_a_service_entry_is_fine() -> None:
    entry = thing("networking.istio.io/v1", "ServiceEntry", "hosts: [legacy]")

    assert faults(istio, together(entry, virtual("legacy"))) == []


@pytest.mark.parametrize(
    ("gateway", "expected"), [("edge", 1), ("infra/edge", 1), ("mesh", 0), ("a.b.svc", 0)]
)
def test_a_virtual_service_is_attached_to_gateways(gateway: str, expected: int) -> None:
    found = faults(istio, together(SERVICE, virtual("catalog", f", gateways: [{gateway}]")))

    assert len(found) == expected
    assert all(f.rule == "gateway-missing" for f in found)


def test_contour_and_openshift_routes_lead_to_services() -> None:
    proxy = thing(
        "projectcontour.io/v1", "HTTPProxy", "routes: [{services: [{name: x, port: 80}]}]"
    )
    opened = thing("route.openshift.io/v1", "Route", "to: {kind: Service, name: x}")
    other = thing("route.openshift.io/v1", "Route", "to: {kind: Other, name: x}")

    assert [f.field for f in faults(contour, proxy)] == ["spec.routes[0].services[0].name"]
    assert [f.field for f in faults(openshift, opened)] == ["spec.to.name"]
    assert faults(openshift, other) == []


def webhook(namespace: str = "shop", name: str = "hook") -> str:
    return (
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\n"
        "metadata: {name: v}\nwebhooks: [{clientConfig: {service: "
        f"{{name: {name}, namespace: {namespace}}}}}}}]"
    )


def test_a_webhook_needs_its_service() -> None:
    [found] = faults(callbacks, webhook())

    assert (found.rule, found.cause) == ("webhook-service-missing", "A15")
    assert found.severity is Severity.PRECONDITION
    assert faults(callbacks, together(SERVICE, webhook(name="catalog"))) == []


def test_an_api_service_needs_its_service() -> None:
    aggregated = thing(
        "apiregistration.k8s.io/v1", "APIService", "service: {name: metrics, namespace: shop}"
    )
    local = thing("apiregistration.k8s.io/v1", "APIService", "version: v1")

    assert [f.field for f in faults(callbacks, aggregated)] == ["spec.service.name"]
    assert faults(callbacks, local) == []
