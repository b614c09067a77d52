"""Services and host names that lead nowhere: wording and edges of the network family."""
# ruff: noqa: E501 - texts of other programs are quoted as they are

from __future__ import annotations

from typing import Any

import pytest

from harness.diagnosis.rules.network.network_open_world import may_be_made
from harness.diagnosis.rules.network.network_ways import holder
from harness.model.refs import ObjectRef
from tests.diagnosis.readings import causes, facts_at, only, told
from tests.diagnosis.samples.network_world import (
    BACKING,
    REFUSED,
    SPACE,
    corp,
    crash,
    database,
    env,
    ready,
)
from tests.diagnosis.world import World, container, running

ABSENT = "Name or service not known"
ORDER = ObjectRef("Deployment", SPACE, "order")


def others_ready(made: World) -> World:
    ready(made, *BACKING, "catalog", "payment", "notification")
    return made


# Services


def test_a_service_with_pods_of_an_operator_selects_something() -> None:
    made = selector_typo()
    owner = {"kind": "Cluster", "name": "catalog", "controller": True}
    meta = {
        "name": "c-0",
        "namespace": SPACE,
        "labels": {"app": "catalogg"},
        "ownerReferences": [owner],
    }
    made.put({"kind": "Pod", "metadata": meta}, 2)

    assert "N07" not in told(made.diagnose(45))


def test_an_operator_may_still_make_the_pods_of_a_service() -> None:
    made = selector_typo()
    made.declare(
        {"apiVersion": "example.org/v1", "kind": "Catalog", "metadata": {"name": "catalog"}}
    )

    assert not made.diagnose(150).findings
    assert only(made.diagnose(200)).cause == "N07"


def test_a_service_with_endpoints_of_its_own_selects_nothing_on_purpose() -> None:
    made = selector_typo()
    labels = {"kubernetes.io/service-name": "catalog"}
    made.put({"kind": "EndpointSlice", "metadata": {"name": "catalog-x", "namespace": SPACE, "labels": labels},
              "endpoints": [{"addresses": ["10.0.0.4"]}]}, 2)  # fmt: skip

    assert "N07" not in causes(made.diagnose(45))


def test_the_nearest_workload_is_suggested_for_a_selector() -> None:
    found = only(selector_typo().diagnose(45))

    assert found.field == "spec.selector"
    assert found.fix == "set app: catalog in spec.selector of Service musiccorp-dev/catalog"


def selector_typo() -> World:
    made = others_ready(corp({}))
    kept = [
        d for d in made.declared if ObjectRef.of(d.object) != ObjectRef("Service", SPACE, "catalog")
    ]
    made.declared = kept
    made.service("catalog", 80, {"app": "catalogg"}, at=1)
    made.workload("order", container("order", env=env(CATALOG_URL="http://catalog")), at=1)
    crash(made, "order", "dial tcp: catalog:80: connect: connection refused", 18, 36)
    return made


def test_a_client_that_asks_a_port_the_service_does_not_offer_is_told_which_it_has() -> None:
    made = others_ready(corp({}))
    made.workload("order", container("order", env=env(CATALOG_URL="http://catalog:8080")), at=1)
    crash(made, "order", 'Get "http://catalog:8080/": dial tcp 10.96.1.1:8080: i/o timeout', 20)

    found = only(made.diagnose(21))

    assert (found.cause, found.object) == ("N08", ORDER)
    assert found.field.endswith("containers[order].env[CATALOG_URL]")
    assert found.fix.endswith("to 80")


def wrong_target(log: str = "", **box: Any) -> World:
    made = World(SPACE)
    made.workload("db", container("postgres", "postgres:17", **box), kind="StatefulSet")
    made.service("db", 5432, clusterIP="10.96.20.15", ports=[{"port": 5432, "targetPort": 5433}])
    made.workload("order", container("order", env=env(DB_HOST="db", DB_PORT="5432")))
    ready(made, "db")
    if log:
        made.log("db-0", "postgres", log, 9)
    return made


def test_a_number_that_nobody_declares_needs_a_server_that_says_where_it_listens() -> None:
    silent = wrong_target()
    telling = wrong_target('LOG:  listening on IPv4 address "0.0.0.0", port 5432')
    for made in (silent, telling):
        crash(made, "order", REFUSED.format("db", "10.96.20.15"), 20, 36, 64)

    assert "N08" not in causes(silent.diagnose(100))
    assert only(telling.diagnose(100)).fix.endswith("to 5432")


def test_a_number_is_wrong_only_where_a_refusal_is_told() -> None:
    made = wrong_target(ports=[{"containerPort": 5432}])
    crash(made, "order", "failed to connect to the database", 20, 36, 64)

    assert "N08" not in told(made.diagnose(100))


def test_a_server_that_is_not_ready_leads_nowhere_for_its_own_reason() -> None:
    made = wrong_target(ports=[{"containerPort": 5432}])
    made.pod("db", 9, state=running(9), phase="Running")
    made.change("StatefulSet", "db", 9, status={"readyReplicas": 0, "availableReplicas": 0})
    crash(made, "order", REFUSED.format("db", "10.96.20.15"), 20, 36, 64)

    assert "N08" not in told(made.diagnose(100))


def test_a_refusal_before_the_server_was_ready_is_no_wrong_port() -> None:
    made = wrong_target(ports=[{"containerPort": 5432}])
    made.pod("db", 9, state=running(9), phase="Running")
    made.change("StatefulSet", "db", 9, status={"readyReplicas": 0, "availableReplicas": 0})
    crash(made, "order", REFUSED.format("db", "10.96.20.15"), 12, 24, 40)
    ready(made, "db", at=42)

    assert "N08" not in told(made.diagnose(80))


# Names


def misnamed(text: str, host: str = "postgres-ordr", **declared: Any) -> World:
    made = others_ready(corp())
    for version, kind in declared.items():
        made.declare(
            {"apiVersion": version.replace("_", "."), "kind": kind, "metadata": {"name": "x"}}
        )
    made.workload("order", container("order", env=env(DB_HOST=host, DB_PORT="5432")), at=1)
    crash(made, "order", text, 20, 36)
    return made


def test_the_nearest_service_is_suggested_for_a_name() -> None:
    found = only(misnamed("getaddrinfo ENOTFOUND postgres-ordr").diagnose(21))

    assert found.fix == (
        "put postgres-order in place of postgres-ordr in "
        "spec.template.spec.containers[order].env[DB_HOST] of Deployment musiccorp-dev/order"
    )


def test_a_log_about_another_name_proves_nothing() -> None:
    found = misnamed("getaddrinfo ENOTFOUND api.example.org").diagnose(60)

    assert "N09" not in told(found)


def test_a_log_without_a_name_is_about_the_only_one_that_is_wrong() -> None:
    lone, one_of_two = misnamed("socket.gaierror: [Errno -2] " + ABSENT), corp()
    given = env(DB_HOST="postgres-ordr", DB_PORT="5432", CACHE_HOST="redsi", CACHE_PORT="6379")
    one_of_two.workload("order", container("order", env=given), at=1)
    others_ready(one_of_two)
    crash(one_of_two, "order", "socket.gaierror: [Errno -2] " + ABSENT, 20, 36)

    assert causes(lone.diagnose(40)) == {"N09"}
    assert "N09" not in causes(one_of_two.diagnose(40))


def test_a_longer_name_is_a_prefix_only_where_the_client_has_it_too() -> None:
    made = World(SPACE)
    database(made, "order-db")
    ready(made, "order-db")
    made.workload("web", container("web", env=env(DB_HOST="db", DB_PORT="5432")))
    crash(made, "web", "getaddrinfo ENOTFOUND db", 20, 36)

    assert only(made.diagnose(40)).cause == "N09"


def test_a_name_in_a_namespace_that_does_not_exist_is_wrong() -> None:
    made = misnamed(
        "getaddrinfo ENOTFOUND postgres-order.musiccorp-dve.svc", "postgres-order.musiccorp-dve.svc"
    )

    assert only(made.diagnose(45)).cause == "N09"


def test_a_name_in_a_namespace_that_is_there_and_not_looked_at_is_not_judged() -> None:
    made = misnamed("getaddrinfo ENOTFOUND login.identity.svc", "login.identity.svc")
    made.put({"kind": "Namespace", "metadata": {"name": "identity"}}, 0.1)

    assert "N09" not in told(made.diagnose(45))


@pytest.mark.parametrize(
    ("version", "open_world"),
    [("kafka.strimzi.io/v1beta2", True), ("apps/v1", False), ("v1", False),
     ("networking.k8s.io/v1", False), ("argoproj.io/v1alpha1", False)],
)  # fmt: skip
def test_objects_of_operators_keep_the_world_open(version: str, open_world: bool) -> None:
    made = World(SPACE)
    made.declare({"apiVersion": version, "kind": "Thing", "metadata": {"name": "x"}})

    assert may_be_made(facts_at(made, 1), SPACE) is open_world


@pytest.mark.parametrize(
    ("source", "kind", "field"),
    [
        ("containers[order].env[DB_HOST]", "Deployment", "spec.template.spec.containers[order].env[DB_HOST]"),
        (f"ConfigMap {SPACE}/order-config data[DB_HOST]", "ConfigMap", "data.DB_HOST"),
        (f"ConfigMap {SPACE}/order-config data[app.properties]", "ConfigMap", "data[app.properties]"),
        (f"Secret {SPACE}/order-db data[url]", "Secret", "data.url"),
    ],
)  # fmt: skip
def test_a_source_leads_to_the_object_that_holds_the_name(
    source: str, kind: str, field: str
) -> None:
    root, found = holder(ORDER, source, "spec.template.spec")

    assert (root.kind, found) == (kind, field)
