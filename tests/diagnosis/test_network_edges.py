"""The way out of the cluster, dropped probes, advice: edges of the network family."""

from __future__ import annotations

from typing import Any

import pytest

from harness.model.finding import Outcome
from tests.diagnosis.readings import causes, only, suspected, told
from tests.diagnosis.samples.network_outside import (
    probes_time_out,
)
from tests.diagnosis.samples.network_world import (
    BACKING,
    SPACE,
    corp,
    crash,
    healthy_policies,
    policy,
    ready,
)
from tests.diagnosis.world import World, running


def outward(text: str, *policies: dict[str, Any]) -> World:
    extra = {str(p["metadata"]["name"]): p for p in policies}
    made = corp({**healthy_policies(), **extra})
    ready(made, *BACKING, "order", "catalog", "notification")
    crash(made, "payment", text, 20, 36, 60)
    return made


def to_block(cidr: str, port: int) -> dict[str, Any]:
    peer = {"to": [{"ipBlock": {"cidr": cidr}}], "ports": [{"protocol": "TCP", "port": port}]}
    return policy("allow-out", {"app": "payment"}, egress=[peer])


STRIPE = 'Post "https://api.stripe.com/v1/charges": dial tcp 54.187.174.169:443: i/o timeout'


def test_a_rule_for_other_addresses_does_not_help() -> None:
    assert only(outward(STRIPE, to_block("10.0.0.0/8", 443)).diagnose(90)).cause == "N15"
    assert not causes(outward(STRIPE, to_block("54.187.0.0/16", 443)).diagnose(90)) & {"N15"}


def test_the_api_is_reached_by_its_own_port() -> None:
    text = "dial tcp 10.96.0.1:443: i/o timeout"
    api = {
        "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default"},
        "spec": {"clusterIP": "10.96.0.1"},
    }
    closed, opened = outward(text), outward(text, to_block("172.18.0.0/16", 6443))
    for made in (closed, opened):
        made.put(api, 0.1)

    assert only(closed.diagnose(90)).cause == "N15"
    assert not causes(opened.diagnose(90)) & {"N15"}


def test_a_private_address_may_be_in_the_cluster() -> None:
    found = outward("dial tcp 10.96.44.1:8080: i/o timeout").diagnose(90)

    assert "N15" not in told(found)


def test_probes_that_time_out_at_one_workload_alone_are_no_policy() -> None:
    made = corp()
    ready(made, *BACKING)
    probes_time_out(made, "order")

    found = made.diagnose(120)
    assert "N11" not in causes(found)
    assert "B04" in told(found)


def test_a_server_that_complains_of_somebody_elses_scheme_is_not_at_fault() -> None:
    made = corp()
    ready(made, *BACKING, "order", "payment", "notification")
    made.pod("catalog", 5, state=running(5), phase="Running")
    line = (
        "http: TLS handshake error from 10.244.0.7:43120: "
        "client sent an HTTP request to an HTTPS server"
    )
    made.log("catalog-h1-abcde", "catalog", line, 12)

    assert "N17" not in told(made.diagnose(80))


def unready_shop(*extra: dict[str, Any]) -> World:
    made = corp()
    for obj in extra:
        made.declare(obj)
        made.put(obj)
    ready(made, *BACKING, "catalog", "payment", "notification")
    made.pod("order", 10, state=running(10, started=False), phase="Running")
    return made


INGRESS = {
    "kind": "Ingress",
    "metadata": {"name": "shop", "namespace": SPACE},
    "spec": {"ingressClassName": "alb"},
}
BALANCER = {
    "kind": "Service",
    "metadata": {"name": "edge", "namespace": SPACE},
    "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
}


@pytest.mark.parametrize("obj", [INGRESS, BALANCER], ids=["ingress", "balancer"])
def test_what_never_gets_an_address_is_only_a_suspect(obj: dict[str, Any]) -> None:
    found = unready_shop(obj).diagnose(130)

    assert "N14" in suspected(found)
    assert not found.findings


def test_a_known_ingress_class_is_no_suspect() -> None:
    made = unready_shop(INGRESS)
    made.put({"kind": "IngressClass", "metadata": {"name": "alb"}}, 0.2)

    assert "N14" not in suspected(made.diagnose(60))


def test_advice_does_not_keep_a_healthy_shop_waiting() -> None:
    made = unready_shop(INGRESS, BALANCER)
    ready(made, "order", at=20)

    assert made.diagnose(600).outcome is Outcome.HEALTHY


def test_two_items_that_are_probably_one_are_only_a_suspect() -> None:
    split = policy("allow-metrics", {"app": "order"}, ingress=[{"from": [
        {"podSelector": {"matchLabels": {"app": "prometheus"}}},
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}},
    ]}])  # fmt: skip
    found = unready_shop(split).diagnose(30)

    assert "N03" in suspected(found)
    assert not found.findings


ALB = {"alb.ingress.kubernetes.io/target-type": "ip"}


@pytest.mark.parametrize(
    ("provider", "told"), [("aws:///eu-west-1a/i-1", True), ("kind://docker/x/y", False)]
)
def test_load_balancers_are_a_matter_of_aws(provider: str, told: bool) -> None:
    made = unready_shop({**INGRESS, "metadata": {**INGRESS["metadata"], "annotations": ALB}})  # type: ignore[dict-item]
    made.change("Node", "node-1", 0.2, spec={"providerID": provider})

    assert ("N10" in suspected(made.diagnose(30))) is told


def test_a_resolver_on_the_node_is_no_pod() -> None:
    made = unready_shop()
    made.put(
        {"kind": "DaemonSet", "metadata": {"name": "node-local-dns", "namespace": "kube-system"}},
        0.2,
    )

    assert "N16" in suspected(made.diagnose(30))
    assert "N16" not in suspected(unready_shop().diagnose(30))
