"""Pod templates: names used twice, strategy, memory, root, schedules, where they may run."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.checks.placement import node_labels_exist, pods_find_nodes
from harness.audit.checks.pods import (
    memory_is_in_bytes,
    names_are_unique,
    ports_are_used_once,
    root_is_allowed,
    strategies_are_consistent,
)
from harness.audit.checks.schedules import fault_of, schedules_are_valid
from harness.audit.cluster_profile import KIND
from harness.audit.finding import Fault, Severity
from harness.audit.source import Tree
from tests.audit.manifests import container, found, manifest, of
from tests.audit.manifests import workload as deployment

Object = dict[str, Any]
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def test_two_containers_of_one_name_are_refused() -> None:
    (fault,) = found(names_are_unique, deployment("a", container("app"), container("app")))
    init = deployment("b", container("app"), pod={"initContainers": [container("app")]})

    assert fault.rule == "container-name-duplicate"
    assert len(found(names_are_unique, init)) == 1
    assert not found(names_are_unique, deployment("c", container("app"), container("proxy")))


def test_two_ports_of_one_name_are_refused() -> None:
    ports = [{"name": "http", "containerPort": 1}, {"name": "http", "containerPort": 2}]
    nameless = [{"containerPort": 1}, {"containerPort": 2}]

    assert [f.rule for f in found(names_are_unique, deployment("a", container(ports=ports)))] == [
        "port-name-duplicate"
    ]
    assert not found(names_are_unique, deployment("a", container(ports=nameless)))


def test_a_port_of_two_containers_is_noted() -> None:
    one, other = (container(n, ports=[{"containerPort": 80}]) for n in ("a", "b"))
    udp = container("c", ports=[{"containerPort": 80, "protocol": "UDP"}])
    (fault,) = found(ports_are_used_once, deployment("x", one, other))

    assert (fault.rule, fault.cause) == ("port-used-twice", "P15")
    explicit = container("d", ports=[{"containerPort": 80, "protocol": "TCP"}])

    assert len(found(ports_are_used_once, deployment("x", one, explicit))) == 1
    assert not found(ports_are_used_once, deployment("x", one, udp))
    assert not found(ports_are_used_once, deployment("x", one, pod={"initContainers": [other]}))


def test_recreate_with_rules_for_a_rolling_update_is_refused() -> None:
    both = {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}
    (fault,) = found(strategies_are_consistent, deployment("a", strategy=both))

    assert fault.rule == "strategy-contradicts"
    for strategy in (
        {"type": "Recreate"},
        {"type": "Recreate", "rollingUpdate": None},
        {},
        None,
        "a",
    ):
        assert not found(strategies_are_consistent, deployment("a", strategy=strategy))


@pytest.mark.parametrize(
    ("amount", "count"),
    [
        ("512m", 1),
        ("1000m", 1),
        ("512Mi", 0),
        ("512M", 0),
        (512, 0),
        ("128974848000m", 0),
        ("m", 0),
    ],
)
def test_memory_in_thousandths_of_a_byte_is_a_defect(amount: Any, count: int) -> None:
    limited = deployment("a", container(resources={"limits": {"memory": amount}}))
    faults = found(memory_is_in_bytes, limited)

    requested = deployment("a", container(resources={"requests": {"memory": amount}}))

    assert [(f.rule, f.severity) for f in faults] == [("memory-in-millibytes", None)] * count
    assert [f.severity for f in found(memory_is_in_bytes, requested)] == [Severity.NOTE] * count
    assert not found(
        memory_is_in_bytes, deployment("a", container(resources={"limits": {"cpu": "5m"}}))
    )


@pytest.mark.parametrize(
    ("pod", "own", "count"),
    [
        ({"runAsNonRoot": True, "runAsUser": 0}, {}, 1),
        ({"runAsNonRoot": True}, {"runAsUser": 0}, 1),
        ({"runAsUser": 0}, {"runAsNonRoot": True}, 1),
        ({"runAsNonRoot": True, "runAsUser": 0}, {"runAsUser": 1000}, 0),
        ({"runAsNonRoot": True, "runAsUser": 0}, {"runAsNonRoot": False}, 0),
        ({"runAsNonRoot": True}, {}, 0),
        ({"runAsUser": 0}, {}, 0),
        ("a", ["b"], 0),
    ],
)
def test_root_where_it_is_forbidden(pod: Any, own: Any, count: int) -> None:
    template = deployment("a", container(securityContext=own), pod={"securityContext": pod})

    assert [f.cause for f in found(root_is_allowed, template)] == ["P05"] * count


# --- schedules


@pytest.mark.parametrize(
    "schedule",
    [
        "0 2 * * *",
        "*/5 0-6,20 1 JAN-jun sun",
        "@hourly",
        "@every 1h30m",
        "0 0 ? * 1-5",
        "5/15 * * * *",
        "0  0 1,15 * 0",
    ],
)
def test_schedules_that_kubernetes_parses(schedule: str) -> None:
    assert fault_of(schedule) == ""


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        ("0 2 * *", "4 fields"),
        ("0 0 2 * * *", "6 fields"),
        ("60 2 * * *", "60 is no minute"),
        ("0 24 * * *", "24 is no hour"),
        ("0 0 * * 7", "7 is no day of week"),
        ("0 0 L * *", "L is no day of month"),
        ("*/0 * * * *", "*/0 is no minute"),
        ("5-1 * * * *", "5-1 is no minute"),
        ("@reboot", "no descriptor"),
        ("TZ=Europe/Paris 0 0 * * *", "spec.timeZone"),
        ("H 2 * * *", "H is no minute"),
    ],
)
def test_schedules_that_kubernetes_refuses(schedule: str, why: str) -> None:
    assert why in fault_of(schedule)


def test_a_wrong_schedule_is_a_defect_and_a_placeholder_is_not() -> None:
    def cron(schedule: Any) -> Object:
        return manifest("CronJob", "nightly", {"schedule": schedule})

    (fault,) = found(schedules_are_valid, cron("0 0 * * 7"))

    assert (fault.rule, fault.field) == ("cronjob-schedule-invalid", "spec.schedule")
    for fine in ("0 0 * * *", "${SCHEDULE}", "{{ .cron }}", "", None, ["a"]):
        assert not found(schedules_are_valid, cron(fine))


# --- where pods may run


def cluster(*nodes: Object) -> Tree:
    document = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodes": list(nodes)}
    return Tree(documents={"kind.yaml": (document,)})


@pytest.mark.parametrize(
    "pod",
    [
        {"nodeSelector": {"eks.amazonaws.com/nodegroup": "shop"}},
        {"nodeSelector": {"kubernetes.io/os": "windows"}},
        {"topologySpreadConstraints": [{"topologyKey": "topology.kubernetes.io/zone"}]},
        {
            "affinity": {
                "nodeAffinity": {
                    REQUIRED: {
                        "nodeSelectorTerms": [
                            {"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}
                        ]
                    }
                }
            }
        },
    ],
)
def test_labels_that_kind_lacks_are_a_mismatch_on_kind_alone(pod: Object) -> None:
    (fault,) = found(node_labels_exist, deployment("a", pod=pod), profile=KIND)

    assert (fault.rule, fault.cause) == ("node-label-missing", "H02")
    assert not found(node_labels_exist, deployment("a", pod=pod))


@pytest.mark.parametrize(
    "pod",
    [
        {"nodeSelector": {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}},
        {"nodeSelector": {"pool": "${POOL}"}},
        {
            "topologySpreadConstraints": [
                {"topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"},
                {"topologyKey": "kubernetes.io/hostname"},
            ]
        },
        {
            "affinity": {
                "nodeAffinity": {
                    REQUIRED: {
                        "nodeSelectorTerms": [
                            {"matchExpressions": [{"key": "gpu", "operator": "Exists"}]},
                            {"matchExpressions": [{"key": "gpu", "operator": "DoesNotExist"}]},
                        ]
                    }
                }
            }
        },
        {"nodeSelector": "a", "affinity": ["b"], "topologySpreadConstraints": {"c": 1}},
    ],
)
def test_labels_that_nodes_may_have_are_fine(pod: Object) -> None:
    assert not found(node_labels_exist, deployment("a", pod=pod), profile=KIND)


def test_labels_of_the_kind_configuration_count() -> None:
    pod = {"nodeSelector": {"pool": "shop"}}
    tree = cluster({"role": "control-plane", "labels": {"pool": "shop"}})

    assert not found(node_labels_exist, deployment("a", pod=pod), profile=KIND, tree=tree)


ALONE = {
    "affinity": {
        "podAntiAffinity": {
            REQUIRED: [
                {
                    "labelSelector": {"matchLabels": {"app": "a"}},
                    "topologyKey": "kubernetes.io/hostname",
                }
            ]
        }
    }
}


def test_more_pods_than_nodes_are_a_note_or_with_known_nodes_a_mismatch() -> None:
    crowd = deployment("a", pod=ALONE, replicas=3)
    (unsure,) = found(pods_find_nodes, crowd, profile=KIND)
    two = cluster({"role": "control-plane"}, {"role": "worker"}, {"role": "worker"})
    three = cluster(*[{"role": "worker"}] * 3)

    assert (unsure.rule, unsure.severity) == ("pods-cannot-spread", Severity.NOTE)
    (sure,) = found(pods_find_nodes, crowd, profile=KIND, tree=two)
    assert sure.severity is Severity.MISMATCH
    assert not found(pods_find_nodes, crowd, profile=KIND, tree=three)
    assert not found(
        pods_find_nodes, deployment("a", pod=ALONE, replicas=2), profile=KIND, tree=two
    )
    assert not found(pods_find_nodes, crowd)


def test_a_port_of_the_node_is_for_one_pod() -> None:
    held = container(ports=[{"containerPort": 80, "hostPort": 80}])
    (fault,) = found(pods_find_nodes, deployment("a", held, replicas=2), profile=KIND)

    assert fault.cause == "H03"
    assert not found(pods_find_nodes, deployment("a", held, replicas=1), profile=KIND)
    assert not found(pods_find_nodes, deployment("a", replicas=5), profile=KIND)
    assert not found(pods_find_nodes, deployment("b", pod=ALONE, replicas=5), profile=KIND)


@pytest.mark.parametrize(
    "odd",
    [
        manifest(
            "Deployment", "x", {"template": {"spec": {"containers": [7, {"ports": [["a"]]}]}}}
        ),
        manifest("Deployment", "x", {"strategy": ["a"], "template": "b", "replicas": {}}),
        manifest("CronJob", "x", {"schedule": {"a": 1}, "jobTemplate": []}),
        manifest(
            "Pod", "x", {"containers": [{"resources": {"limits": "a"}, "securityContext": 7}]}
        ),
    ],
)
def test_odd_input_raises_nothing(odd: Object) -> None:
    checks = (
        names_are_unique,
        ports_are_used_once,
        strategies_are_consistent,
        memory_is_in_bytes,
        root_is_allowed,
        schedules_are_valid,
        node_labels_exist,
        pods_find_nodes,
    )
    for check in checks:
        assert all(isinstance(f, Fault) for f in check(of(odd, profile=KIND)))
