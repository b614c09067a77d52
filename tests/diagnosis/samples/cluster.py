"""Timelines of the cluster phase: the node, the host's limits, DNS, Argo CD itself."""

from __future__ import annotations

from tests.diagnosis.namespaces import inside
from tests.diagnosis.sample import sample
from tests.diagnosis.samples.schedule import pending
from tests.diagnosis.world import Object, World, container, crashed, running, stamp, waiting

NO_CNI = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)
NOT_READY = "1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }"


def conditions(ready: bool, at: float, *more: Object, message: str = NO_CNI) -> list[Object]:
    """The conditions of a node."""
    state = {
        "type": "Ready", "status": str(ready), "lastTransitionTime": stamp(at),
        "reason": "KubeletReady" if ready else "KubeletNotReady",
        "message": "kubelet is posting ready status" if ready else message,
    }  # fmt: skip
    return [state, *more]


def node(world: World, at: float, found: list[Object], *taints: str) -> None:
    """The node has these conditions and taints from now on."""
    world.change("Node", "node-1", at, status={"conditions": found})
    marks = [{"key": key, "effect": "NoSchedule"} for key in taints]
    world.change("Node", "node-1", at, spec={"taints": marks})


# C01


@sample(
    ("C01", "Node node-1"),
    within=200,
    not_before=180,
    innocent=("Deployment shop/web",),
    victims=("Deployment shop/web",),
)
def the_network_of_the_node_never_comes_up() -> World:
    world = World()
    node(world, 0.1, conditions(False, 0), "node.kubernetes.io/not-ready")
    world.workload("web")
    pending(world, "web", NOT_READY)
    return world


@sample(within=250)
def a_new_node_is_ready_after_ninety_seconds() -> World:
    world = World()
    node(world, 0.1, conditions(False, 0), "node.kubernetes.io/not-ready")
    world.workload("web")
    pending(world, "web", NOT_READY)
    node(world, 90, conditions(True, 90))
    world.pod("web", 92, state=waiting("ContainerCreating"))
    return world


@sample(within=400)
def one_of_two_nodes_is_not_ready() -> World:
    world = World()
    node(world, 0.1, conditions(False, 0), "node.kubernetes.io/not-ready")
    world.node("node-2")
    world.workload("web")
    world.pod("web", 2, node="node-2", state=waiting("ContainerCreating"))
    return world


# C02


INOTIFY = (
    'I1122 10:00:01.123456       1 server_linux.go:53] "Using iptables proxy"\n'
    'E1122 10:00:01.223456       1 run.go:74] "command failed" err="failed complete: too many '
    'open files"'
)


@sample(("C02", "Cluster host"), within=60, not_before=31, victims=("Deployment shop/web",))
def kube_proxy_finds_no_inotify_instance() -> World:
    world = World()
    with inside(world, "kube-system"):
        world.workload("kube-proxy", container("kube-proxy"), kind="DaemonSet", declared=False)
        for restarts, at in ((1, 3), (2, 14), (3, 36)):
            made = world.pod("kube-proxy", at, state=crashed(at, restarts=restarts))
            name = made["metadata"]["name"]
            world.log(name, "kube-proxy", INOTIFY, at, previous=True, restarts=restarts)
    node(world, 5, conditions(False, 5), "node.kubernetes.io/not-ready")
    world.workload("web")
    pending(world, "web", NOT_READY, 6)
    return world


def watchers(world: World, *names: str) -> World:
    """These workloads exit because they cannot watch files."""
    for name in names:
        world.workload(name, container(name, f"ghcr.io/shop/{name}:1.0"))
        for restarts, at in ((1, 3), (2, 15), (3, 38)):
            world.pod(name, at, state=crashed(at, restarts=restarts))
            text = "fatal: failed to create fsnotify watcher: too many open files"
            world.log(f"{name}-h1-abcde", name, text, at, previous=True, restarts=restarts)
    return world


@sample(("C02", "Cluster host"), within=60)
def two_unrelated_services_cannot_watch_files() -> World:
    return watchers(World(), "catalog", "order")


# C03


PRESSURE = "node.kubernetes.io/disk-pressure"


def disk_pressure(status: bool, at: float) -> Object:
    return {
        "type": "DiskPressure", "status": str(status), "lastTransitionTime": stamp(at),
        "reason": "KubeletHasDiskPressure", "message": "kubelet has disk pressure",
    }  # fmt: skip


def evicted(world: World, name: str, at: float) -> None:
    """A pod is evicted for want of disk."""
    world.pod(
        name, at, phase="Failed", reason="Evicted",
        message="The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, "
        "available: 512Mi. ",
    )  # fmt: skip


@sample(("C03", "Node node-1"), within=80, not_before=60, victims=("Deployment shop/web",))
def the_disk_of_the_machine_is_full() -> World:
    world = World()
    world.workload("web")
    world.pod("web", 1, name="web-h1-aaaaa", state=running(1))
    node(world, 5, conditions(True, 0, disk_pressure(True, 5)), PRESSURE)
    world.gone("Pod", "web-h1-aaaaa", 6)
    pending(world, "web", f"1 node(s) had untolerated taint {{{PRESSURE}: }}", 7)
    return world


@sample(within=300)
def a_single_eviction_after_which_there_is_room() -> World:
    world = World()
    world.workload("web")
    evicted(world, "web", 5)
    node(world, 5, conditions(True, 0, disk_pressure(True, 5)), PRESSURE)
    node(world, 40, conditions(True, 0, disk_pressure(False, 40)))
    world.gone("Pod", "web-h1-abcde", 42)
    world.pod("web", 45, name="web-h1-bbbbb", state=waiting("ContainerCreating"))
    return world


@sample(within=300)
def memory_pressure_that_nobody_suffers_from() -> World:
    world = World()
    pressure = {"type": "MemoryPressure", "status": "True", "lastTransitionTime": stamp(5)}
    node(world, 5, conditions(True, 0, pressure), "node.kubernetes.io/memory-pressure")
    world.workload("web")
    world.pod("web", 6, state=running(6))
    return world


# C04


def dns(world: World, at: float, *, restarts: int = 0, ready: bool = False) -> None:
    """CoreDNS is in this state from now on."""
    with inside(world, "kube-system"):
        state = crashed(at, restarts=restarts) if restarts else running(at)
        made = world.pod("coredns", at, state=state, ready=ready)
        if restarts:
            text = (
                '[FATAL] plugin/loop: Loop (127.0.0.1:53217 -> :53) detected for zone ".", see '
                "https://coredns.io/plugins/loop#troubleshooting."
            )
            name = made["metadata"]["name"]
            world.log(name, "coredns", text, at, previous=True, restarts=restarts)


def with_dns(world: World) -> World:
    with inside(world, "kube-system"):
        world.workload(
            "coredns", container("coredns"), labels={"k8s-app": "kube-dns"}, declared=False
        )
    return world


@sample(
    ("C04", "Deployment kube-system/coredns"),
    within=140,
    not_before=90,
    innocent=("Deployment shop/order",),
    victims=("Deployment shop/order",),
)
def the_cluster_dns_sees_a_loop() -> World:
    world = with_dns(World())
    for restarts, at in ((1, 3), (2, 14), (3, 36)):
        dns(world, at, restarts=restarts)
    world.workload("order", container("order"))
    world.pod("order", 10, state=running(10))
    text = "dial tcp: lookup postgres-order on 10.96.0.10:53: server misbehaving"
    world.log("order-h1-abcde", "order", text, 12)
    return world


@sample(within=250)
def the_cluster_dns_waits_for_the_network() -> World:
    world = with_dns(World())
    node(world, 0.1, conditions(False, 0), "node.kubernetes.io/not-ready")
    with inside(world, "kube-system"):
        pending(world, "coredns", NOT_READY)
    world.workload("order", container("order"))
    pending(world, "order", NOT_READY)
    node(world, 85, conditions(True, 85))
    dns(world, 88)
    world.pod("order", 90, state=running(90))
    text = "lookup kafka on 10.96.0.10:53: server misbehaving"
    world.log("order-h1-abcde", "order", text, 95)
    dns(world, 160, ready=True)
    return world


# C06


UNANSWERED: Object = {
    "sync": {"status": "Unknown"},
    "conditions": [
        {
            "type": "ComparisonError",
            "message": "Failed to load target state: failed to generate manifest for source 1 of "
            "1: rpc error: code = Unavailable desc = connection error: desc = "
            '"transport: Error while dialing: dial tcp 10.96.41.2:8081: connect: connection '
            'refused"',
            "lastTransitionTime": stamp(5),
        }
    ],
}


def engine(world: World, *names: str) -> None:
    """Parts of Argo CD."""
    with inside(world, "argocd"):
        for name in names:
            world.workload(name, container("main"), declared=False)


@sample(
    ("C06", "Deployment argocd/argocd-repo-server"),
    within=260,
    not_before=240,
    innocent=("Deployment shop/web",),
)
def the_repo_server_never_gets_ready() -> World:
    world = World()
    world.workload("web")
    world.gone("Deployment", "web", 0.6)
    world.gone("ReplicaSet", "web-h1", 0.6)
    engine(world, "argocd-repo-server")
    with inside(world, "argocd"):
        world.pod("argocd-repo-server", 2, state=running(2))
    world.application("shop", **UNANSWERED)
    return world


@sample(within=350)
def argo_cd_starts_slowly() -> World:
    world = World()
    world.workload("web")
    world.gone("Deployment", "web", 0.6)
    engine(world, "argocd-repo-server", "argocd-dex-server")
    with inside(world, "argocd"):
        world.pod("argocd-repo-server", 2, state=waiting("ContainerCreating"))
        world.pod("argocd-repo-server", 150, state=running(150))
        world.ready("argocd-repo-server", 200)
        world.pod("argocd-dex-server", 2, state=running(2))
    world.application("shop", **UNANSWERED)
    return world


@sample(within=400)
def the_repo_server_is_gone_after_everything_was_synced() -> World:
    world = World()
    world.workload("app")
    world.pod("app", 5, state=running(5))
    engine(world, "argocd-repo-server")
    with inside(world, "argocd"):
        world.pod("argocd-repo-server", 2, state=running(2))
    world.application("shop")
    return world
