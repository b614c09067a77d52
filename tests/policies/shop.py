"""A small shop, declared and live, and a network that does what its live policies say."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from harness.connectivity.peers import Endpoint
from harness.manifests.pods import pod_labels
from harness.model.policies import Cell, Control, Enforcement, PartyKind, PolicyMatrix, Reply
from harness.model.refs import ObjectRef
from harness.policies.ends import Outsider
from harness.policies.expectation import live_rulebook
from harness.policies.probes import Answer, Probe
from harness.policies.snapshot import Snapshot
from harness.policies.survey import Means, Question, survey
from tests.connectivity.objects import Object, container, pods, policy, service, tcp, workload

SPACE = "shop"
NAMESPACES = {SPACE: {}, "kube-system": {"kubernetes.io/metadata.name": "kube-system"}}
DNS_IP, OUTSIDE_IP, BALANCER_IP = "10.96.0.10", "172.20.0.9", "10.20.0.2"
ADDRESSES = {"web": "10.244.0.11", "api": "10.244.0.12", "db": "10.244.0.13", "dns": "10.244.0.2"}
CLUSTER_IPS = {"web": "10.96.0.21", "api": "10.96.0.22", "db": "10.96.0.23"}
PORTS = {"web": 8080, "api": 8080, "db": 5432}
OUTSIDE = Outsider(kind=PartyKind.OUTSIDE, container="outside", address=OUTSIDE_IP, ports=(8080,))
BALANCER = Outsider(kind=PartyKind.LOAD_BALANCER, container="lb", address=BALANCER_IP)
ENFORCED = Control(state=Enforcement.ENFORCED, detail="it was denied")


def app(name: str, **spec: Any) -> Object:
    ports = [{"name": "main", "containerPort": PORTS[name]}]
    return workload(name, containers=[container(ports=ports)], **spec)


def ways(name: str, client: str, server: str, port: int) -> list[Object]:
    """The two policies that let a client reach a server."""
    return [
        policy(
            f"{name}-egress",
            podSelector={"matchLabels": {"app": client}},
            policyTypes=["Egress"],
            egress=[{"to": [pods(app=server)], "ports": tcp(port)}],
        ),
        policy(
            f"{name}-ingress",
            podSelector={"matchLabels": {"app": server}},
            policyTypes=["Ingress"],
            ingress=[{"from": [pods(app=client)], "ports": tcp(port)}],
        ),
    ]


def dns_policy() -> Object:
    to = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    both = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    return policy("dns", policyTypes=["Egress"], egress=[{"to": [to], "ports": both}])


def declared() -> list[Object]:
    """Web asks api, api asks db, the load balancer asks web; all else is denied."""
    from_balancer = [{"ipBlock": {"cidr": "10.20.0.0/20"}}]
    return [
        app("web"),
        app("api"),
        app("db", kind="StatefulSet", replicas=1),
        service("web", {"port": 80, "targetPort": "main"}),
        service("api", {"port": 80, "targetPort": 8080}),
        service("db", {"port": 5432}),
        policy("default-deny", policyTypes=["Ingress", "Egress"]),
        dns_policy(),
        *ways("web-to-api", "web", "api", 8080),
        *ways("api-to-db", "api", "db", 5432),
        policy(
            "load-balancer",
            podSelector={"matchLabels": {"app": "web"}},
            policyTypes=["Ingress"],
            ingress=[{"from": from_balancer, "ports": tcp(8080)}],
        ),
    ]


def pod(name: str, labels: Mapping[str, str], ip: str, namespace: str = SPACE) -> Object:
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": dict(labels),
            "uid": f"uid-{name}",
        },
        "spec": {"nodeName": "node", "containers": [container(image="app:1")]},
        "status": {
            "phase": "Running",
            "podIP": ip,
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def live_pods() -> list[Object]:
    own = [
        pod(f"{name}-0", {"app": name, "pod-template-hash": "abc"}, ADDRESSES[name])
        for name in PORTS
    ]
    return [*own, pod("coredns-0", {"k8s-app": "kube-dns"}, ADDRESSES["dns"], "kube-system")]


def dns_service() -> Object:
    return {
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system"},
        "spec": {"clusterIP": DNS_IP, "selector": {"k8s-app": "kube-dns"}},
    }


@dataclass(slots=True)
class Clock:
    """A clock that nobody waits for."""

    time: float = 0.0
    on_sleep: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.on_sleep()


@dataclass(slots=True)
class Cluster:
    """What is live, and how its network behaves."""

    policies: list[Object]
    pods: list[Object] = field(default_factory=live_pods)
    clock: Clock = field(default_factory=Clock)
    enforces: bool = True
    deaf: set[tuple[str, int]] = field(default_factory=set)
    """Listeners that do not listen."""
    on_read: Callable[[], None] = lambda: None
    asked: list[Probe] = field(default_factory=list)
    names: dict[str, str] = field(
        default_factory=lambda: {
            f"{name}.{SPACE}.svc.cluster.local": ip for name, ip in CLUSTER_IPS.items()
        }
    )

    def snapshot(self) -> Snapshot:
        self.on_read()
        return Snapshot(
            pods=tuple(copy.deepcopy(self.pods)),
            services=(dns_service(),),
            policies=tuple(self.policies),
            namespaces=NAMESPACES,
        )

    def __call__(self, probes: Sequence[Probe]) -> Mapping[Probe, Answer]:
        self.asked += probes
        return {probe: self.answer(probe) for probe in probes}

    def answer(self, probe: Probe) -> Answer:
        goal = probe.goal
        address, port = self.behind(goal.address, goal.port)
        if not self.lets_through(probe, address, port):
            return Answer(reply=Reply.TIMED_OUT)
        if (address, port) in self.deaf or not self.listens(address, port):
            return Answer(reply=Reply.REFUSED, text="Connection refused")
        if goal.protocol == "UDP":
            found = self.names.get(goal.query)
            text = "" if found else "the name does not exist"
            return Answer(reply=Reply.ANSWERED, text=text, addresses=(found,) if found else ())
        return Answer(reply=Reply.ANSWERED)

    def behind(self, address: str, port: int) -> tuple[str, int]:
        by_ip = {ip: name for name, ip in CLUSTER_IPS.items()}
        if address == DNS_IP:
            return ADDRESSES["dns"], port
        if address in by_ip:
            name = by_ip[address]
            return ADDRESSES[name], PORTS[name]
        return address, port

    def listens(self, address: str, port: int) -> bool:
        known = {(ADDRESSES[name], port) for name, port in PORTS.items()}
        known |= {(ADDRESSES["dns"], 53), (OUTSIDE_IP, 8080)}
        known |= {(str(p["status"]["podIP"]), 8080) for p in self.pods}
        return (address, port) in known

    def lets_through(self, probe: Probe, address: str, port: int) -> bool:
        if not self.enforces:
            return True
        client = self.end(probe.stand.pod, probe.stand.name)
        server = self.end(None, address)
        book = live_rulebook(self.policies, NAMESPACES)
        return book.of(client, server, port, probe.goal.protocol).allowed

    def end(self, ref: ObjectRef | None, address: str) -> Endpoint:
        for found in self.pods:
            if ObjectRef.of(found) == ref or found["status"]["podIP"] == address:
                return Endpoint(
                    namespace=found["metadata"]["namespace"],
                    labels=pod_labels(found),
                    ip=found["status"]["podIP"],
                    ref=ObjectRef.of(found),
                )
        known = {"outside": OUTSIDE_IP, "lb": BALANCER_IP}
        return Endpoint(namespace="", ip=known.get(address, address))


def live_policies(objects: Sequence[Object] | None = None) -> list[Object]:
    found = [o for o in objects or declared() if o["kind"] == "NetworkPolicy"]
    return copy.deepcopy(found)


def locate(ref: ObjectRef, field_path: str) -> tuple[str, int]:
    return f"network/{ref.name}.yaml", len(field_path)


def matrix_of(
    cluster: Cluster,
    objects: Sequence[Object] | None = None,
    *,
    control: Control = ENFORCED,
    **asked: Any,
) -> PolicyMatrix:
    question = Question(
        declared=tuple(objects or declared()), outsiders=(BALANCER, OUTSIDE), **asked
    )
    means = Means(
        prober=cluster,
        control=lambda: control,
        read=cluster.snapshot,
        locate=locate,
        clock=cluster.clock,
    )
    return survey(question, means)


def cells_of(matrix: PolicyMatrix) -> dict[str, Cell]:
    found = {cell.title: cell for cell in matrix.cells}
    assert len(found) == len(matrix.cells), "titles are unique"
    return found
