"""Timelines of the family `network`: ways that are cut, by policies, selectors, ports and names."""
# ruff: noqa: E501 - texts of other programs are quoted as they are

from __future__ import annotations

from typing import Any

from tests.diagnosis.sample import sample
from tests.diagnosis.world import World, container, crashed, running, waiting

Object = dict[str, Any]
SPACE = "musiccorp-dev"
SYSTEM = {"kubernetes.io/metadata.name": "kube-system"}
DENY = f"NetworkPolicy {SPACE}/default-deny-all"
ORDER, CATALOG = f"Deployment {SPACE}/order", f"Deployment {SPACE}/catalog"
PAYMENT, NOTIFICATION = f"Deployment {SPACE}/payment", f"Deployment {SPACE}/notification"
NO_NAME = (
    'psycopg.OperationalError: could not translate host name "{}" to address: '
    "Temporary failure in name resolution"
)
TIMED_OUT = (
    'psycopg.OperationalError: connection failed: connection to server at "{}" ({}), port 5432 '
    "failed: timeout expired"
)
REFUSED = (
    'psycopg.OperationalError: connection failed: connection to server at "{}" ({}), port 5432 '
    "failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?"
)
SETUP_TIMEOUT = (
    "[2026-11-22 10:00:{:02d},530] INFO [RaftManager id=0] Disconnecting from node 1 due to socket "
    "connection setup timeout. The timeout value is 10103 ms. (org.apache.kafka.clients.NetworkClient)\n"
    "[2026-11-22 10:01:05,101] ERROR [BrokerLifecycleManager id=0] Shutting down because we were unable "
    "to register with the controller quorum. (kafka.server.BrokerLifecycleManager)"
)
NO_BROKER = (
    "%4|1732270000.123|FAIL|rdkafka#producer-1| [thrd:kafka-bootstrap:9092/bootstrap]: "
    "kafka-bootstrap:9092/bootstrap: Connect to ipv4#10.96.7.8:9092 failed: Connection refused "
    "(after 0ms in state CONNECT)\ncimpl.KafkaException: KafkaError{code=_TRANSPORT}"
)
QUORUM = "0@kafka-0.kafka-headless:9093,1@kafka-1.kafka-headless:9093,2@kafka-2.kafka-headless:9093"
ADDRESSES = {"postgres-order": "10.96.20.15", "postgres-catalog": "10.96.20.16"}


def policy(
    name: str, pods: dict[str, str] | None = None, *,
    ingress: list[Object] | None = None, egress: list[Object] | None = None,
) -> Object:  # fmt: skip
    types = [t for t, r in (("Ingress", ingress), ("Egress", egress)) if r is not None]
    rules = {k: v for k, v in (("ingress", ingress), ("egress", egress)) if v}
    selector = {"matchLabels": pods} if pods else {}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": SPACE},
        "spec": {"podSelector": selector, "policyTypes": types, **rules},
    }


def rule(side: str, labels: dict[str, str], *ports: int, **peer: Any) -> Object:
    end = {"podSelector": {"matchLabels": labels}, **peer}
    return {side: [end], "ports": [{"protocol": "TCP", "port": port} for port in ports]}


def allow(
    client: str, server: str, *ports: int, labels: dict[str, str] | None = None
) -> list[Object]:
    """Both sides of one way, in two policies as a repository has them."""
    name = f"allow-{client}-to-{server}"
    return [
        policy(name, {"app": server}, ingress=[rule("from", labels or {"app": client}, *ports)]),
        policy(f"{name}-egress", {"app": client}, egress=[rule("to", {"app": server}, *ports)]),
    ]


def allow_dns(namespace: dict[str, str] | None = None) -> Object:
    peer = {"namespaceSelector": {"matchLabels": namespace or SYSTEM},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}  # fmt: skip
    ports = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    return policy("allow-dns", egress=[{"to": [peer], "ports": ports}])


def kafka_internal(*ports: int) -> Object:
    kafka = {"app": "kafka"}
    return policy("allow-kafka-internal", kafka, ingress=[rule("from", kafka, *ports)],
                  egress=[rule("to", kafka, *ports)])  # fmt: skip


def healthy_policies() -> dict[str, Object]:
    found = [
        policy("default-deny-all", ingress=[], egress=[]),
        allow_dns(),
        *allow("order", "postgres-order", 5432),
        *allow("catalog", "postgres-catalog", 5432),
        *(p for c in ("order", "payment", "notification") for p in allow(c, "kafka", 9092)),
        kafka_internal(9092, 9093),
    ]
    return {str(p["metadata"]["name"]): p for p in found}


def env(**values: str) -> list[Object]:
    return [{"name": name, "value": value} for name, value in values.items()]


def service(made: World, name: str, host: str, *, at: float = 0.5, **fields: Any) -> None:
    ready = {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 5}
    given = env(DB_HOST=host, DB_PORT="5432") if host else []
    if name != "catalog":
        given += env(KAFKA_BOOTSTRAP_SERVERS="kafka-bootstrap:9092")
    ports = [{"name": "http", "containerPort": 8080}]
    image = f"ghcr.io/musiccorp/musiccorp-{name}:1.4.0"
    made.workload(
        name, container(name, image, env=given, readinessProbe=ready, ports=ports), at=at, **fields
    )
    made.service(name, 80, ports=[{"name": "http", "port": 80, "targetPort": "http"}])


def database(made: World, name: str, **spec: Any) -> None:
    ports = [{"name": "postgres", "containerPort": 5432}]
    made.workload(name, container("postgres", "postgres:17", ports=ports), kind="StatefulSet")
    made.service(name, 5432, clusterIP=ADDRESSES.get(name, "10.96.20.30"), **spec)


def kafka(made: World, replicas: int = 1) -> None:
    voters = env(
        KAFKA_CONTROLLER_QUORUM_VOTERS=QUORUM if replicas > 1 else QUORUM.split(",", maxsplit=1)[0]
    )
    ports = [
        {"name": "broker", "containerPort": 9092},
        {"name": "controller", "containerPort": 9093},
    ]
    made.workload("kafka", container("kafka", "apache/kafka:4.1.0", env=voters, ports=ports),
                  kind="StatefulSet", replicas=replicas,
                  spec={"serviceName": "kafka-headless", "podManagementPolicy": "Parallel"})  # fmt: skip
    both = [{"name": "broker", "port": 9092}, {"name": "controller", "port": 9093}]
    made.service("kafka-headless", 9092, {"app": "kafka"}, ports=both, clusterIP="None",
                 publishNotReadyAddresses=True)  # fmt: skip
    made.service("kafka-bootstrap", 9092, {"app": "kafka"})


def corp(policies: dict[str, Object] | None = None, *, brokers: int = 1) -> World:
    made = World(SPACE)
    for name in (SPACE, "kube-system"):
        labels = {"kubernetes.io/metadata.name": name}
        made.put({"kind": "Namespace", "metadata": {"name": name, "labels": labels}}, 0.1)
    made.put({
        "kind": "Pod",
        "metadata": {"name": "coredns-0f3a", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }, 0.1)  # fmt: skip
    for obj in (healthy_policies() if policies is None else policies).values():
        made.declare(obj)
        made.put(obj, 0.3)
    for name in ADDRESSES:
        database(made, name)
    kafka(made, brokers)
    service(made, "order", "postgres-order")
    service(made, "catalog", "postgres-catalog")
    service(made, "payment", "")
    service(made, "notification", "")
    return made


def without(*names: str) -> dict[str, Object]:
    return {k: v for k, v in healthy_policies().items() if k not in names}


def replaced(*policies: Object) -> dict[str, Object]:
    return {**healthy_policies(), **{str(p["metadata"]["name"]): p for p in policies}}


def ready(made: World, *names: str, at: float = 8) -> None:
    for name in names:
        made.ready(name, at)


BACKING = ("postgres-order", "postgres-catalog", "kafka")


def pod_of(name: str) -> str:
    return f"{name}-0" if name.startswith(("postgres", "kafka")) else f"{name}-h1-abcde"


def crash(made: World, name: str, text: str, *moments: float, box: str = "", pod: str = "") -> None:
    """A container starts, says why it cannot go on, and ends; again at each moment."""
    pod = pod or pod_of(name)
    for n, at in enumerate(moments):
        made.pod(name, at - 6, name=pod, state=running(at - 6, restarts=n), phase="Running")
        made.log(pod, box or name, text, at - 0.5, restarts=n)
        made.pod(name, at, name=pod, state=crashed(at, restarts=n + 1), phase="Running")
        made.log(pod, box or name, text, at + 0.5, previous=True, restarts=n + 1)


# Names cannot be asked for


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


# Policies between workloads


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
def an_init_container_waits_for_a_slow_database() -> World:
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


@sample(("N05", f"NetworkPolicy {SPACE}/allow-order-to-postgres-order"), within=100, not_before=40)
def a_plain_namespace_without_a_repository() -> World:
    """`harness diagnose`: nothing is declared, so it takes a little longer."""
    made = corp(replaced(*allow("order", "postgres-order", 5432, labels={"app": "ordr"})))
    made.declared.clear()
    ready(made, *BACKING, "catalog", "payment", "notification")
    crash(made, "order", TIMED_OUT.format("postgres-order", "10.96.20.15"), 20, 36)
    return made


# Services


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


# Names


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


# Out of the cluster, schemes, probes


@sample(("N15", DENY), within=90, not_before=45, victims=(PAYMENT,))
def nothing_lets_a_service_out_to_the_internet() -> World:
    made = corp()
    ready(made, *BACKING, "order", "catalog", "notification")
    text = 'Post "https://api.stripe.com/v1/charges": dial tcp 54.187.174.169:443: i/o timeout'
    crash(made, "payment", text, 20, 36, 60)
    return made


@sample(within=120)
def the_internet_is_slow_and_no_policy_forbids_it() -> World:
    outside = policy(
        "allow-out", {"app": "payment"}, egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]
    )
    made = corp({**healthy_policies(), "allow-out": outside})
    ready(made, *BACKING, "order", "catalog", "notification")
    made.pod("payment", 10, state=running(10), phase="Running")
    text = 'WARN Post "https://api.stripe.com/v1/charges": dial tcp 54.187.174.169:443: i/o timeout, trying again'
    made.log("payment-h1-abcde", "payment", text, 20)
    ready(made, "payment", at=110)
    return made


@sample(("N17", ORDER), within=60, not_before=15)
def tls_is_spoken_to_a_plain_port() -> World:
    made = corp({})
    ready(made, *BACKING, "catalog", "payment", "notification")
    made.workload("order", container("order", env=env(CATALOG_URL="https://catalog:80")), at=1)
    text = ("requests.exceptions.SSLError: HTTPSConnectionPool(host='catalog', port=80): Max retries exceeded with url: / "
            "(Caused by SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1010)')))")  # fmt: skip
    crash(made, "order", text, 18, 36)
    return made


@sample(("N17", CATALOG), within=60, not_before=20)
def a_probe_speaks_http_to_a_tls_port() -> World:
    made = corp()
    ready(made, *BACKING, "payment", "notification", "order")
    made.pod("catalog", 5, state=running(5), phase="Running")
    text = "2026/11/22 10:00:00 http: TLS handshake error from 10.244.0.1:43120: client sent an HTTP request to an HTTPS server"
    made.log("catalog-h1-abcde", "catalog", text, 12)
    for n in range(10):
        made.event("Pod", "catalog-h1-abcde", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 400",
                   10 + 5 * n, count=n + 1)  # fmt: skip
    return made


def probes_time_out(made: World, *names: str) -> None:
    text = ('Readiness probe failed: Get "http://10.244.0.12:8080/readyz": context deadline exceeded '
            "(Client.Timeout exceeded while awaiting headers)")  # fmt: skip
    for name in names:
        made.pod(name, 10, state=running(10), phase="Running")
        for n in range(18):
            made.event("Pod", pod_of(name), "Unhealthy", text, 16 + 5 * n, count=n + 1)


@sample(("N11", DENY), within=120, not_before=60, innocent=(ORDER, CATALOG))
def no_isolated_pod_passes_a_probe_over_the_network() -> World:
    made = corp()
    ready(made, *BACKING)
    probes_time_out(made, "order", "catalog", "payment", "notification")
    return made


@sample(within=120)
def probes_time_out_although_policies_let_others_pass() -> World:
    made = corp()
    ready(made, *BACKING, "notification", "payment")
    probes_time_out(made, "order", "catalog")
    return made


@sample(within=600)
def an_ingress_never_gets_an_address() -> World:
    made = corp()
    ingress = {
        "kind": "Ingress",
        "metadata": {"name": "shop", "namespace": SPACE},
        "spec": {"ingressClassName": "alb"},
    }
    made.declare(ingress)
    made.put(ingress)
    ready(made, *BACKING, "order", "catalog", "payment", "notification")
    return made
