"""What is planned for an environment: as little as possible, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from harness.adaptation.classes import Offer
from harness.adaptation.plan import plan
from harness.adaptation.terms import Object, Plan
from harness.model.errors import ClusterError
from tests.adaptation.objects import (
    apart,
    database,
    machine,
    on_nodes,
    scaler,
    spread,
    workload,
)

ONE_NODE: dict[str, Any] = {"kind": "Cluster", "nodes": [{"role": "control-plane"}]}
ZONE = "topology.kubernetes.io/zone"


def planned(
    *objects: Object,
    processors: int = 4,
    user: dict[str, Any] | None = None,
    offer: Offer | None = None,
) -> Plan:
    return plan(objects, host=machine(processors), user=user or ONE_NODE, offer=offer or Offer())


def lines(found: Plan) -> Sequence[str]:
    return [str(each) for each in found.adaptations]


def zones(found: Plan) -> list[str]:
    return [node.labels.get(ZONE, "") for node in found.nodes]


def test_an_environment_that_asks_for_nothing_gets_nothing() -> None:
    found = planned(workload("web", replicas=3), database("db"))
    assert found == Plan()


def test_a_storage_class_that_claims_name_is_made_once_with_the_number_of_claims() -> None:
    found = planned(database("one", "gp3"), database("two", "gp3"))
    assert [o["metadata"]["name"] for o in found.objects] == ["gp3"]
    assert found.objects[0]["provisioner"] == "rancher.io/local-path"
    assert found.objects[0]["volumeBindingMode"] == "WaitForFirstConsumer"
    assert lines(found) == [
        "StorageClass gp3: made, backed by rancher.io/local-path, which does not enforce sizes, "
        "because 2 claims name it"
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "StorageClass", "metadata": {"name": "gp3"}},
        {
            "kind": "PersistentVolume",
            "metadata": {"name": "v"},
            "spec": {"storageClassName": "gp3"},
        },
    ],
)
def test_a_storage_class_of_the_repository_is_never_shadowed(other: Object) -> None:
    assert planned(database("db", "gp3"), other) == Plan()


def test_the_class_that_kind_brings_is_not_made() -> None:
    assert planned(database("db", "standard")) == Plan()


def test_a_class_that_no_cloud_brings_may_be_a_slip_and_is_not_made() -> None:
    named = workload("web", priorityClassName="buisness", runtimeClassName="gvisor")
    assert planned(database("db", "gp33"), named) == Plan()


def test_a_class_that_is_withheld_is_not_made() -> None:
    assert planned(database("db", "gp3"), offer=Offer(withheld=frozenset({"gp3"}))) == Plan()


def test_listed_classes_are_made_unless_every_cluster_has_them() -> None:
    found = planned(
        workload("web", priorityClassName="business", runtimeClassName="gvisor"),
        workload("log", priorityClassName="system-node-critical"),
        offer=Offer(listed=frozenset({"business", "gvisor", "system-node-critical"})),
    )
    assert [(o["kind"], o["metadata"]["name"]) for o in found.objects] == [
        ("PriorityClass", "business"),
        ("RuntimeClass", "gvisor"),
    ]
    assert found.objects[0]["preemptionPolicy"] == "Never"


def test_pods_that_must_spread_over_zones_get_as_many_nodes_as_zones() -> None:
    found = planned(workload("web", replicas=2, topologySpreadConstraints=[spread("web")]))
    assert zones(found) == ["zone-a", "zone-b"]
    assert "the pods of 1 workload (web) must be spread" in lines(found)[0]


def test_a_spread_without_a_least_number_gets_three_zones_at_most() -> None:
    found = planned(workload("web", replicas=9, topologySpreadConstraints=[spread("web")]))
    assert zones(found) == ["zone-a", "zone-b", "zone-c"]


def test_a_least_number_of_domains_is_met() -> None:
    wanted = [spread("web", minDomains=4)]
    assert len(planned(workload("web", replicas=2, topologySpreadConstraints=wanted)).nodes) == 4


def test_replicas_of_an_autoscaler_count_where_the_workload_names_none() -> None:
    web = workload("web", topologySpreadConstraints=[spread("web")])
    assert len(planned(web).nodes) == 1
    assert len(planned(web, scaler("web", 3, "Resource")).nodes) == 3


def test_a_spread_that_selects_other_pods_asks_for_no_node() -> None:
    wanted = [spread("another")]
    assert planned(workload("web", replicas=3, topologySpreadConstraints=wanted)) == Plan()


def test_a_preferred_spread_gets_labels_and_no_node() -> None:
    wanted = [spread("web", whenUnsatisfiable="ScheduleAnyway")]
    found = planned(workload("web", replicas=3, topologySpreadConstraints=wanted))
    assert zones(found) == ["zone-a"]
    assert "would rather spread over it" in lines(found)[0]


def test_pods_that_shun_each_other_get_a_node_each() -> None:
    found = planned(workload("db", replicas=3, affinity=apart("db")))
    assert len(found.nodes) == 3
    assert not found.is_labelled


def test_a_demanded_label_is_set_on_the_one_node() -> None:
    found = planned(workload("web", nodeSelector={"tier": "front"}))
    assert [dict(node.labels) for node in found.nodes] == [{"tier": "front"}]
    assert lines(found) == [
        "Node label tier: set to front, because pods run only on nodes that have it"
    ]


def test_labels_that_exclude_each_other_get_nodes_of_their_own() -> None:
    found = planned(
        workload("web", nodeSelector={"tier": "front"}),
        workload("db", affinity=on_nodes("tier", "In", "back", "spare")),
        workload("log", nodeSelector={"kubernetes.io/os": "linux"}),
    )
    assert [node.labels["tier"] for node in found.nodes[:2]] != ["front", "front"]
    assert {node.labels.get("tier") for node in found.nodes} == {"front", "back"}


def test_zones_that_pods_name_are_the_zones_that_nodes_have() -> None:
    web = workload(
        "web",
        replicas=2,
        topologySpreadConstraints=[spread("web")],
        affinity=on_nodes(ZONE, "In", "eu-1a", "eu-1b"),
    )
    assert zones(planned(web)) == ["eu-1a", "eu-1b"]


def test_zones_are_made_up_where_pods_name_too_few() -> None:
    found = planned(
        workload("db", nodeSelector={ZONE: "eu-1a"}),
        workload("web", replicas=3, topologySpreadConstraints=[spread("web")]),
    )
    assert zones(found) == ["eu-1a", "zone-a", "zone-b"]


def test_pods_in_zones_of_their_own_need_no_nodes_but_those_zones() -> None:
    found = planned(
        workload("one", nodeSelector={ZONE: "eu-1a"}),
        workload("two", nodeSelector={ZONE: "eu-1b"}),
        workload("web", replicas=2, topologySpreadConstraints=[spread("web")]),
    )
    assert zones(found) == ["eu-1a", "eu-1b"]


def test_a_demanded_label_that_only_has_to_exist_gets_a_value() -> None:
    found = planned(workload("web", affinity=on_nodes("example.org/fast", "Exists")))
    assert found.nodes[0].labels == {"example.org/fast": "true"}


def test_more_requests_than_one_node_offers_get_more_nodes_and_say_that_it_is_on_paper() -> None:
    found = planned(workload("web", replicas=3, cpu="1"), processors=2)
    assert found.workers >= 2
    assert "there is not more of it in fact" in lines(found)[0]


def test_a_limit_without_a_request_is_a_request() -> None:
    web = workload("web", replicas=3)
    web["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "1"}}
    assert planned(web, processors=2).workers >= 2


def test_a_pod_that_fits_no_node_is_refused_by_name() -> None:
    with pytest.raises(ClusterError) as refused:
        planned(workload("giant", cpu="64"))
    assert "Deployment shop/giant" in refused.value.paragraph()
    assert "64 CPU" in refused.value.paragraph()


def test_pods_that_no_number_of_nodes_holds_are_refused() -> None:
    with pytest.raises(ClusterError, match="together"):
        planned(workload("web", replicas=100, cpu="2"))


def test_a_machine_that_is_not_known_refuses_nothing() -> None:
    assert planned(workload("giant", cpu="64"), processors=0) == Plan()


def test_autoscalers_by_resources_get_the_metrics_server() -> None:
    found = planned(workload("web"), scaler("web", 1, "Resource"))
    assert found.metrics
    assert "1 HorizontalPodAutoscaler scales by processors or memory" in lines(found)[-1]


def test_an_autoscaler_without_metrics_scales_by_processors() -> None:
    assert planned(workload("web"), scaler("web", 1)).metrics


def test_metrics_that_nothing_here_serves_are_said_and_get_no_server() -> None:
    found = planned(workload("web"), scaler("web", 1, "External"))
    assert not found.metrics
    assert found.remarks == (
        "HorizontalPodAutoscaler shop/web scales by metrics of type External, which nothing here "
        "serves",
    )


def test_a_kind_configuration_with_nodes_of_its_own_decides() -> None:
    user = {"nodes": [{"role": "control-plane"}, {"role": "worker", "labels": {"tier": "front"}}]}
    web = workload("web", nodeSelector={"tier": "front"}, topologySpreadConstraints=[spread("web")])
    found = planned(web, user=user)
    assert found.nodes == ()
    assert found.workers == 0
    assert len(found.remarks) == 1
    assert ZONE in found.remarks[0]
    assert "Deployment shop/web" in found.remarks[0]


def test_a_daemon_set_counts_on_every_node() -> None:
    crowd = workload("web", replicas=3, cpu="1")
    agent = workload("agent", kind="DaemonSet", cpu="950m")
    assert planned(crowd, agent, processors=2).workers > planned(crowd, processors=2).workers
