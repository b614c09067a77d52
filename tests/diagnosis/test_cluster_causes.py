"""Causes of the cluster phase: they explain everything, so they must be sure."""

from __future__ import annotations

import pytest

from harness.diagnosis.catalogue import catalogue
from harness.diagnosis.diagnose import diagnose
from harness.diagnosis.fold import folded
from harness.diagnosis.rules.cluster import cluster
from harness.diagnosis.signal import NEVER, Signal, t1, t2
from harness.model.finding import Outcome, Phase
from tests.diagnosis.namespaces import inside
from tests.diagnosis.samples.cluster import (
    PRESSURE,
    UNANSWERED,
    conditions,
    disk_pressure,
    dns,
    engine,
    node,
    watchers,
    with_dns,
)
from tests.diagnosis.samples.schedule import pending
from tests.diagnosis.world import START, World, container, crashed, running, waiting


def signals(world: World, at: float = 5) -> list[Signal]:
    """What the rules of the phase see at a moment at or after the last entry."""
    facts = folded(world.cassette(), START + at)
    return [s for rule in cluster.RULES for s in rule(facts)]


def test_every_cause_of_the_table_is_in_the_catalogue() -> None:
    entries = [catalogue()[f"C{n:02}"] for n in range(1, 9)]

    assert {e.phase for e in entries} == {Phase.CLUSTER}


def ready_web(world: World) -> World:
    """Everything under diagnosis is ready."""
    world.workload("web")
    world.pod("web", 1, state=running(1))
    world.ready("web", 2)
    return world


def test_nothing_is_wrong_with_a_cluster_on_which_everything_is_ready() -> None:
    world = ready_web(with_dns(World()))
    node(world, 3, conditions(False, 3, disk_pressure(True, 3)), PRESSURE)
    dns(world, 3, restarts=5)

    assert signals(world, 900) == []


# C01 and C03


def test_a_node_gets_three_minutes_from_its_creation() -> None:
    world = World()
    world.workload("web")
    world.change("Node", "node-1", 0.1, status={"conditions": conditions(False, -60)})

    (found,) = signals(world)

    assert found.need == t2(180)
    assert found.since == START


def test_the_network_of_a_node_is_looked_for_in_kube_system() -> None:
    world = World()
    world.workload("web")
    node(world, 0.1, conditions(False, 0))

    assert "kube-system" in signals(world)[0].fix
    assert "cni plugin not initialized" in signals(world)[0].seen


def test_a_stopped_kubelet_is_looked_for_on_the_node() -> None:
    world = World()
    world.workload("web")
    text = "Kubelet stopped posting node status."
    node(world, 0.1, conditions(False, 0, message=text))

    assert "docker exec node-1" in signals(world)[0].fix


def test_one_node_of_two_is_a_suspect_only() -> None:
    world = World()
    world.workload("web")
    world.node("node-2")
    node(world, 0.1, conditions(False, 0))

    assert [s.need for s in signals(world)] == [NEVER]


def test_a_control_plane_that_takes_no_pods_does_not_stand_in_for_the_worker() -> None:
    world = World()
    world.workload("web")
    world.node("node-2")
    taint = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
    world.change("Node", "node-2", 0.1, spec={"taints": [taint]})
    node(world, 0.1, conditions(False, 0))

    assert [s.need for s in signals(world)] == [t2(180)]


def test_a_broken_node_blames_the_machine() -> None:
    world = World()
    world.workload("web")
    node(world, 0.1, conditions(False, 0))

    found = diagnose(folded(world.cassette(), START + 200), cluster.RULES)

    assert found.outcome is Outcome.RUNNER


def test_pressure_without_a_victim_is_a_suspect_only() -> None:
    world = World()
    world.workload("web")
    world.pod("web", 1, state=running(1))
    node(world, 2, conditions(True, 0, disk_pressure(True, 2)), PRESSURE)

    assert [s.need for s in signals(world, 200)] == [NEVER]


def test_a_pod_that_exceeds_its_own_limit_is_no_victim_of_the_node() -> None:
    world = World()
    world.workload("web")
    text = "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi."
    world.pod("web", 1, phase="Failed", reason="Evicted", message=text)
    node(world, 2, conditions(True, 0, disk_pressure(True, 2)), PRESSURE)

    assert [s.need for s in signals(world, 200)] == [NEVER]


def test_pressure_on_one_node_of_two_is_a_suspect_only() -> None:
    world = World()
    world.workload("web")
    world.node("node-2")
    text = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi."
    world.pod("web", 1, phase="Failed", reason="Evicted", message=text)
    node(world, 2, conditions(True, 0, disk_pressure(True, 2)), PRESSURE)

    assert [s.need for s in signals(world, 70)] == [NEVER]


def test_pressure_that_evicts_and_stays_counts() -> None:
    world = World()
    world.workload("web")
    text = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi."
    world.pod("web", 1, phase="Failed", reason="Evicted", message=text)
    node(world, 2, conditions(True, 0, disk_pressure(True, 2)), PRESSURE)

    assert [s.need for s in signals(world, 70)] == [t1(2, 60)]


# C02


def test_one_service_that_leaks_file_descriptors_is_not_the_host() -> None:
    assert signals(watchers(World(), "order"), 60) == []


def test_two_workloads_of_one_image_are_not_unrelated() -> None:
    world = World()
    for name in ("order", "order-worker"):
        world.workload(name, container(name, "ghcr.io/shop/order:1.0"))
        world.pod(name, 3, state=crashed(3))
        world.log(f"{name}-h1-abcde", name, "accept: too many open files", 3, previous=True)

    assert signals(world, 60) == []


def test_a_pod_that_runs_again_no_longer_shows_the_limit() -> None:
    world = watchers(World(), "catalog", "order")
    for name in ("catalog", "order"):
        world.ready(name, 50)

    assert signals(world, 60) == []


def test_the_host_explains_the_node_that_is_not_ready() -> None:
    world = watchers(World(), "catalog", "order")
    node(world, 5, conditions(False, 5))

    assert [s.cause for s in signals(world, 60)] == ["C02"]


# C04


def test_one_ready_pod_of_dns_is_enough() -> None:
    world = with_dns(World())
    world.workload("order")
    dns(world, 3, restarts=3)
    with inside(world, "kube-system"):
        world.pod("coredns", 4, name="coredns-2", state=running(4), ready=True)

    assert signals(world, 500) == []


def test_dns_waits_for_its_node_first() -> None:
    world = with_dns(World())
    world.workload("order")
    node(world, 0.1, conditions(False, 0))
    dns(world, 3)

    assert [s.cause for s in signals(world)] == ["C01"]


def test_the_clock_of_dns_starts_when_the_node_is_ready() -> None:
    world = with_dns(World())
    world.workload("order")
    world.pod("order", 3, state=running(3))
    dns(world, 3)
    node(world, 80, conditions(True, 80))

    (found,) = signals(world, 100)

    assert (found.since, found.need) == (START + 80, t2(180))


def test_clients_that_cannot_resolve_shorten_the_wait() -> None:
    world = with_dns(World())
    dns(world, 3)
    world.workload("order", container("order"))
    world.pod("order", 4, state=running(4))
    text = "psycopg2.OperationalError: could not translate: Temporary failure in name resolution"
    world.log("order-h1-abcde", "order", text, 5)

    (found,) = signals(world, 10)

    assert found.need == t2(90)
    assert "Deployment shop/order" in found.seen


# C06


def test_parts_that_a_sync_does_not_need_do_not_count() -> None:
    world = World()
    world.workload("web")
    engine(world, "argocd-dex-server", "argocd-notifications-controller")
    with inside(world, "argocd"):
        for name in ("argocd-dex-server", "argocd-notifications-controller"):
            world.pod(name, 2, state=running(2))
    world.application("shop", **UNANSWERED)

    assert signals(world, 500) == []


@pytest.mark.parametrize(
    "state", [waiting("ImagePullBackOff", "not found"), crashed(4, restarts=3)]
)
def test_a_part_with_a_cause_of_its_own_is_left_to_that_cause(state: dict[str, object]) -> None:
    world = World()
    world.workload("web")
    engine(world, "argocd-repo-server")
    with inside(world, "argocd"):
        world.pod("argocd-repo-server", 2, state=state)
    world.application("shop", **UNANSWERED)

    assert signals(world, 500) == []


def test_one_ready_container_beside_an_unready_one_is_not_enough() -> None:
    world = World()
    world.workload("web")
    with inside(world, "argocd"):
        pair = (container("main"), container("metrics"))
        world.workload("argocd-repo-server", *pair, declared=False)
        world.pod(
            "argocd-repo-server", 2,
            state={"main": running(2), "metrics": {**running(2), "ready": True}},
        )  # fmt: skip
    world.application("shop", **UNANSWERED)

    assert [s.need for s in signals(world, 10)] == [t2(240)]


def test_a_controller_that_is_scaled_to_zero_is_scaled_up() -> None:
    world = World()
    world.workload("web")
    engine(world, "argocd-repo-server")
    with inside(world, "argocd"):
        world.change("Deployment", "argocd-repo-server", 1, spec={"replicas": 0})
    world.application("shop", **UNANSWERED)

    (found,) = signals(world, 10)

    assert found.fix == "Run: kubectl -n argocd scale deployment argocd-repo-server --replicas=1"


def test_a_pod_that_waits_for_a_node_is_explained_by_the_node() -> None:
    world = World()
    world.workload("web")
    pending(world, "web", "1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }")
    node(world, 0.1, conditions(False, 0), "node.kubernetes.io/not-ready")

    assert [str(w) for s in signals(world) for w in s.explains] == ["Deployment shop/web"]
