"""Wording and edges of the network family; its timelines are in `samples/network*.py`."""
# ruff: noqa: E501 - texts of other programs are quoted as they are

from __future__ import annotations

import pytest

from harness.diagnosis.catalogue import catalogue
from harness.diagnosis.rules.network.network import explained_clients, unreachable
from harness.diagnosis.rules.probe.probe_symptoms import needs_ready_since
from harness.model.finding import Confidence
from harness.model.refs import ObjectRef
from tests.diagnosis.readings import causes, facts_at, only, suspected, told
from tests.diagnosis.samples.network_world import (
    BACKING,
    NO_NAME,
    REFUSED,
    SPACE,
    TIMED_OUT,
    allow,
    allow_dns,
    corp,
    crash,
    database,
    env,
    kafka,
    policy,
    ready,
    replaced,
    rule,
    service,
    without,
)
from tests.diagnosis.world import START, World, container, running, waiting

ORDER = ObjectRef("Deployment", SPACE, "order")
TYPO = {"app": "ordr"}
ABSENT = "Name or service not known"


def others_ready(made: World) -> World:
    ready(made, *BACKING, "catalog", "payment", "notification")
    return made


def cut_off(*moments: float, text: str = "") -> World:
    """Order is not let in to its database; it says so at each moment."""
    made = corp(replaced(*allow("order", "postgres-order", 5432, labels=TYPO)))
    others_ready(made)
    crash(made, "order", text or TIMED_OUT.format("postgres-order", "10.96.20.15"), *moments)
    return made


def test_every_row_of_the_table_is_in_the_catalogue() -> None:
    assert {f"N{n:02d}" for n in range(1, 18)} <= set(catalogue())


def test_a_time_out_with_a_static_reason_is_certain_at_first_sight() -> None:
    made = cut_off(20)

    assert not made.diagnose(19).findings
    found = only(made.diagnose(21))
    assert (found.cause, found.confidence) == ("N05", Confidence.CERTAIN)


def test_a_finding_names_both_sides_and_the_port() -> None:
    found = only(cut_off(20, 36).diagnose(40))

    assert found.field == "spec.ingress[0].from"
    assert "timeout expired" in found.seen
    assert "no rule lets order reach postgres-order on TCP 5432" in found.seen
    assert "only from pods with app=ordr, which no pod has" in found.seen
    assert "app: order" in found.expected
    assert found.fix == (
        "let spec.ingress[0].from of NetworkPolicy musiccorp-dev/allow-order-to-postgres-order "
        "select app=order"
    )


def test_a_log_about_another_host_proves_nothing() -> None:
    text = TIMED_OUT.format("reporting-db", "10.96.99.1")
    found = cut_off(20, 36, 70, text=text).diagnose(75)

    assert "N05" not in told(found)


def test_a_refusal_is_not_what_a_policy_makes() -> None:
    text = REFUSED.format("postgres-order", "10.96.20.15")
    found = cut_off(20, 36, 70, text=text).diagnose(75)

    assert "N05" not in told(found)


@pytest.mark.parametrize("address", ["10.96.20.15", "10.244.0.9"])
def test_a_text_with_an_address_alone_is_matched_by_service_and_pod(address: str) -> None:
    made = cut_off(20, text=f"dial tcp {address}:5432: i/o timeout")
    made.change("Pod", "postgres-order-0", 9, status={"podIP": "10.244.0.9"})

    assert only(made.diagnose(21)).cause == "N05"


def test_an_address_of_somebody_else_proves_nothing() -> None:
    made = cut_off(20, text="dial tcp 10.96.77.7:5432: i/o timeout")

    assert "N05" not in told(made.diagnose(21))


def test_nothing_is_blamed_while_the_server_is_not_ready() -> None:
    made = corp(replaced(*allow("order", "postgres-order", 5432, labels=TYPO)))
    ready(made, "postgres-catalog", "kafka", "catalog", "payment", "notification")
    made.pod("postgres-order", 3, state=running(3), phase="Running")
    crash(made, "order", TIMED_OUT.format("postgres-order", "10.96.20.15"), 20, 36)

    assert "N05" not in told(made.diagnose(60))


def test_policies_that_are_declared_and_not_yet_there_isolate_nobody() -> None:
    made = World(SPACE)
    for obj in without("allow-order-to-postgres-order").values():
        made.declare(obj)
    database(made, "postgres-order")
    service(made, "order", "postgres-order")
    kafka(made)
    ready(made, "postgres-order", "kafka")
    crash(made, "order", TIMED_OUT.format("postgres-order", "10.96.20.15"), 16, 32)

    assert not any(s.cause.startswith("N0") for s in unreachable(facts_at(made, 35)))


def test_a_blocked_client_of_two_replicas_is_refuted_by_the_one_that_stands() -> None:
    made = cut_off(20, 36)
    made.pod("order", 10, name="order-h1-good", state=running(10), ready=True)

    assert not causes(made.diagnose(75))


def test_the_probe_family_holds_back_where_the_network_explains() -> None:
    made = corp(replaced(*allow("order", "postgres-order", 5432, labels=TYPO)))
    others_ready(made)
    made.pod("order", 12, state=running(12), phase="Running")
    for n in range(60):
        made.event("Pod", "order-h1-abcde", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503",
                   20 + 5 * n, count=n + 1)  # fmt: skip

    assert explained_clients(facts_at(made, 40)) == {ORDER}
    found = made.diagnose(320)
    assert only(found).cause == "N05"
    assert not suspected(found) & {"B03"}


def test_a_client_within_its_start_budget_is_left_alone() -> None:
    made = corp(replaced(*allow("order", "postgres-order", 5432, labels=TYPO)))
    others_ready(made)
    probe = {"httpGet": {"path": "/livez", "port": 8080}, "failureThreshold": 30}
    box = container("order", env=env(DB_HOST="postgres-order", DB_PORT="5432"), startupProbe=probe)
    made.workload("order", box, at=1)
    made.pod("order", 10, state=running(10, started=False), phase="Running")
    made.log("order-h1-abcde", "order", TIMED_OUT.format("postgres-order", "10.96.20.15"), 20)

    assert not made.diagnose(300).findings
    assert only(made.diagnose(10 + 301 + 31)).cause == "N05"


def test_an_init_container_that_waits_for_something_else_is_no_proof() -> None:
    made = corp(replaced(*allow("order", "postgres-order", 5432, labels=TYPO)))
    others_ready(made)
    made.change("Deployment", "catalog", 9, status={"readyReplicas": 0, "availableReplicas": 0})
    waits = [
        container("wait-for-catalog", "busybox", command=["sh", "-c", "until nc -z catalog 80; do sleep 2; done"]),
        container("wait-for-db", "busybox", command=["sh", "-c", "until nc -z postgres-order 5432; do sleep 2; done"]),
    ]  # fmt: skip
    made.workload("order", container("order"), at=1, initContainers=waits)
    made.pod("order", 10, state=waiting("PodInitializing"), init={"wait-for-catalog": running(10)})

    assert "N05" not in told(made.diagnose(100))


def test_names_that_the_server_denies_are_no_missing_rule_for_names() -> None:
    made = others_ready(corp(without("allow-dns")))
    crash(
        made,
        "order",
        NO_NAME.format("x").replace("Temporary failure in name resolution", ABSENT),
        20,
        36,
    )
    made.diagnose(60)

    assert "N01" not in told(made.diagnose(60))


def test_a_resolver_that_is_down_is_the_clusters_matter() -> None:
    made = others_ready(corp(without("allow-dns")))
    made.change(
        "Pod", "coredns-0f3a", 1, status={"conditions": [{"type": "Ready", "status": "False"}]}
    )
    crash(made, "order", NO_NAME.format("postgres-order"), 20, 36)

    assert "N01" not in told(made.diagnose(60))


def test_without_names_nothing_else_of_a_client_is_tested() -> None:
    made = others_ready(corp(without("allow-dns", "allow-order-to-postgres-order")))
    wait = container(
        "wait", "busybox", command=["sh", "-c", "until nc -z postgres-order 5432; do sleep 2; done"]
    )
    made.workload("order", container("order"), at=1, initContainers=[wait])
    made.pod("order", 10, state=waiting("PodInitializing"), init=running(10))

    assert told(made.diagnose(200)) == {"N01"}


def test_workloads_of_other_namespaces_are_not_judged() -> None:
    made = corp({})
    made.namespace = "kube-system"
    made.workload(
        "metrics", container("m", env=env(DB_HOST="nobody", DB_PORT="5432")), declared=False
    )
    crash(made, "metrics", "getaddrinfo ENOTFOUND nobody", 20, 36, box="m")
    made.namespace = SPACE

    assert not unreachable(facts_at(made, 45))


def test_one_client_that_cannot_ask_for_names_takes_long() -> None:
    made = others_ready(corp(without("allow-dns")))
    made.pod("order", 12, state=running(12), phase="Running")

    assert not made.diagnose(140).findings
    assert only(made.diagnose(170)).cause == "N01"


def test_the_fix_for_names_is_for_all_pods_of_the_namespace() -> None:
    made = others_ready(corp(without("allow-dns")))
    crash(made, "order", NO_NAME.format("postgres-order"), 20)

    found = only(made.diagnose(21))

    assert found.fix.startswith("add a policy for all pods of musiccorp-dev: egress: [{to: ")
    assert found.expected.startswith("egress on UDP and TCP 53 to the pods k8s-app=kube-dns")


def test_an_unlisted_namespace_may_have_the_label() -> None:
    made = corp(replaced(allow_dns({"name": "kube-system"})))
    made.unlisted("Namespace", "")
    others_ready(made)
    crash(made, "order", NO_NAME.format("postgres-order"), 20)

    assert not made.diagnose(40).findings
    assert only(made.diagnose(55)).cause == "N02"


def test_one_policy_that_denies_both_ends_is_one_finding() -> None:
    made = others_ready(
        corp(without("allow-order-to-postgres-order", "allow-order-to-postgres-order-egress"))
    )
    crash(made, "order", TIMED_OUT.format("postgres-order", "10.96.20.15"), 20)

    found = only(made.diagnose(21))

    assert (found.cause, found.field) == ("N05", "spec.ingress")
    assert "ingress: [{from: " in found.fix
    assert "egress: [{to: " in found.fix


def test_a_policy_that_selects_no_pod_is_the_one_to_change() -> None:
    lost = policy("allow-order-to-postgres-order", {"app": "postgres"},
                  ingress=[rule("from", {"app": "order"}, 5432)])  # fmt: skip
    made = others_ready(corp(replaced(lost)))
    crash(made, "order", TIMED_OUT.format("postgres-order", "10.96.20.15"), 20)

    found = only(made.diagnose(21))

    assert (found.object.name, found.field) == ("allow-order-to-postgres-order", "spec.podSelector")
    assert found.fix.endswith("to the labels app=postgres-order")


def test_a_service_counts_as_waiting_until_all_its_needs_are_ready() -> None:
    made = corp()
    ready(made, "postgres-order", at=8)
    ready(made, "kafka", at=50)

    assert needs_ready_since(facts_at(made, 60), ORDER) == START + 50
