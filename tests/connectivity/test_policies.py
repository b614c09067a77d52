from __future__ import annotations

from typing import Any

import pytest

from harness.connectivity.peers import Endpoint
from harness.connectivity.policies import Decision, decide
from harness.model.refs import ObjectRef
from tests.connectivity.objects import Object, end, pods, policy, spaces, tcp

CLIENT = end("order")
SERVER = end("db", named_ports={"postgres": 5432})
DENY = policy("deny", policyTypes=["Ingress", "Egress"])
OUTSIDE = Endpoint(namespace="", ip="203.0.113.9")


def _decide(
    *policies: Object,
    client: Endpoint = CLIENT,
    server: Endpoint = SERVER,
    port: int = 5432,
    protocol: str = "TCP",
    namespaces: dict[str, dict[str, str]] | None = None,
) -> Decision:
    return decide(client, server, port, protocol, policies, namespaces or {})


def _ingress(*sources: Object, ports: list[Object] | None = None, **spec: Any) -> Object:
    rule: Object = {"from": list(sources)} if sources else {}
    return policy("in", ingress=[{**rule, **({"ports": ports} if ports else {})}], **spec)


def _egress(*targets: Object, ports: list[Object] | None = None, **spec: Any) -> Object:
    rule: Object = {"to": list(targets)} if targets else {}
    rules = [{**rule, **({"ports": ports} if ports else {})}]
    return policy("out", egress=rules, policyTypes=["Egress"], **spec)


def test_without_policies_everything_is_allowed() -> None:
    assert _decide() == Decision(allowed=True)


def test_a_policy_of_another_namespace_isolates_nobody_here() -> None:
    assert _decide(policy("deny", "other", policyTypes=["Ingress", "Egress"])).allowed


def test_egress_is_judged_before_ingress() -> None:
    decision = _decide(DENY)
    assert (decision.allowed, decision.direction) == (False, "egress")
    assert decision.isolating == (ObjectRef("NetworkPolicy", "shop", "deny"),)
    opened = _decide(DENY, _egress(pods(app="db")))
    assert (opened.allowed, opened.direction) == (False, "ingress")


def test_policies_add_up_and_both_ends_must_agree() -> None:
    decision = _decide(DENY, _egress(pods(app="db")), _ingress(pods(app="order")))
    assert decision.allowed
    assert [(ref.name, rule) for ref, rule in decision.allowing] == [("out", 0), ("in", 0)]
    assert {ref.name for ref in decision.isolating} == {"deny", "out", "in"}


@pytest.mark.parametrize(
    ("spec", "direction"),
    [
        ({}, "ingress"),
        ({"policyTypes": []}, "ingress"),
        ({"egress": []}, "ingress"),
        ({"egress": [{"to": [pods(app="x")]}]}, "egress"),
        ({"policyTypes": ["Egress"]}, "egress"),
        ({"policyTypes": ["Ingress"], "egress": [{"to": [pods(app="x")]}]}, "ingress"),
    ],
)
def test_missing_policy_types_mean_ingress_and_egress_only_with_rules(
    spec: Object, direction: str
) -> None:
    assert _decide(policy("p", **spec)).direction == direction


def test_egress_rules_without_policy_types_isolate_ingress_too() -> None:
    assert _decide(policy("p", egress=[{}])).direction == "ingress"


def test_a_policy_without_pod_selector_selects_all_pods() -> None:
    deny = policy("p", policyTypes=["Egress"])
    del deny["spec"]["podSelector"]
    assert not _decide(deny).allowed


def test_a_policy_for_other_pods_isolates_nobody_here() -> None:
    assert _decide(policy("p", policyTypes=["Egress"], **pods(app="payment"))).allowed


@pytest.mark.parametrize("rule", [{}, {"from": []}, {"from": None, "ports": []}])
def test_an_empty_rule_allows_everybody_on_all_ports(rule: Object) -> None:
    assert _decide(policy("p", ingress=[rule])).allowed
    assert _decide(policy("p", ingress=[rule]), client=OUTSIDE).allowed


def test_an_empty_list_of_rules_allows_nobody() -> None:
    assert not _decide(policy("p", ingress=[])).allowed


@pytest.mark.parametrize(
    ("peer", "namespace", "allowed"),
    [
        (pods(app="order"), "shop", True),
        (pods(app="order"), "other", False),
        (pods(app="payment"), "shop", False),
        ({"podSelector": {}}, "shop", True),
        ({"podSelector": {}}, "other", False),
        ({"namespaceSelector": {}}, "other", True),
        ({"namespaceSelector": {}, "podSelector": None}, "other", True),
        (spaces(team="a"), "other", True),
        (spaces(team="b"), "other", False),
        ({**spaces(team="a"), **pods(app="order")}, "other", True),
        ({**spaces(team="a"), **pods(app="payment")}, "other", False),
        ({**spaces(team="b"), **pods(app="order")}, "other", False),
        (spaces(**{"kubernetes.io/metadata.name": "other"}), "other", True),
        (spaces(**{"kubernetes.io/metadata.name": "other"}), "shop", False),
        ({}, "shop", False),
    ],
)
def test_a_peer_is_a_pod_of_the_own_namespace_or_of_those_selected(
    peer: Object, namespace: str, *, allowed: bool
) -> None:
    client = end("order", namespace)
    known = {"other": {"team": "a"}}
    assert _decide(_ingress(peer), client=client, namespaces=known).allowed is allowed


def test_labels_of_the_namespace_may_come_with_the_endpoint() -> None:
    client = end("order", "other", namespace_labels={"team": "a"})
    assert _decide(_ingress(spaces(team="a")), client=client).allowed


def test_two_items_mean_either_and_one_item_both() -> None:
    stranger = end("stranger", "other")
    known = {"other": {"team": "a"}}
    split = _ingress(pods(app="order"), spaces(team="a"))
    joined = _ingress({**pods(app="order"), **spaces(team="a")})
    assert _decide(split, client=stranger, namespaces=known).allowed
    assert not _decide(joined, client=stranger, namespaces=known).allowed


@pytest.mark.parametrize(
    ("entry", "port", "protocol", "allowed"),
    [
        ({"port": 5432}, 5432, "TCP", True),
        ({"port": 5432}, 5433, "TCP", False),
        ({"port": 5432}, 5432, "UDP", False),
        ({"port": 53, "protocol": "UDP"}, 53, "UDP", True),
        ({"port": 53, "protocol": "UDP"}, 53, "TCP", False),
        ({"protocol": "UDP"}, 9, "UDP", True),
        ({"protocol": "UDP"}, 9, "TCP", False),
        ({"port": 8000, "endPort": 8099}, 8000, "TCP", True),
        ({"port": 8000, "endPort": 8099}, 8099, "TCP", True),
        ({"port": 8000, "endPort": 8099}, 8100, "TCP", False),
        ({"port": "postgres"}, 5432, "TCP", True),
        ({"port": "postgres"}, 5433, "TCP", False),
        ({"port": "http"}, 5432, "TCP", False),
    ],
)
def test_a_port_is_a_number_a_range_or_a_name_of_the_destination(
    entry: Object, port: int, protocol: str, *, allowed: bool
) -> None:
    for rule in (_ingress(ports=[entry]), _egress(ports=[entry])):
        assert _decide(rule, port=port, protocol=protocol).allowed is allowed


def test_a_named_port_is_not_looked_up_on_the_client() -> None:
    client = end("order", named_ports={"http": 5432})
    assert not _decide(_egress(ports=tcp("http")), client=client).allowed


def test_a_pod_without_a_known_workload_is_a_pod_still() -> None:
    client = Endpoint(namespace="shop", labels={"app": "order"})
    assert _decide(_ingress(pods(app="order")), client=client).allowed
    assert not _decide(policy("p", policyTypes=["Egress"]), client=client).allowed


def test_an_outside_address_matches_blocks_only() -> None:
    block = {"ipBlock": {"cidr": "203.0.113.0/24", "except": ["203.0.113.128/25"]}}
    assert _decide(_ingress(block), client=OUTSIDE).allowed
    late = Endpoint(namespace="", ip="203.0.113.200")
    assert not _decide(_ingress(block), client=late).allowed
    assert not _decide(
        _ingress({"podSelector": {}}, {"namespaceSelector": {}}), client=OUTSIDE
    ).allowed
    assert _decide(_egress(block), server=OUTSIDE, port=443).allowed


def test_what_only_an_unknown_address_may_allow_is_allowed_without_certainty() -> None:
    block = {"ipBlock": {"cidr": "10.0.0.0/16"}}
    assert not _decide(_ingress(block)).certain
    assert _decide(_ingress(block)).allowed
    assert _decide(_ingress(block), client=end("order", ip="10.0.3.4")).certain
    assert not _decide(_ingress(block), client=end("order", ip="10.244.0.0/16")).allowed


def test_a_sure_rule_counts_before_one_that_may_allow() -> None:
    block = {"ipBlock": {"cidr": "10.0.0.0/16"}}
    both = policy("p", ingress=[{"from": [block]}, {"from": [pods(app="order")]}])
    decision = _decide(both)
    assert decision.certain
    assert [rule for _, rule in decision.allowing] == [1]


def test_a_pod_reaches_itself_whatever_policies_say() -> None:
    alone = end("a", ref=ObjectRef("Pod", "shop", "a"))
    assert _decide(DENY, client=alone, server=alone).allowed
    same = end("a", ip="10.244.0.7")
    assert _decide(DENY, client=same, server=same).allowed
    range_only = end("a", ip="10.244.0.0/16")
    assert not _decide(DENY, client=range_only, server=range_only).allowed
