from __future__ import annotations

import pytest

from harness.connectivity.inventory import Inventory
from harness.connectivity.resolution import Meaning, behind_alias, nearest, resolve
from tests.connectivity.objects import service, workload

KAFKA = workload("kafka", kind="StatefulSet", serviceName="kafka-headless", replicas=3)
HEADLESS = service("kafka-headless", selector={"app": "kafka"}, clusterIP="None")
OBJECTS = [
    KAFKA, HEADLESS, service("kafka"), service("dev-postgres"), service("api", namespace="other"),
]  # fmt: skip
INVENTORY = Inventory.of(OBJECTS)


def _service_of(host: str) -> str:
    found = resolve(host, "shop", INVENTORY)
    meta = (found.service or {}).get("metadata") or {}
    return f"{found.meaning} {meta.get('namespace')}/{meta.get('name')}"


@pytest.mark.parametrize(
    "host",
    [
        "kafka",
        "KAFKA",
        "kafka.shop",
        "kafka.shop.svc",
        "kafka.shop.svc.cluster.local",
        "kafka.shop.svc.cluster.local.",
    ],
)
def test_all_forms_of_a_services_name_mean_it(host: str) -> None:
    assert _service_of(host) == "service shop/kafka"


def test_a_service_of_another_namespace_needs_the_namespace() -> None:
    assert _service_of("api.other") == "service other/api"
    assert resolve("api", "shop", INVENTORY).meaning is Meaning.MISSING


@pytest.mark.parametrize(
    "host",
    [
        "kafka-0.kafka-headless",
        "kafka-2.kafka-headless.shop",
        "kafka-1.kafka-headless.shop.svc",
        "kafka-1.kafka-headless.shop.svc.cluster.local",
    ],
)
def test_a_pods_own_name_means_one_pod_of_the_headless_service(host: str) -> None:
    found = resolve(host, "shop", INVENTORY)
    assert _service_of(host) == "service shop/kafka-headless"
    assert found.pod is not None
    assert found.pod.ref.name == "kafka"


@pytest.mark.parametrize(
    "host",
    [
        "kafka-3.kafka-headless",  # three replicas: 0 to 2
        "kafka-0.kafka",  # not the governing Service
        "broker-0.kafka-headless",
        "kafka-0.kafka-headless.other.svc",
        "postgres",
        "postgres.shop",
        "postgres.shop.svc",
        "postgres.nowhere.svc.cluster.local",
        "kafka-0.brokers.shop",
        "kafka-0.postgres",
    ],
)
def test_a_name_that_only_a_service_could_have_is_missing(host: str) -> None:
    assert resolve(host, "shop", INVENTORY).meaning is Meaning.MISSING


@pytest.mark.parametrize(
    "host",
    [
        "api.stripe.com",
        "ghcr.io",
        "db.example.com",
        "kubernetes.default.svc",
        "kubernetes.default",
        "kube-dns.kube-system.svc.cluster.local",
        "a.b.c.d",
        "www.kafka",
        "files.example-0.org",
    ],
)
def test_names_outside_are_neither_needs_nor_missing(host: str) -> None:
    assert resolve(host, "shop", INVENTORY).meaning is Meaning.OUTSIDE


def test_built_in_services_are_outside_even_if_their_namespace_is_known() -> None:
    inventory = Inventory.of([workload("x", namespace="default")])
    assert resolve("kubernetes.default", "shop", inventory).meaning is Meaning.OUTSIDE
    assert resolve("other.default", "shop", inventory).meaning is Meaning.MISSING


def test_a_pod_with_host_name_and_subdomain_has_a_name() -> None:
    pod = {
        "kind": "Pod",
        "metadata": {"name": "one", "namespace": "shop", "labels": {"app": "kafka"}},
        "spec": {"hostname": "first", "subdomain": "kafka-headless"},
    }
    inventory = Inventory.of([pod, HEADLESS])
    assert resolve("first.kafka-headless", "shop", inventory).meaning is Meaning.SERVICE
    assert resolve("one.kafka-headless.shop", "shop", inventory).meaning is Meaning.MISSING


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "10.0.0.1", "::1", "x.localhost", ""])
def test_addresses_and_localhost_are_no_names(host: str) -> None:
    assert resolve(host, "shop", INVENTORY).meaning is Meaning.LOCAL


def test_ordinals_may_start_elsewhere_and_replicas_may_be_unsaid() -> None:
    late = workload(
        "kafka", kind="StatefulSet", serviceName="kafka-headless", replicas=1, ordinals={"start": 5}
    )
    inventory = Inventory.of([late, HEADLESS])
    assert resolve("kafka-5.kafka-headless", "shop", inventory).meaning is Meaning.SERVICE
    assert resolve("kafka-0.kafka-headless", "shop", inventory).meaning is Meaning.MISSING
    unsaid = Inventory.of(
        [workload("kafka", kind="StatefulSet", serviceName="kafka-headless"), HEADLESS]
    )
    assert resolve("kafka-7.kafka-headless", "shop", unsaid).meaning is Meaning.SERVICE


def test_a_service_with_an_address_gives_its_pods_no_names() -> None:
    inventory = Inventory.of([KAFKA, service("kafka-headless", selector={"app": "kafka"})])
    assert resolve("kafka-0.kafka-headless", "shop", inventory).meaning is Meaning.MISSING


def test_the_nearest_service_has_the_prefix_or_is_similar_or_elsewhere() -> None:
    assert nearest("postgres", "shop", INVENTORY) == "dev-postgres"
    assert nearest("kafka-headles", "shop", INVENTORY) == "kafka-headless"
    assert nearest("api", "shop", INVENTORY) == "api.other"
    assert nearest("zzz", "shop", INVENTORY) == ""


def test_an_alias_of_a_service_leads_to_it() -> None:
    alias = service("queue", type="ExternalName", externalName="kafka.shop.svc.cluster.local")
    inventory = Inventory.of([*OBJECTS, alias])
    assert behind_alias(alias, inventory)["metadata"]["name"] == "kafka"
    outside = service("mail", type="ExternalName", externalName="smtp.example.com")
    assert behind_alias(outside, inventory) is outside
