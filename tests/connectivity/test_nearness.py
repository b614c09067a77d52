from __future__ import annotations

import pytest

from harness.connectivity.nearness import Lack
from harness.connectivity.peers import Endpoint
from harness.connectivity.policies import Decision, decide
from tests.connectivity.objects import Object, end, pods, policy, spaces, tcp

CLIENT, SERVER = end("order"), end("db", named_ports={"postgres": 5432})
PODS = (CLIENT, SERVER, end("payment"), end("customer"))


def _blocked(
    *rules: Object,
    server: Endpoint = SERVER,
    port: int = 5432,
    service_port: int = 0,
    known: tuple[Endpoint, ...] = PODS,
) -> Decision:
    out = policy("out", policyTypes=["Egress"], egress=list(rules))
    decision = decide(
        CLIENT, server, port, "TCP", [out], {"shop": {}, "data": {"team": "b"}},
        service_port=service_port, pods=known,
    )  # fmt: skip
    assert not decision.allowed
    return decision


def test_another_port_for_the_same_pods_is_told() -> None:
    decision = _blocked({"to": [pods(app="db")], "ports": tcp(9092)})
    assert decision.near == "out allows TCP 9092, not TCP 5432"
    assert decision.closest.lack is Lack.PORT
    assert decision.closest.is_strong


def test_a_port_for_everybody_is_no_rule_for_this_dependency() -> None:
    dns = {"ports": [{"protocol": "UDP", "port": 53}]}
    assert _blocked(dns).closest.lack is Lack.NOTHING
    assert _blocked({"to": [{"podSelector": {}}], **dns}).near == ""


def test_the_port_of_the_service_is_told_before_another_port() -> None:
    decision = _blocked(
        {"to": [pods(app="db")], "ports": tcp(9)},
        {"to": [pods(app="db")], "ports": tcp(80)},
        port=8080,
        service_port=80,
    )
    assert decision.near == "out names Service port 80, the pod listens on 8080"
    assert decision.closest.lack is Lack.SERVICE_PORT
    assert decision.closest.rule == 1


def test_a_named_port_that_the_pod_lacks_is_told() -> None:
    decision = _blocked({"to": [pods(app="db")], "ports": tcp("http")})
    assert decision.near == "out names port http, which the pod does not have"
    assert decision.closest.is_strong


def test_a_namespace_selector_that_no_namespace_fulfils_is_told() -> None:
    peer = {**spaces(name="data"), **pods(app="db")}
    decision = _blocked({"to": [peer]}, server=end("db", "data"))
    assert decision.near == "the namespaceSelector name=data of out matches no namespace"
    assert decision.closest.lack is Lack.NAMESPACE


def test_a_selector_of_a_namespace_that_is_not_installed_is_meant_for_others() -> None:
    decision = _blocked({"to": [spaces(name="monitoring")]})
    assert decision.closest.lack is Lack.NOTHING


def test_a_selector_that_another_namespace_fulfils_is_not_called_unmatched() -> None:
    peer = {**spaces(team="b"), **pods(app="db")}
    assert _blocked({"to": [peer]}).closest.lack is Lack.NOTHING


def test_a_lone_pod_selector_means_its_own_namespace() -> None:
    decision = _blocked({"to": [pods(app="db")]}, server=end("db", "data"))
    assert decision.closest.lack is Lack.OWN_NAMESPACE
    assert decision.near == (
        "out has a podSelector alone: it means namespace shop, the pod is in data"
    )


def test_a_namespace_selector_alone_is_told_if_it_names_the_namespace() -> None:
    peers = [spaces(name="data", team="b"), spaces(team="c", name="monitoring")]
    decision = _blocked({"to": peers}, server=end("db", "data"))
    assert decision.near == "the namespaceSelector name=data, team=b of out matches no namespace"


def test_nothing_is_near_to_an_address_outside() -> None:
    outside = Endpoint(namespace="", ip="203.0.113.9")
    decision = _blocked({"to": [pods(app="db"), {"namespaceSelector": {}}]}, server=outside)
    assert decision.closest.lack is Lack.NOTHING


def test_of_several_peers_the_most_telling_lack_is_told() -> None:
    peers = [pods(app="payment"), {**spaces(name="shop"), **pods(app="db")}]
    assert _blocked({"to": peers}).closest.lack is Lack.NAMESPACE
    assert _blocked({"to": peers[::-1]}).closest.lack is Lack.NAMESPACE


def test_labels_that_no_pod_has_are_a_strong_hint() -> None:
    decision = _blocked({"to": [pods(app="database")], "ports": tcp(5432)})
    assert decision.near == "out allows the port only for pods with app=database, which no pod has"
    assert decision.closest.is_strong


@pytest.mark.parametrize(
    ("peers", "strong"),
    [
        ([pods(app="customer")], False),
        ([{"podSelector": {"matchExpressions": [
            {"key": "app", "operator": "In", "values": ["customer", "payment"]}]}}], True),
    ],
)  # fmt: skip
def test_a_rule_for_one_other_workload_is_weak_and_one_for_several_is_strong(
    peers: list[Object], *, strong: bool
) -> None:
    decision = _blocked({"to": peers, "ports": tcp(5432)})
    assert decision.closest.lack is Lack.LABELS
    assert decision.closest.is_strong is strong


def test_without_knowing_the_pods_labels_are_never_a_strong_hint() -> None:
    decision = _blocked({"to": [pods(app="database")], "ports": tcp(5432)}, known=())
    assert not decision.closest.is_strong


def test_a_policy_that_selects_no_pod_is_told_if_its_rule_would_do() -> None:
    deny = policy("deny", policyTypes=["Egress"])
    stale = policy("stale", policyTypes=["Egress"], egress=[{"to": [pods(app="db")]}])
    stale["spec"] |= pods(app="ordering")
    decision = decide(CLIENT, SERVER, 5432, "TCP", [deny, stale], {}, pods=PODS)
    assert decision.closest.lack is Lack.SUBJECT
    assert decision.near == (
        "stale would allow it, but its podSelector app=ordering selects no pod"
    )


def test_a_policy_that_selects_no_pod_and_would_not_do_is_not_near() -> None:
    deny = policy("deny", policyTypes=["Egress"])
    rules = [{"to": [pods(app="db")], "ports": tcp(1)}, {"to": [pods(app="x")]}]
    stale = policy("stale", policyTypes=["Egress"], egress=rules)
    stale["spec"] |= pods(app="ordering")
    elsewhere = policy("far", "other", policyTypes=["Egress"], egress=[{"to": [pods(app="db")]}])
    elsewhere["spec"] |= pods(app="nobody")
    strangers = (*PODS, end("stranger", "other"))
    decision = decide(CLIENT, SERVER, 5432, "TCP", [deny, stale, elsewhere], {}, pods=strangers)
    assert decision.closest.lack is Lack.NOTHING


def test_a_policy_for_other_pods_is_not_near() -> None:
    deny = policy("deny", policyTypes=["Egress"])
    other = policy("other", policyTypes=["Egress"], egress=[{"to": [pods(app="db")]}])
    other["spec"] |= pods(app="payment")
    decision = decide(CLIENT, SERVER, 5432, "TCP", [deny, other], {}, pods=PODS)
    assert decision.closest.lack is Lack.NOTHING
