"""Timelines of policies that forbid what a workload needs: N03 to N06 and K08."""
# ruff: noqa: E501 - texts of other programs are quoted as they are

from __future__ import annotations

from tests.diagnosis.sample import sample
from tests.diagnosis.samples.network_world import (
    BACKING,
    CATALOG,
    DENY,
    NO_BROKER,
    NOTIFICATION,
    ORDER,
    PAYMENT,
    SETUP_TIMEOUT,
    SPACE,
    TIMED_OUT,
    Object,
    allow,
    corp,
    crash,
    env,
    healthy_policies,
    kafka_internal,
    policy,
    ready,
    replaced,
    rule,
    without,
)
from tests.diagnosis.world import World, container, crashed, running, waiting


@sample(
    ("K08", f"NetworkPolicy {SPACE}/allow-kafka-internal"), within=140, not_before=20,
    innocent=(f"StatefulSet {SPACE}/kafka", ORDER), victims=(ORDER, PAYMENT, NOTIFICATION),
)  # fmt: skip
def section_4_12_kafka_internal_lacks_the_controller_port() -> World:
    made = corp(replaced(kafka_internal(9092)), brokers=3)
    ready(made, "postgres-order", "postgres-catalog", "catalog")
    for n in range(3):
        pod = f"kafka-{n}"
        for life, begin in enumerate((3, 72)):
            made.pod("kafka", begin, name=pod, state=running(begin, restarts=life), phase="Running")
            made.log(
                pod, "kafka", SETUP_TIMEOUT.format(30).partition("\n")[0], begin + 30, restarts=life
            )
            end = begin + 66
            made.pod("kafka", end, name=pod, state=crashed(end, restarts=life + 1), phase="Running")
            made.log(
                pod, "kafka", SETUP_TIMEOUT.format(59), end + 0.5, previous=True, restarts=life + 1
            )
    for name in ("order", "payment", "notification"):
        crash(made, name, NO_BROKER, 30, 62, 110)
    return made


@sample(("N05", f"NetworkPolicy {SPACE}/allow-order-to-postgres-order"), within=60, not_before=15,
        innocent=(ORDER, DENY), victims=(ORDER,))  # fmt: skip
def the_overlay_adds_labels_to_policies_alone() -> World:
    """commonLabels reached the policy's peers and not the Deployment's template."""
    labels = {"app": "order", "tier": "shop"}
    made = corp(replaced(*allow("order", "postgres-order", 5432, labels=labels)))
    ready(made, *BACKING, "catalog", "payment", "notification")
    crash(made, "order", TIMED_OUT.format("postgres-order", "10.96.20.15"), 20, 36)
    return made


@sample(("N06", DENY), within=60, not_before=15, innocent=(ORDER,), victims=(ORDER,))
def the_egress_policy_of_a_client_is_missing() -> World:
    made = corp(without("allow-order-to-postgres-order-egress"))
    ready(made, *BACKING, "catalog", "payment", "notification")
    crash(made, "order", TIMED_OUT.format("postgres-order", "10.96.20.15"), 20, 36)
    return made


@sample(
    ("N04", f"NetworkPolicy {SPACE}/allow-order-to-catalog"),
    within=60,
    not_before=12,
    victims=(ORDER,),
)
def a_policy_names_the_port_of_the_service() -> World:
    policies = {p["metadata"]["name"]: p for p in allow("order", "catalog", 8080)}
    policies |= {p["metadata"]["name"]: p for p in allow("order", "catalog", 80)[:1]}
    made = corp({**healthy_policies(), **policies})
    ready(made, *BACKING, "catalog", "payment", "notification")
    made.workload(
        "order",
        container("order", env=env(CATALOG_URL="http://catalog", DB_HOST="postgres-order")),
        at=1,
    )
    text = ("requests.exceptions.ConnectTimeout: HTTPConnectionPool(host='catalog', port=80): Max retries "
            "exceeded with url: /readyz (Caused by ConnectTimeoutError(<urllib3.connection.HTTPConnection "
            "object at 0x7f>, 'Connection to catalog timed out. (connect timeout=5)'))")  # fmt: skip
    crash(made, "order", text, 18, 36)
    return made


@sample(
    ("N03", f"NetworkPolicy {SPACE}/allow-order-to-metrics"),
    within=60,
    not_before=12,
    victims=(ORDER,),
)
def a_pod_selector_alone_means_its_own_namespace() -> World:
    egress = policy(
        "allow-order-to-metrics", {"app": "order"}, egress=[rule("to", {"app": "metrics"}, 9091)]
    )
    made = corp({**healthy_policies(), "x": egress})
    made._list("Service", "monitoring")
    labels = {"kubernetes.io/metadata.name": "monitoring"}
    made.put({"kind": "Namespace", "metadata": {"name": "monitoring", "labels": labels}}, 0.1)
    metrics: Object = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "metrics", "namespace": "monitoring", "generation": 1},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "metrics"}}, "template": {
            "metadata": {"labels": {"app": "metrics"}},
            "spec": {"containers": [{"name": "metrics", "ports": [{"containerPort": 9091}]}]}}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1},
    }  # fmt: skip
    made.put(metrics, 0.2)
    made.put({"kind": "Service", "metadata": {"name": "metrics", "namespace": "monitoring"},
              "spec": {"selector": {"app": "metrics"}, "ports": [{"port": 9091}]}}, 0.2)  # fmt: skip
    ready(made, *BACKING, "catalog", "payment", "notification")
    made.workload(
        "order", container("order", env=env(PUSH_URL="http://metrics.monitoring:9091")), at=1
    )
    text = "dial tcp: metrics.monitoring:9091: i/o timeout\npanic: dial tcp 10.96.88.1:9091: i/o timeout"
    crash(made, "order", text, 20, 45)
    return made


@sample(
    ("N05", f"NetworkPolicy {SPACE}/allow-order-to-postgres-order"),
    ("N05", f"NetworkPolicy {SPACE}/allow-catalog-to-postgres-catalog"),
    within=60, not_before=15, innocent=(DENY, ORDER, CATALOG),
)  # fmt: skip
def two_policies_are_broken_apart_from_each_other() -> World:
    made = corp(replaced(
        *allow("order", "postgres-order", 5432, labels={"app": "ordr"}),
        *allow("catalog", "postgres-catalog", 5432, labels={"app": "catalogue"}),
    ))  # fmt: skip
    ready(made, *BACKING, "payment", "notification")
    crash(made, "order", TIMED_OUT.format("postgres-order", "10.96.20.15"), 20, 36)
    crash(made, "catalog", TIMED_OUT.format("postgres-catalog", "10.96.20.16"), 21, 37)
    return made


@sample(("N05", DENY), within=70, not_before=30, victims=(ORDER,))
def an_init_container_waits_behind_a_policy() -> World:
    made = corp(without("allow-order-to-postgres-order", "allow-order-to-postgres-order-egress"))
    ready(made, *BACKING, "catalog", "payment", "notification")
    wait = container(
        "wait-for-db",
        "busybox:1.37",
        command=["sh", "-c", "until nc -z postgres-order 5432; do sleep 2; done"],
    )
    made.workload("order", container("order"), at=1, initContainers=[wait])
    made.pod("order", 10, state=waiting("PodInitializing"), init=running(10))
    return made


@sample(("N05", DENY), within=130, not_before=55, victims=(ORDER,))
def a_blocked_service_answers_503_and_says_nothing() -> World:
    made = corp(without("allow-order-to-postgres-order", "allow-order-to-postgres-order-egress"))
    ready(made, *BACKING, "catalog", "payment", "notification")
    made.pod("order", 12, state=running(12), phase="Running")
    for n in range(22):
        made.event("Pod", "order-h1-abcde", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503",
                   20 + 5 * n, count=n + 1)  # fmt: skip
    return made


@sample(("B02", f"StatefulSet {SPACE}/postgres-order"), within=150, innocent=(DENY, ORDER))
def the_server_behind_a_policy_has_a_fault_of_its_own() -> World:
    """The way is cut too, but that cannot be seen before the database works."""
    made = corp(without("allow-order-to-postgres-order", "allow-order-to-postgres-order-egress"))
    probe = {"httpGet": {"path": "/nothing", "port": 8008}}
    made.workload(
        "postgres-order",
        container("postgres", "postgres:17", readinessProbe=probe),
        kind="StatefulSet",
        at=1,
    )
    ready(made, "postgres-catalog", "kafka", "catalog", "payment", "notification")
    made.pod("postgres-order", 5, state=running(5), phase="Running")
    for n in range(14):
        made.event("Pod", "postgres-order-0", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404",
                   12 + 10 * n, count=n + 1)  # fmt: skip
    crash(made, "order", "waiting for postgres-order:5432", 20, 36)
    return made


@sample(("N05", f"NetworkPolicy {SPACE}/allow-order-to-postgres-order"), within=100, not_before=40)
def a_plain_namespace_without_a_repository() -> World:
    """`harness diagnose`: nothing is declared, so it takes a little longer."""
    made = corp(replaced(*allow("order", "postgres-order", 5432, labels={"app": "ordr"})))
    made.declared.clear()
    ready(made, *BACKING, "catalog", "payment", "notification")
    crash(made, "order", TIMED_OUT.format("postgres-order", "10.96.20.15"), 20, 36)
    return made


@sample(("N05", f"NetworkPolicy {SPACE}/allow-order-to-kafka"), within=60, not_before=15,
        victims=(ORDER, PAYMENT), innocent=(DENY,))  # fmt: skip
def two_clients_suffer_from_one_policy() -> World:
    """Of three replicas and of another service: one object to change, one finding."""
    both = policy(
        "allow-order-to-kafka", {"app": "kafka"}, ingress=[rule("from", {"group": "clients"}, 9092)]
    )
    made = corp({**without("allow-payment-to-kafka"), "allow-order-to-kafka": both})
    ready(made, *BACKING, "catalog", "notification")
    text = ("%4|1732270000.123|FAIL|rdkafka#producer-1| [thrd:kafka-bootstrap:9092/bootstrap]: "
            "kafka-bootstrap:9092/bootstrap: Connection setup timed out in state CONNECT (after 30029ms in "
            "state CONNECT)\ncimpl.KafkaException: KafkaError{code=_TRANSPORT}")  # fmt: skip
    for n in range(3):
        crash(made, "order", text, 20 + n, 38 + n, pod=f"order-h1-{n}")
    crash(made, "payment", text, 21, 39)
    return made


@sample(
    ("N06", f"NetworkPolicy {SPACE}/allow-order-to-postgres-order-egress"),
    ("N05", f"NetworkPolicy {SPACE}/allow-order-to-postgres-order"),
    within=60, not_before=15, innocent=(DENY, ORDER),
)  # fmt: skip
def both_ends_of_one_way_are_wrong_in_policies_of_their_own() -> World:
    good = allow("order", "postgres-order", 5432, labels={"app": "ordr"})
    away = policy("allow-order-to-postgres-order-egress", {"app": "order"},
                  egress=[rule("to", {"app": "postgres-order"}, 5433)])  # fmt: skip
    made = corp(replaced(good[0], away))
    ready(made, *BACKING, "catalog", "payment", "notification")
    crash(made, "order", TIMED_OUT.format("postgres-order", "10.96.20.15"), 20, 36)
    return made
