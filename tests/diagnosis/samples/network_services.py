"""Timelines of Services and host names that lead nowhere: N07, N08, N09 and R10."""
# ruff: noqa: E501 - texts of other programs are quoted as they are

from __future__ import annotations

from tests.diagnosis.sample import sample
from tests.diagnosis.samples.network_world import (
    BACKING,
    CATALOG,
    NO_NAME,
    ORDER,
    REFUSED,
    SPACE,
    corp,
    crash,
    database,
    env,
    kafka,
    ready,
    service,
)
from tests.diagnosis.world import World, container, running, waiting


@sample(
    ("N07", f"Service {SPACE}/catalog"),
    within=60,
    not_before=12,
    innocent=(CATALOG, ORDER),
    victims=(ORDER,),
)
def the_selector_of_a_service_has_a_typo() -> World:
    made = corp()
    ready(made, *BACKING, "catalog", "payment", "notification")
    made.declared = [
        d
        for d in made.declared
        if (d.object["kind"], d.object["metadata"]["name"]) != ("Service", "catalog")
    ]
    made.service("catalog", 80, {"app": "catalogg"}, at=1)
    made.workload("order", container("order", env=env(CATALOG_URL="http://catalog")), at=1)
    text = ("requests.exceptions.ConnectionError: HTTPConnectionPool(host='catalog', port=80): Max retries "
            "exceeded with url: /albums (Caused by NewConnectionError('<urllib3.connection.HTTPConnection "
            "object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused'))")  # fmt: skip
    crash(made, "order", text, 18, 36)
    return made


@sample(within=100)
def a_service_whose_pods_are_not_ready_is_no_fault() -> World:
    made = corp()
    ready(made, *BACKING, "payment", "notification")
    made.pod("catalog", 5, state=running(5), phase="Running")
    made.workload("order", container("order", env=env(CATALOG_URL="http://catalog")), at=1)
    crash(made, "order", "dial tcp 10.96.1.1:80: connect: connection refused", 18, 36)
    ready(made, "catalog", at=70)
    ready(made, "order", at=90)
    return made


@sample(
    ("N08", f"Service {SPACE}/postgres-order"),
    within=100,
    not_before=35,
    innocent=(ORDER,),
    victims=(ORDER,),
)
def a_target_port_on_which_nothing_listens() -> World:
    made = World(SPACE)
    database(made, "postgres-order", ports=[{"name": "postgres", "port": 5432, "targetPort": 5433}])
    service(made, "order", "postgres-order")
    kafka(made)
    ready(made, "postgres-order", "kafka")
    crash(made, "order", REFUSED.format("postgres-order", "10.96.20.15"), 20, 36, 64)
    return made


@sample(("N08", f"Service {SPACE}/postgres-order"), within=60, not_before=12, victims=(ORDER,))
def a_target_port_name_that_no_container_has() -> World:
    made = World(SPACE)
    database(made, "postgres-order", ports=[{"name": "db", "port": 5432, "targetPort": "pgsql"}])
    service(made, "order", "postgres-order")
    kafka(made)
    ready(made, "postgres-order", "kafka")
    crash(made, "order", REFUSED.format("postgres-order", "10.96.20.15"), 20, 36)
    return made


@sample(within=110)
def refusals_from_before_the_server_was_ready() -> World:
    made = World(SPACE)
    database(made, "postgres-order")
    service(made, "order", "postgres-order")
    kafka(made)
    ready(made, "kafka")
    crash(made, "order", REFUSED.format("postgres-order", "10.96.20.15"), 10, 20, 36)
    ready(made, "postgres-order", at=40)
    ready(made, "order", at=100)
    return made


@sample(("N09", ORDER), within=60, not_before=15)
def a_host_name_has_a_typo() -> World:
    made = corp()
    ready(made, *BACKING, "catalog", "payment", "notification")
    made.workload(
        "order", container("order", env=env(DB_HOST="postgres-ordr", DB_PORT="5432")), at=1
    )
    text = NO_NAME.format("postgres-ordr").replace(
        "Temporary failure in name resolution", "Name or service not known"
    )
    crash(made, "order", text, 20, 36)
    return made


@sample(("N09", f"ConfigMap {SPACE}/order-config"), within=60, not_before=15, victims=(ORDER,))
def a_host_name_in_a_config_map_has_a_typo() -> World:
    made = corp()
    ready(made, *BACKING, "catalog", "payment", "notification")
    made.config_map("order-config", DB_HOST="postgres-ordr", DB_PORT="5432")
    box = container("order", envFrom=[{"configMapRef": {"name": "order-config"}}])
    made.workload("order", box, at=1)
    crash(made, "order", "Error: getaddrinfo ENOTFOUND postgres-ordr", 20, 36)
    return made


@sample(("R10", f"Deployment {SPACE}/dev-order"), within=60, not_before=15)
def a_prefix_renamed_the_service_and_not_the_host_name() -> World:
    made = World(SPACE)
    database(made, "dev-postgres")
    ready(made, "dev-postgres")
    made.workload("dev-order", container("order", env=env(DB_HOST="postgres", DB_PORT="5432")))
    text = NO_NAME.format("postgres").replace(
        "Temporary failure in name resolution", "Name or service not known"
    )
    crash(made, "dev-order", text, 20, 36, box="order")
    return made


@sample(("N09", ORDER), within=70, not_before=30)
def an_init_container_waits_for_a_name_that_nothing_has() -> World:
    made = corp()
    ready(made, *BACKING, "catalog", "payment", "notification")
    wait = container(
        "wait-for-db",
        "busybox:1.37",
        command=["sh", "-c", "until nslookup postgres-ordr; do sleep 2; done"],
    )
    made.workload("order", container("order"), at=1, initContainers=[wait])
    made.pod("order", 10, state=waiting("PodInitializing"), init=running(10))
    return made


@sample(within=170)
def an_operator_makes_the_service_later() -> World:
    made = World(SPACE)
    made.declare(
        {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "orders"}}
    )
    service(made, "order", "orders-rw")
    kafka(made)
    ready(made, "kafka")
    crash(made, "order", "Error: getaddrinfo ENOTFOUND orders-rw", 20, 36)
    made.service("orders-rw", 5432, {"cnpg.io/cluster": "orders"}, at=100, declared=False)
    made.put({"kind": "Pod", "metadata": {"name": "orders-1", "namespace": SPACE, "labels": {"cnpg.io/cluster": "orders"}},
              "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}, 100)  # fmt: skip
    ready(made, "order", at=160)
    return made
