from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.connectivity.dependencies import Graph, dependencies
from harness.connectivity.reach import Blocked, Miss, blocked, explain
from harness.model.refs import ObjectRef
from tests.connectivity.objects import (
    POD_RANGE,
    Object,
    config_map,
    container,
    env,
    fresh_musiccorp,
    one,
    pods,
    policy,
    service,
    spaces,
    tcp,
    without,
    workload,
)

SPACE = "musiccorp-dev"
SYSTEM: dict[str, dict[str, str]] = {"kube-system": {}, SPACE: {}}


def _blocked(objects: list[Object], **fields: Any) -> tuple[Blocked, ...]:
    return blocked(dependencies(objects), objects, SYSTEM, **{"pod_range": POD_RANGE, **fields})


def _told(found: tuple[Blocked, ...]) -> set[tuple[str, str, str, int, str]]:
    return {(str(b.miss), b.client.name, b.server.name, b.port, b.policy.name) for b in found}


def _policy_of(objects: list[Object], name: str) -> Object:
    spec: Object = one(objects, "NetworkPolicy", name)["spec"]
    return spec


def _quorum_of_three(objects: list[Object]) -> list[Object]:
    voters = ",".join(f"{n}@kafka-{n}.kafka-headless:9093" for n in range(3))
    one(objects, "StatefulSet", "kafka")["spec"]["replicas"] = 3
    one(objects, "ConfigMap", "kafka")["data"]["KAFKA_CONTROLLER_QUORUM_VOTERS"] = voters
    return objects


def test_the_graph_is_what_the_manifests_say() -> None:
    graph = dependencies(fresh_musiccorp())
    edges = {
        (
            d.client.name,
            str(d.server).partition("/")[2],
            str(d.service),
            d.port,
            d.pod_port,
            d.waits,
        )
        for d in graph.dependencies
    }
    at = f"Service {SPACE}/"
    assert edges == {
        ("catalog", "catalog-db", f"{at}catalog-db", 5432, 5432, True),
        ("customer", "customer-db", f"{at}customer-db", 5432, 5432, True),
        ("order", "order-db", f"{at}order-db", 5432, 5432, True),
        ("order", "catalog", f"{at}catalog", 80, 8080, False),
        ("order", "customer", f"{at}customer", 80, 8080, False),
        ("order", "kafka", f"{at}kafka", 9092, 9092, False),
        ("payment", "kafka", f"{at}kafka", 9092, 9092, False),
        ("notification", "kafka", f"{at}kafka", 9092, 9092, False),
        ("kafka", "kafka", f"{at}kafka-headless", 9092, 9092, False),
    }
    assert all(d.certain and not d.trouble for d in graph.dependencies)
    order = ObjectRef("Deployment", SPACE, "order")
    assert {ref.name for ref in graph.transitive(order)} == {
        "order-db", "catalog", "catalog-db", "customer", "customer-db", "kafka",
    }  # fmt: skip
    needed = graph.needed_by(ObjectRef("StatefulSet", SPACE, "kafka"))
    assert [d.client.name for d in needed] == ["notification", "order", "payment", "kafka"]


def test_nothing_of_the_example_is_unresolved_or_blocked() -> None:
    objects = fresh_musiccorp()
    assert dependencies(objects).unresolved == ()
    assert _blocked(objects) == ()
    assert _blocked(objects, pod_range="") == ()
    assert _blocked(_quorum_of_three(objects)) == ()


def test_without_the_dns_policy_every_client_that_uses_names_is_cut_off() -> None:
    found = _blocked(without(fresh_musiccorp(), "NetworkPolicy", "dns"))
    clients = ("catalog", "customer", "notification", "order", "payment")
    assert _told(found) == {("N01", each, "kube-dns", 53, "default-deny") for each in clients}
    assert {each.protocol for each in found} == {"UDP"}
    assert not any(each.advisory for each in found)
    assert found[0].hint == (
        "egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "
        "kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: "
        "[{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]}]"
    )


def test_dns_without_tcp_is_told_as_advice() -> None:
    objects = fresh_musiccorp()
    del _policy_of(objects, "dns")["egress"][0]["ports"][1]
    found = _blocked(objects)
    assert {(each.protocol, each.advisory) for each in found} == {("TCP", True)}
    assert found[0].decision.near == "dns allows UDP 53, not TCP 53"


def test_a_wrong_label_of_the_dns_namespace_is_n02_on_that_policy() -> None:
    objects = fresh_musiccorp()
    peer = _policy_of(objects, "dns")["egress"][0]["to"][0]
    peer["namespaceSelector"] = {"matchLabels": {"name": "kube-system"}}
    found = _blocked(objects)
    assert {(each.miss, each.policy.name) for each in found} == {(Miss.NAMESPACE, "dns")}
    labelled = {**SYSTEM, "kube-system": {"name": "kube-system"}}
    assert blocked(dependencies(objects), objects, labelled, pod_range=POD_RANGE) == ()


def test_a_lone_pod_selector_for_dns_is_n03() -> None:
    objects = fresh_musiccorp()
    del _policy_of(objects, "dns")["egress"][0]["to"][0]["namespaceSelector"]
    assert {(each.miss, each.policy.name) for each in _blocked(objects)} == {(Miss.SPLIT, "dns")}


def test_a_closed_controller_port_is_k08_when_there_is_a_quorum() -> None:
    objects = _quorum_of_three(fresh_musiccorp())
    peers = _policy_of(objects, "kafka-peers")
    del peers["ingress"][0]["ports"][1]
    del peers["egress"][0]["ports"][1]
    found = _blocked(objects)
    assert _told(found) == {("K08", "kafka", "kafka", 9093, "kafka-peers")}
    assert [each.decision.direction for each in found] == ["egress", "ingress"]
    assert found[0].decision.near == "kafka-peers allows TCP 9092, not TCP 9093"


def test_one_broker_reaches_itself_whatever_policies_say() -> None:
    objects = without(fresh_musiccorp(), "NetworkPolicy", "kafka-peers")
    assert _blocked(objects) == ()
    found = _blocked(_quorum_of_three(objects))
    assert {(each.miss, each.client.name) for each in found if each.server.name == "kafka"} == {
        (Miss.SELF, "kafka")
    }


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_the_services_port_in_a_policy_is_n04(direction: str) -> None:
    objects = fresh_musiccorp()
    name = f"order-to-catalog-{direction}"
    _policy_of(objects, name)[direction][0]["ports"][0]["port"] = 80
    (found,) = _blocked(objects)
    assert _told((found,)) == {("N04", "order", "catalog", 8080, name)}
    assert found.decision.near == f"{name} names Service port 80, the pod listens on 8080"


def test_an_ingress_that_lacks_the_client_is_n05_on_the_shared_policy() -> None:
    objects = fresh_musiccorp()
    peer = _policy_of(objects, "kafka-clients-ingress")["ingress"][0]["from"][0]
    peer["podSelector"]["matchExpressions"][0]["values"].remove("order")
    found = _blocked(objects)
    assert _told(found) == {("N05", "order", "kafka", 9092, "kafka-clients-ingress")}


def test_a_removed_ingress_is_n05_and_the_rule_of_another_client_is_not_blamed() -> None:
    objects = without(fresh_musiccorp(), "NetworkPolicy", "order-to-database-ingress")
    found = _blocked(objects)
    assert _told(found) == {("N05", "order", "order-db", 5432, "default-deny")}


def test_a_removed_egress_is_n06_and_the_rule_for_another_server_is_not_blamed() -> None:
    objects = without(fresh_musiccorp(), "NetworkPolicy", "order-to-catalog-egress")
    (found,) = _blocked(objects)
    assert _told((found,)) == {("N06", "order", "catalog", 8080, "default-deny")}
    assert found.decision.near.startswith("order-to-customer-egress allows the port only for pods")


def test_both_ends_are_told_when_both_forbid() -> None:
    names = ("order-to-database-ingress", "order-to-database-egress")
    found = _blocked(without(fresh_musiccorp(), "NetworkPolicy", *names))
    assert [each.miss for each in found] == [Miss.EGRESS, Miss.INGRESS]


def test_changed_labels_of_a_client_leave_its_policies_without_pods() -> None:
    objects = fresh_musiccorp()
    order = one(objects, "Deployment", "payment")["spec"]
    for labels in (order["selector"]["matchLabels"], order["template"]["metadata"]["labels"]):
        labels["app.kubernetes.io/component"] = "worker"
    found = [each for each in _blocked(objects) if each.client.name == "payment"]
    assert [each.miss for each in found] == [Miss.EGRESS, Miss.INGRESS]
    assert all("worker" in each.hint + each.pods for each in found)


def test_a_label_in_a_rule_that_no_pod_has_names_the_rule() -> None:
    objects = fresh_musiccorp()
    rule = _policy_of(objects, "order-to-database-egress")["egress"][0]
    rule["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/name"] = "orders-db"
    (found,) = _blocked(objects)
    assert _told((found,)) == {("N06", "order", "order-db", 5432, "order-to-database-egress")}
    assert found.decision.near == (
        "order-to-database-egress allows the port only for pods with "
        "app.kubernetes.io/name=orders-db, which no pod has"
    )


def test_a_policy_that_selects_nobody_is_named() -> None:
    objects = fresh_musiccorp()
    spec = _policy_of(objects, "order-to-database-egress")
    spec["podSelector"]["matchLabels"]["app.kubernetes.io/name"] = "ordering"
    assert _told(_blocked(objects)) == {
        ("N06", "order", "order-db", 5432, "order-to-database-egress")
    }


def test_a_block_that_may_hold_the_client_is_not_called_blocked() -> None:
    objects = without(fresh_musiccorp(), "NetworkPolicy", "order-to-catalog-ingress")
    assert _blocked(objects, pod_range="") == ()
    assert _told(_blocked(objects)) == {("N05", "order", "catalog", 8080, "default-deny")}
    node = {"kind": "Node", "metadata": {"name": "n"}, "spec": {"podCIDR": "10.244.0.0/24"}}
    assert len(_blocked([*objects, node], pod_range="")) == 1
    live = {
        "kind": "Pod",
        "metadata": {
            "name": "order-1-x",
            "namespace": SPACE,
            "labels": one(objects, "Deployment", "order")["spec"]["template"]["metadata"]["labels"],
            "ownerReferences": [{"kind": "ReplicaSet", "name": "order-1", "controller": True}],
        },
        "spec": {},
        "status": {"podIP": "10.20.3.4"},
    }
    # On EKS pods have addresses of the VPC, so the load balancer's rule lets this one in.
    assert _blocked([*objects, live]) == ()


def test_a_block_for_dns_is_compared_with_the_addresses_of_its_pods() -> None:
    objects = fresh_musiccorp()
    rule = _policy_of(objects, "dns")["egress"][0]
    rule["to"] = [{"ipBlock": {"cidr": "10.244.7.7/32"}}]
    assert _blocked(objects) == ()
    server: Object = {
        "kind": "Pod",
        "metadata": {
            "name": "coredns-x",
            "namespace": "kube-system",
            "labels": {"k8s-app": "kube-dns"},
        },
        "spec": {},
        "status": {"podIP": "10.244.7.7"},
    }
    assert _blocked([*objects, server]) == ()
    server["status"]["podIP"] = "10.244.7.8"
    assert {each.miss for each in _blocked([*objects, server])} == {Miss.DNS}


def test_the_explanation_is_one_sentence_with_policy_direction_and_rule() -> None:
    objects = without(fresh_musiccorp(), "NetworkPolicy", "order-to-database-ingress")
    (found,) = _blocked(objects)
    assert explain(found) == (
        "NetworkPolicy musiccorp-dev/default-deny isolates the ingress of StatefulSet "
        "musiccorp-dev/order-db, and no rule allows TCP 5432 from Deployment musiccorp-dev/order "
        "to StatefulSet musiccorp-dev/order-db: for the pods with app.kubernetes.io/component="
        "database, app.kubernetes.io/name=order-db add ingress: [{from: [{podSelector: "
        "{matchLabels: {app.kubernetes.io/component: service, app.kubernetes.io/name: order}}}], "
        "ports: [{protocol: TCP, port: 5432}]}]"
    )


def test_the_explanation_tells_the_closest_rule_and_how_many_policies_isolate() -> None:
    objects = fresh_musiccorp()
    _policy_of(objects, "order-to-catalog-egress")["egress"][0]["ports"][0]["port"] = 80
    (found,) = _blocked(objects)
    text = explain(found)
    assert text.startswith(
        "NetworkPolicy musiccorp-dev/order-to-catalog-egress and 5 more isolate the egress of "
    )
    assert (
        "; closest: order-to-catalog-egress names Service port 80, the pod listens on 8080: "
        in text
    )


def _pair(client: Object, *more: Object) -> list[Object]:
    entry = {"port": 80, "targetPort": 8080}
    return [client, workload("web"), service("web", entry), policy("deny", ingress=[]), *more]


def _client(**variables: str) -> Object:
    return workload("client", containers=[container(env=env(**variables))])


def test_a_word_that_only_happens_to_be_a_service_is_not_judged() -> None:
    assert len(_blocked(_pair(_client(WEB_URL="http://web")))) == 1
    assert _blocked(_pair(_client(STYLE="web"))) == ()


def test_pods_on_the_nodes_network_are_not_judged() -> None:
    objects = _pair(_client(WEB_URL="http://web"))
    objects[1]["spec"]["template"]["spec"]["hostNetwork"] = True
    assert _blocked(objects) == ()


def test_an_unknown_port_is_blocked_only_if_all_ports_are() -> None:
    two = service("web", {"port": 80, "targetPort": 8080}, {"port": 81, "targetPort": 8081})
    objects = [o for o in _pair(_client(WEB_HOST="web"), two) if o["kind"] != "NetworkPolicy"]
    assert len(_blocked([*objects, policy("deny", ingress=[])])) == 1
    assert _blocked([*objects, policy("some", ingress=[{"ports": tcp(8081)}])]) == ()


def test_a_port_that_the_service_does_not_offer_is_not_a_matter_of_policies() -> None:
    assert _blocked(_pair(_client(WEB_URL="http://web:8080"))) == ()


def test_a_rule_for_a_client_elsewhere_names_its_namespace() -> None:
    client = workload(
        "client",
        namespace="front",
        containers=[container(env=env(WEB_URL="http://web.shop.svc"))],
    )
    (found,) = _blocked(_pair(client))
    assert found.hint.startswith(
        "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: front}}"
    )
    opened = policy("open", ingress=[{"from": [{**spaces(team="a"), **pods(app="client")}]}])
    space = {"kind": "Namespace", "metadata": {"name": "front", "labels": {"team": "a"}}}
    assert _blocked([*_pair(client, opened), space]) == ()
    assert [each.miss for each in _blocked(_pair(client, opened))] == [Miss.NAMESPACE]


def test_several_places_that_name_one_server_are_one_finding() -> None:
    config = config_map("c", WEB_URL="http://web")
    client = _client(WEB_URL="http://web", OTHER_URL="http://web/x")
    main = client["spec"]["template"]["spec"]["containers"][0]
    main["envFrom"] = [{"configMapRef": {"name": "c"}}]
    graph: Graph = dependencies(_pair(client, config))
    assert len(graph.dependencies) == 2
    assert len(_blocked(_pair(client, config))) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda spec: spec.update(podSelector={}, egress=[{}]),
        lambda spec: spec.update(egress=[{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]),
        lambda spec: spec.update(egress=[{"to": [{"namespaceSelector": {}}]}]),
    ],
)
def test_other_ways_to_open_dns_are_seen(change: Callable[[Object], None]) -> None:
    objects = fresh_musiccorp()
    change(_policy_of(objects, "dns"))
    assert _blocked(objects) == ()
