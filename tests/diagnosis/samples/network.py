"""Timelines in which the cluster cannot be asked for names: N01 and N02."""
# ruff: noqa: E501 - texts of other programs are quoted as they are

from __future__ import annotations

from tests.diagnosis.sample import sample
from tests.diagnosis.samples.network_world import (
    BACKING,
    CATALOG,
    DENY,
    NO_NAME,
    NOTIFICATION,
    ORDER,
    PAYMENT,
    SPACE,
    allow_dns,
    corp,
    crash,
    ready,
    replaced,
    without,
)
from tests.diagnosis.world import World, running


@sample(("N01", DENY), within=60, not_before=5, victims=(ORDER, CATALOG, PAYMENT, NOTIFICATION))
def section_4_11_allow_dns_is_deleted() -> World:
    made = corp(without("allow-dns"))
    ready(made, *BACKING)
    crash(made, "order", NO_NAME.format("postgres-order"), 12, 24, 50)
    crash(made, "catalog", NO_NAME.format("postgres-catalog"), 13, 25, 51)
    for name in ("payment", "notification"):
        text = ("%3|1732270000.123|FAIL|rdkafka#producer-1| [thrd:kafka-bootstrap:9092/bootstrap]: "
                "kafka-bootstrap:9092/bootstrap: Failed to resolve 'kafka-bootstrap:9092': Temporary "
                "failure in name resolution (after 5021ms in state CONNECT)")  # fmt: skip
        crash(made, name, text, 14, 27, 52)
    return made


@sample(("N01", DENY), within=60, not_before=5, victims=(ORDER, CATALOG))
def section_4_21_allow_dns_is_deleted_and_a_password_differs() -> World:
    made = corp(without("allow-dns"))
    made.secret("postgres-order-secret", "POSTGRES_PASSWORD", digest_POSTGRES_PASSWORD="aaaa")
    made.secret("order-secret", "DB_PASSWORD", digest_DB_PASSWORD="bbbb")
    ready(made, *BACKING)
    crash(made, "order", NO_NAME.format("postgres-order"), 12, 24, 50)
    crash(made, "catalog", NO_NAME.format("postgres-catalog"), 13, 25, 51)
    return made


@sample(("N01", DENY), within=90, not_before=12, victims=(ORDER, CATALOG))
def names_fail_and_the_services_only_say_that_they_cannot_connect() -> World:
    made = corp(without("allow-dns"))
    ready(made, *BACKING, "payment", "notification")
    crash(made, "order", "ERROR could not connect to the database, giving up", 12, 24, 50)
    crash(made, "catalog", "ERROR could not connect to the database, giving up", 13, 25, 51)
    return made


@sample(within=90)
def one_service_crashes_under_missing_names_without_a_word() -> World:
    made = corp(without("allow-dns"))
    ready(made, *BACKING, "payment", "notification", "catalog")
    made.pod("order", 12, state=running(12, started=False), phase="Running")
    return made


@sample(("N02", f"NetworkPolicy {SPACE}/allow-dns"), within=60, not_before=5, innocent=(DENY,))
def allow_dns_selects_its_namespace_by_a_label_that_it_lacks() -> World:
    made = corp(replaced(allow_dns({"name": "kube-system"})))
    ready(made, *BACKING)
    crash(made, "order", NO_NAME.format("postgres-order"), 12, 24, 50)
    crash(made, "catalog", NO_NAME.format("postgres-catalog"), 13, 25, 51)
    return made


@sample(within=100)
def the_cluster_resolver_is_not_ready_yet() -> World:
    """Names fail for everybody, and no policy is at fault."""
    made = corp()
    made.change(
        "Pod", "coredns-0f3a", 0.2, status={"conditions": [{"type": "Ready", "status": "False"}]}
    )
    ready(made, *BACKING)
    crash(made, "order", NO_NAME.format("postgres-order"), 12, 24)
    ready(made, "order", "catalog", "payment", "notification", at=60)
    return made
