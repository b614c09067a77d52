"""The shop that the samples of the network family happen in: workloads, policies, crashes."""
# ruff: noqa: E501 - texts of other programs are quoted as they are

from __future__ import annotations

from typing import Any

from tests.diagnosis.world import World, container, crashed, running

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
