"""PodDisruptionBudgets: whom they protect and whether they let anybody go."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.checks.disruption import budgets_allow_evictions, budgets_select_pods
from harness.audit.finding import Severity
from tests.audit.manifests import found, manifest, of
from tests.audit.manifests import workload as deployment

Object = dict[str, Any]


def budget(app: str = "order", **spec: Any) -> Object:
    return manifest(
        "PodDisruptionBudget", "order", {"selector": {"matchLabels": {"app": app}}, **spec}
    )


def scaled(least: int, kind: str = "HorizontalPodAutoscaler") -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "order"}
    field = "minReplicas" if kind == "HorizontalPodAutoscaler" else "minReplicaCount"
    return manifest(kind, "order", {"scaleTargetRef": target, field: least})


def test_a_budget_for_misspelt_pods_is_a_defect() -> None:
    (fault,) = found(budgets_select_pods, budget("ordr"), deployment("order"))

    assert (fault.rule, fault.severity) == ("pdb-selects-nothing", None)
    assert "set app: order" in fault.fix


def test_a_budget_for_unknown_pods_is_a_note_and_for_others_pods_not_judged() -> None:
    (fault,) = found(budgets_select_pods, budget("zzz"), deployment("order"))

    assert fault.severity is Severity.NOTE
    assert not found(budgets_select_pods, budget("zzz"))
    assert not found(
        budgets_select_pods, budget("zzz"), deployment("order"), manifest("Kafka", "k", {})
    )


def test_a_budget_for_known_pods_for_all_or_for_none_is_fine() -> None:
    everybody = manifest("PodDisruptionBudget", "all", {"selector": {}})
    nobody = manifest("PodDisruptionBudget", "none", {})

    assert not found(budgets_select_pods, budget(), everybody, nobody, deployment("order"))


@pytest.mark.parametrize(
    ("spec", "replicas"),
    [
        ({"minAvailable": 1}, 1),
        ({"minAvailable": 1}, None),
        ({"minAvailable": 3}, 3),
        ({"minAvailable": "100%"}, 4),
        ({"minAvailable": "67%"}, 3),
        ({"maxUnavailable": 0}, 5),
        ({"maxUnavailable": "0%"}, 5),
    ],
)
def test_a_budget_that_lets_nobody_go_is_noted(spec: Object, replicas: int | None) -> None:
    more = {} if replicas is None else {"replicas": replicas}
    (fault,) = found(budgets_allow_evictions, budget(**spec), deployment("order", **more))

    assert fault.rule == "pdb-blocks-all-evictions"
    assert fault.field == f"spec.{next(iter(spec))}"


@pytest.mark.parametrize(
    ("spec", "replicas"),
    [
        ({"minAvailable": 1}, 2),
        ({"minAvailable": 1}, 0),
        ({"minAvailable": "50%"}, 2),
        ({"minAvailable": "50%"}, 3),
        ({"maxUnavailable": 1}, 1),
        ({"maxUnavailable": "1%"}, 3),
        ({"minAvailable": "${MIN}"}, 1),
        ({}, 1),
    ],
)
def test_a_budget_that_lets_one_go_is_fine(spec: Object, replicas: int) -> None:
    assert not found(
        budgets_allow_evictions, budget(**spec), deployment("order", replicas=replicas)
    )


def test_the_least_of_an_autoscaler_counts() -> None:
    order = deployment("order", replicas=1)

    assert not found(budgets_allow_evictions, budget(minAvailable=1), order, scaled(2))
    assert len(found(budgets_allow_evictions, budget(minAvailable=2), order, scaled(2))) == 1
    assert not found(
        budgets_allow_evictions, budget(minAvailable=1), order, scaled(0, "ScaledObject")
    )


def test_pods_whose_number_is_not_known_are_not_judged() -> None:
    daemons = deployment("order", kind="DaemonSet")
    unsure = deployment("order", replicas="${REPLICAS}")

    assert not found(budgets_allow_evictions, budget(minAvailable=1), daemons)
    assert not found(budgets_allow_evictions, budget(minAvailable=1), unsure)
    assert not found(budgets_allow_evictions, budget(minAvailable=1))


@pytest.mark.parametrize(
    "odd",
    [
        manifest("PodDisruptionBudget", "x", None),
        manifest("PodDisruptionBudget", "x", {"selector": "a", "minAvailable": []}),
        manifest("PodDisruptionBudget", "x", {"selector": {"matchLabels": ["a"]}}),
        manifest("PodDisruptionBudget", "x", {"selector": {}, "maxUnavailable": {"a": 1}}),
    ],
)
def test_odd_input_raises_nothing(odd: Object) -> None:
    for check in (budgets_select_pods, budgets_allow_evictions):
        assert not [*check(of(odd, deployment("order", replicas=2)))]
