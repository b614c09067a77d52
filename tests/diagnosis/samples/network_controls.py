"""Timelines in which policies are right, or nobody suffers from them: nothing may be called failed."""
# ruff: noqa: E501 - texts of other programs are quoted as they are

from __future__ import annotations

from tests.diagnosis.sample import sample
from tests.diagnosis.samples.network_world import (
    BACKING,
    REFUSED,
    SPACE,
    TIMED_OUT,
    corp,
    crash,
    database,
    env,
    healthy_policies,
    kafka,
    ready,
    service,
    without,
)
from tests.diagnosis.world import World, container, running, waiting


@sample(within=200)
def policies_that_add_up_let_everything_through() -> World:
    made = corp()
    made.pod("postgres-order", 3, state=running(3), phase="Running")
    ready(made, "postgres-catalog", "kafka")
    crash(made, "order", REFUSED.format("postgres-order", "10.96.20.15"), 20, 36, 62)
    ready(made, "catalog", "payment", "notification", at=30)
    ready(made, "postgres-order", at=80)
    ready(made, "order", at=120)
    return made


@sample(within=120)
def one_early_time_out_before_the_policies_are_in_force() -> World:
    made = corp()
    ready(made, *BACKING)
    crash(made, "order", TIMED_OUT.format("postgres-order", "10.96.20.15"), 16)
    ready(made, "order", "catalog", "payment", "notification", at=40)
    return made


@sample(within=120)
def a_client_that_is_ready_refutes_what_the_simulation_says() -> World:
    """Policies are not enforced here, or the need is no need."""
    made = corp(without("allow-order-to-postgres-order"))
    ready(made, *BACKING, "order", "catalog", "payment", "notification")
    return made


@sample(within=90)
def a_sync_under_way_has_not_brought_all_policies_yet() -> World:
    made = World(SPACE)
    for obj in healthy_policies().values():
        made.declare(obj)
    made.put(healthy_policies()["default-deny-all"], 1)
    database(made, "postgres-order")
    kafka(made)
    service(made, "order", "postgres-order")
    ready(made, "postgres-order", "kafka")
    crash(made, "order", TIMED_OUT.format("postgres-order", "10.96.20.15"), 16)
    for obj in healthy_policies().values():
        made.put(obj, 30)
    ready(made, "order", at=50)
    return made


@sample(within=170)
def an_init_container_waits_behind_open_policies() -> World:
    made = corp()
    ready(made, "postgres-catalog", "kafka", "catalog", "payment", "notification")
    made.pod("postgres-order", 3, state=running(3), phase="Running")
    wait = container(
        "wait-for-db",
        "busybox:1.37",
        command=["sh", "-c", "until nc -z postgres-order 5432; do sleep 2; done"],
    )
    made.workload("order", container("order"), at=1, initContainers=[wait])
    made.pod("order", 10, state=waiting("PodInitializing"), init=running(10))
    ready(made, "postgres-order", at=150)
    ready(made, "order", at=160)
    return made


@sample(within=60)
def a_soft_need_is_blocked_while_the_service_starts() -> World:
    """It logs the time-out, goes on, and is ready within the budget of its start probe."""
    made = corp()
    ready(made, *BACKING, "catalog", "payment", "notification")
    probe = {
        "httpGet": {"path": "/livez", "port": 8080},
        "periodSeconds": 2,
        "failureThreshold": 60,
    }
    box = container("order", env=env(CATALOG_URL="http://catalog"), startupProbe=probe)
    made.workload("order", box, at=1)
    made.pod("order", 5, state=running(5, started=False), phase="Running")
    text = "WARN cannot warm up: dial tcp: catalog:80: i/o timeout"
    made.log("order-h1-abcde", "order", text, 16)
    ready(made, "order", at=58)
    return made


@sample(within=140)
def a_migration_moves_although_the_simulation_says_that_it_cannot() -> World:
    """A cluster that does not enforce policies: what moves is not blocked."""
    made = corp(without("allow-order-to-postgres-order", "allow-order-to-postgres-order-egress"))
    ready(made, *BACKING, "catalog", "payment", "notification")
    given = env(DB_HOST="postgres-order", DB_PORT="5432")
    migrate = container("migrate", "ghcr.io/musiccorp/musiccorp-order:1.4.0", env=given)
    made.workload("order", container("order"), at=1, initContainers=[migrate])
    made.pod("order", 10, state=waiting("PodInitializing"), init=running(10))
    words = ("albums", "customers", "orders", "items", "payments", "outbox", "indexes", "views")
    for n, word in enumerate(words):
        made.log("order-h1-abcde", "migrate", f"applying migration {word}", 12 + 14 * n)
    ready(made, "order", at=135)
    return made


@sample(within=200)
def a_name_in_a_namespace_that_nobody_looks_at() -> World:
    made = corp()
    ready(made, *BACKING, "catalog", "payment", "notification")
    auth = env(AUTH_URL="http://keycloak.identity:8080")
    made.workload("order", container("order", env=auth), at=1)
    made.put({"kind": "Namespace", "metadata": {"name": "identity"}}, 0.1)
    made.pod("order", 5, state=running(5, started=False), phase="Running")
    made.log("order-h1-abcde", "order", "WARN getaddrinfo ENOTFOUND keycloak.identity", 16)
    ready(made, "order", at=190)
    return made


@sample(within=200)
def pods_of_the_cluster_itself_are_not_the_repositorys_matter() -> World:
    made = corp()
    ready(made, *BACKING, "order", "catalog", "payment", "notification")
    probe = {"httpGet": {"path": "/nothing", "port": 8181}}
    made.put({
        "kind": "Pod", "metadata": {"name": "metrics-server", "namespace": "kube-system"},
        "spec": {"nodeName": "node-1", "containers": [{"name": "m", "readinessProbe": probe}]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}],
                   "containerStatuses": [{"name": "m", **running(2)}]},
    }, 2)  # fmt: skip
    for n in range(18):
        made.event("Pod", "metrics-server", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404",
                   10 + 10 * n, count=n + 1)  # fmt: skip
    return made
