"""The promise: prod's overlays, as they are, run on one machine, and what that took is said.

One kept cluster with the whole of prod: three brokers in three zones, replicas, autoscalers,
disruption budgets, a storage class of AWS. Staging is deployed by `test_data`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from scenarios.deployed import Deployed, deployed

pytestmark = pytest.mark.nightly

ZONE = "topology.kubernetes.io/zone"
SERVICES = ("catalog", "customer", "notification", "order", "payment")


@pytest.fixture(scope="module")
def prod(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Deployed]:
    """The example's prod."""
    bundle = str(request.config.getoption("--gitops-bundle"))
    with deployed("prod", tmp_path_factory.mktemp("prod"), bundle) as found:
        yield found


def test_every_adaptation_is_said_with_its_reason(prod: Deployed) -> None:
    notes = [n for n in prod.record["notes"] if n.startswith("adapted: ")]
    assert [n.removeprefix("adapted: ").partition(":")[0] for n in notes] == [
        "Nodes",
        f"Node label {ZONE}",
        "StorageClass gp3",
        "Metrics server",
    ]
    assert all(", because " in note for note in notes)


def test_brokers_and_replicas_are_spread_over_three_zones(prod: Deployed) -> None:
    nodes = prod.objects("nodes")
    zone = {n["metadata"]["name"]: n["metadata"]["labels"].get(ZONE) for n in nodes}
    for name in ("kafka", *SERVICES):
        pods = prod.objects("pods", "--selector", f"app.kubernetes.io/name={name}")
        spread = Counter(zone[p["spec"]["nodeName"]] for p in pods)
        assert len(spread) == 3, f"{name}: {spread}"
        assert max(spread.values()) - min(spread.values()) <= 1, f"{name}: {spread}"


def test_claims_are_bound_by_the_class_that_the_overlays_name(prod: Deployed) -> None:
    claims = prod.objects("persistentvolumeclaims")
    assert {c["spec"]["storageClassName"] for c in claims} == {"gp3"}
    assert {c["status"]["phase"] for c in claims} == {"Bound"}
    assert len(claims) == 6


def test_autoscalers_know_what_their_pods_use(prod: Deployed) -> None:
    for scaler in prod.objects("horizontalpodautoscalers"):
        conditions = {c["type"]: c["status"] for c in scaler["status"]["conditions"]}
        assert conditions["ScalingActive"] == "True", scaler["status"]
        used = scaler["status"]["currentMetrics"][0]["resource"]["current"]
        assert used["averageUtilization"] >= 0


def test_disruption_budgets_allow_one_pod_to_go_and_no_more(prod: Deployed) -> None:
    budgets = {b["metadata"]["name"]: b["status"] for b in prod.objects("poddisruptionbudgets")}
    assert set(budgets) == {"kafka", *SERVICES}
    assert {status["disruptionsAllowed"] for status in budgets.values()} == {1}
