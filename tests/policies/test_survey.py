"""The matrix of a whole small cluster: what is declared, what is seen, what is said."""

from __future__ import annotations

import copy

import pytest

from harness.model.policies import (
    CellState,
    Control,
    Enforcement,
    MatrixVerdict,
    Reply,
)
from tests.connectivity.objects import one, pods, policy, tcp, without
from tests.policies.shop import (
    ADDRESSES,
    ENFORCED,
    Cluster,
    app,
    cells_of,
    declared,
    live_pods,
    live_policies,
    matrix_of,
    pod,
)

ALLOWED = {
    "web -> api TCP 8080",
    "api -> db TCP 5432",
    "load balancer -> web TCP 8080",
    *(
        f"{name} -> DNS {protocol} 53"
        for name in ("web", "api", "db")
        for protocol in ("UDP", "TCP")
    ),
}


def test_a_healthy_shop_is_as_declared() -> None:
    matrix = matrix_of(Cluster(live_policies()))
    cells = cells_of(matrix)

    assert matrix.verdict is MatrixVerdict.AS_DECLARED
    direct = {title for title, cell in cells.items() if not cell.via}
    assert {t for t in direct if cells[t].state is CellState.ALLOWED} == ALLOWED
    assert {cells[t].state for t in direct - ALLOWED} == {CellState.DENIED}
    assert "web -> web TCP 8080" not in direct, "a single pod always reaches itself"
    assert "web -> outside TCP 8080" in direct
    assert "outside -> db TCP 5432" in direct
    assert matrix.policies == 7


def test_a_service_is_tried_by_its_name_from_a_client_that_may() -> None:
    cells = cells_of(matrix_of(Cluster(live_policies())))

    assert {t for t, c in cells.items() if c.via} == {
        "web -> api TCP 8080 via Service api:80",
        "api -> db TCP 5432 via Service db:5432",
    }
    assert cells["web -> api TCP 8080 via Service api:80"].state is CellState.ALLOWED


def test_a_service_that_nobody_may_reach_is_said_not_to_be_tried() -> None:
    notes = matrix_of(Cluster(live_policies())).notes

    assert any("Service shop/web port 80" in note for note in notes)


def test_a_name_that_does_not_exist_is_a_name_error_and_no_timeout() -> None:
    cluster = Cluster(live_policies())
    del cluster.names["db.shop.svc.cluster.local"]

    cell = cells_of(matrix_of(cluster))["api -> db TCP 5432 via Service db:5432"]

    assert (cell.seen, cell.state) == (Reply.NAME_ERROR, CellState.CLOSED)
    assert "does not exist" in cell.reason


def test_a_policy_that_was_opened_names_its_declaration_and_its_line() -> None:
    live = live_policies()
    one(live, "NetworkPolicy", "api-to-db-ingress")["spec"]["ingress"] = [{}]
    one(live, "NetworkPolicy", "default-deny")["spec"]["policyTypes"] = ["Ingress"]
    one(live, "NetworkPolicy", "default-deny")["spec"]["egress"] = None

    matrix = matrix_of(Cluster(live))
    opened = [c for c in matrix.differences if c.listener.target.title == "db"]

    assert matrix.verdict is MatrixVerdict.DIFFERENT
    # web may still not ask db: its own egress policies isolate it.
    assert [c.title for c in opened] == ["load balancer -> db TCP 5432", "outside -> db TCP 5432"]
    for cell in opened:
        assert (cell.state, cell.expected) == (CellState.OPEN, False)
        first = cell.decided_by[0]
        assert (first.policy.name, first.file) == (
            "api-to-db-ingress",
            "network/api-to-db-ingress.yaml",
        )
        assert "NetworkPolicy shop/api-to-db-ingress spec.ingress[0]" in cell.live_rules[0]
        assert "network/api-to-db-ingress.yaml" in cell.fix


def test_a_removed_policy_closes_exactly_its_way() -> None:
    live = without(live_policies(), "NetworkPolicy", "web-to-api-ingress")

    matrix = matrix_of(Cluster(live))

    assert [c.title for c in matrix.differences] == [
        "web -> api TCP 8080",
        "web -> api TCP 8080 via Service api:80",
    ]
    cell = matrix.differences[0]
    assert (cell.state, cell.seen) == (CellState.CLOSED, Reply.TIMED_OUT)
    assert cell.decided_by[0].policy.name == "web-to-api-ingress"
    assert cell.decided_by[0].field == "spec.ingress[0]"
    assert "does not exist" in cell.live_rules[0]


def test_a_wrong_port_in_the_cluster_names_the_policy_that_is_another() -> None:
    live = live_policies()
    one(live, "NetworkPolicy", "api-to-db-egress")["spec"]["egress"][0]["ports"] = tcp(5423)

    cell = matrix_of(Cluster(live)).differences[0]

    assert cell.title == "api -> db TCP 5432"
    assert cell.decided_by[0].policy.name == "api-to-db-egress"
    assert cell.decided_by[0].line == len("spec.egress[0].ports[0].port")
    assert "is another than declared" in cell.live_rules[0]


def test_an_undeclared_policy_that_opens_is_named_to_be_removed() -> None:
    everything = policy("hole", podSelector={"matchLabels": {"app": "db"}}, ingress=[{}])

    cell = matrix_of(Cluster([*live_policies(), everything])).differences[0]

    assert cell.fix.startswith("remove NetworkPolicy shop/hole, which nobody declares")


def test_what_the_api_server_fills_in_is_no_change() -> None:
    live = live_policies()
    for found in live:
        found["spec"].setdefault("policyTypes", ["Ingress"])
    cluster = Cluster(live, enforces=False)

    cell = next(c for c in matrix_of(cluster).differences if c.title == "web -> db TCP 5432")

    assert "the network does otherwise" in cell.live_rules[0]


def test_a_cluster_that_does_not_enforce_is_never_green() -> None:
    control = Control(state=Enforcement.NOT_ENFORCED, detail="it still answered")
    matrix = matrix_of(Cluster(live_policies(), enforces=False), control=control)

    assert matrix.verdict is MatrixVerdict.NOT_ENFORCED
    cells = cells_of(matrix)
    assert cells["web -> db TCP 5432"].state is CellState.NOT_JUDGED
    assert "does not enforce" in cells["web -> db TCP 5432"].reason
    assert cells["web -> api TCP 8080"].state is CellState.ALLOWED


def test_silence_of_a_listener_that_answers_nobody_is_not_judged() -> None:
    cluster = Cluster(live_policies(), deaf={(ADDRESSES["db"], 5432)})

    cells = cells_of(matrix_of(cluster))

    assert cells["web -> db TCP 5432"].state is CellState.NOT_JUDGED
    assert (
        cells["web -> db TCP 5432"].reason
        == "nobody was seen to get an answer from shop/db-0 on TCP 5432"
    )
    assert cells["api -> db TCP 5432"].state is CellState.NOT_JUDGED
    assert cells["api -> db TCP 5432"].seen is Reply.REFUSED


def test_without_a_control_nothing_is_green() -> None:
    matrix = matrix_of(Cluster(live_policies()), control=Control())

    assert matrix.verdict is MatrixVerdict.NOT_JUDGED


def test_a_difference_that_goes_away_is_not_said() -> None:
    live = without(live_policies(), "NetworkPolicy", "web-to-api-ingress")
    cluster = Cluster(live)
    missing = one(declared(), "NetworkPolicy", "web-to-api-ingress")
    waited: list[int] = []

    def on_sleep() -> None:
        waited.append(1)
        if len(waited) == 2:
            cluster.policies.append(copy.deepcopy(missing))

    cluster.clock.on_sleep = on_sleep

    assert matrix_of(cluster).verdict is MatrixVerdict.AS_DECLARED
    assert len(waited) == 2


def test_a_pod_that_was_replaced_meanwhile_proves_nothing() -> None:
    cluster = Cluster(without(live_policies(), "NetworkPolicy", "web-to-api-ingress"))
    reads: list[int] = []

    def on_read() -> None:
        reads.append(1)
        if len(reads) > 1:
            cluster.pods[1]["metadata"]["uid"] = "another"

    cluster.on_read = on_read

    cell = cells_of(matrix_of(cluster))["web -> api TCP 8080"]

    assert cell.state is CellState.NOT_JUDGED
    assert "was replaced" in cell.reason


def test_a_workload_without_a_running_pod_is_not_judged() -> None:
    cluster = Cluster(live_policies(), pods=[p for p in live_pods() if "db" not in str(p)])

    cells = cells_of(matrix_of(cluster))

    assert cells["api -> db TCP 5432"].reason == "db has no running pod"
    assert cells["db -> api TCP 8080"].reason == "db has no running pod"


def test_of_replicas_one_stands_for_all_unless_every_pod_is_wanted() -> None:
    objects = [o for o in declared() if o["metadata"]["name"] != "web" or o["kind"] == "Service"]
    objects.append(app("web", replicas=2))
    cluster = Cluster(
        live_policies(), pods=[*live_pods(), pod("web-1", {"app": "web"}, "10.244.0.31")]
    )

    once = cells_of(matrix_of(cluster, objects))
    every = cells_of(matrix_of(cluster, objects, every_pod=True))

    assert len(once["web -> api TCP 8080"].pods) == 1
    assert len(every["web -> api TCP 8080"].pods) == 2
    assert once["web -> web TCP 8080"].state is CellState.DENIED, "two replicas are two pods"


def test_too_many_pairs_leave_out_denied_ones_and_say_so() -> None:
    matrix = matrix_of(Cluster(live_policies()), most=12)
    direct = [c for c in matrix.cells if not c.via]

    assert len(direct) == 12
    assert {c.title for c in direct if c.expected} == ALLOWED
    assert matrix.left_out > 0
    assert any(f"{matrix.left_out} denied pairs were left out" in n for n in matrix.notes)


def test_a_policy_of_the_namespace_of_the_dns_is_taken_as_given() -> None:
    closed = policy("closed", "kube-system", policyTypes=["Ingress"])
    cells = cells_of(matrix_of(Cluster([*live_policies(), closed])))

    assert cells["web -> DNS UDP 53"].expected is False
    assert cells["web -> DNS UDP 53"].state is CellState.DENIED


@pytest.mark.parametrize("group", ["projectcalico.org/v3", "crd.projectcalico.org/v1"])
def test_a_policy_of_another_group_is_not_read_as_one_of_kubernetes(group: str) -> None:
    other = {**policy("hole", ingress=[{}]), "apiVersion": group}

    cells = cells_of(matrix_of(Cluster(live_policies()), [*declared(), other]))

    assert cells["web -> db TCP 5432"].expected is False


def test_probes_start_and_end_at_pods_of_the_declaration_and_ours_only() -> None:
    cluster = Cluster(live_policies())
    matrix_of(cluster, control=ENFORCED)

    known = {*ADDRESSES.values(), "172.20.0.9", "10.96.0.10", "10.96.0.22", "10.96.0.23"}
    assert {probe.goal.address for probe in cluster.asked} <= known


def test_pods_with_selected_labels_are_compared_by_declared_labels() -> None:
    live = live_policies()
    pods_now = live_pods()
    pods_now[0]["metadata"]["labels"]["role"] = "admin"
    hole = policy("hole", podSelector={}, ingress=[{"from": [pods(role="admin")]}])

    cells = cells_of(matrix_of(Cluster([*live, hole], pods=pods_now)))

    assert cells["web -> db TCP 5432"].state is CellState.DENIED
