"""Quotas and limit ranges that refuse the declared pods."""

from __future__ import annotations

import pytest

from harness.audit.checks.quotas import limit_ranges, quota_demands, quota_sums
from harness.audit.source import Unjudged
from harness.model.refs import ObjectRef
from tests.audit.pods import together, workload
from tests.audit.scopes import faults, scope, source


def quota(hard: str, more: str = "") -> str:
    return (
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\n"
        f"spec: {{hard: {{{hard}}}{more}}}"
    )


def limit_range(limits: str) -> str:
    return (
        "apiVersion: v1\nkind: LimitRange\nmetadata: {name: l}\n"
        f"spec: {{limits: [{{type: Container, {limits}}}]}}"
    )


def pod(
    resources: str = "", name: str = "order", replicas: int = 1, kind: str = "Deployment"
) -> str:
    return workload(
        f"containers: [{{name: a, resources: {{{resources}}}}}]",
        name=name,
        kind=kind,
        more=f"replicas: {replicas}",
    )


def test_a_quota_refuses_pods_that_do_not_say_what_they_take() -> None:
    [found] = faults(quota_demands, together(quota("limits.cpu: 4, pods: 9"), pod()))

    assert (found.rule, found.cause) == ("quota-demands-resources", "H04")
    assert found.object == ObjectRef("Deployment", "shop", "order")
    assert "limits.cpu" in found.message
    assert found.field == "spec.template.spec.containers[a].resources"


@pytest.mark.parametrize(
    ("hard", "resources"),
    [
        ("limits.cpu: 4", "limits: {cpu: 1}"),
        ("requests.cpu: 4", "limits: {cpu: 1}"),
        ("cpu: 4", "requests: {cpu: 1}"),
        ("pods: 4", ""),
    ],
)
def test_pods_that_say_what_a_quota_counts_are_fine(hard: str, resources: str) -> None:
    assert faults(quota_demands, together(quota(hard), pod(resources))) == []


@pytest.mark.parametrize("word", ["default", "max"])
def test_a_limit_range_gives_defaults(word: str) -> None:
    text = together(quota("limits.cpu: 4, cpu: 4"), limit_range(f"{word}: {{cpu: 1}}"), pod())

    assert faults(quota_demands, text) == []


def test_a_default_request_is_no_default_limit() -> None:
    text = together(quota("limits.cpu: 4, cpu: 4"), limit_range("defaultRequest: {cpu: 1}"), pod())

    [found] = faults(quota_demands, text)

    assert "does not set limits.cpu, which" in found.message


def test_a_chart_may_bring_a_limit_range() -> None:
    chart = Unjudged(subject="Application argocd/x", reason="a chart", namespace="shop")

    assert faults(quota_demands, together(quota("limits.cpu: 4"), pod()), unjudged=(chart,)) == []


def test_a_quota_with_scopes_counts_only_some_pods() -> None:
    text = together(quota("limits.cpu: 4", ", scopes: [BestEffort]"), pod())

    assert faults(quota_demands, text) == []


def test_replicas_that_do_not_fit_together_exceed_the_quota() -> None:
    text = together(quota("requests.cpu: 1"), pod("requests: {cpu: 300m}", replicas=4))

    [found] = faults(quota_sums, text)

    assert (found.rule, found.object.kind) == ("quota-exceeded", "ResourceQuota")
    assert "1200m" in found.message


@pytest.mark.parametrize(
    ("hard", "text"),
    [
        ("requests.cpu: 1", pod("requests: {cpu: 300m}", replicas=3)),
        ("requests.cpu: 1", pod("requests: {cpu: 2}", replicas=0)),
        ("pods: 3", pod(replicas=3)),
        ("pods: 0", pod(kind="DaemonSet")),
        ("services: 0", pod(replicas=3)),
        ("pods: '${PODS}'", pod(replicas=3)),
    ],
)
def test_replicas_that_fit_are_fine(hard: str, text: str) -> None:
    assert faults(quota_sums, together(quota(hard), text)) == []


def test_pods_are_counted_and_limits_stand_in_for_requests() -> None:
    assert len(faults(quota_sums, together(quota("pods: 2"), pod(replicas=3)))) == 1
    text = together(quota("requests.memory: 1Gi"), pod("limits: {memory: 2Gi}"))
    assert len(faults(quota_sums, text)) == 1


def test_rival_roots_without_engine_are_not_added_up() -> None:
    one = source(together(quota("pods: 2"), pod(replicas=2)))
    rival = source(pod(name="cart", replicas=2), path="overlays/other")
    application = ObjectRef("Application", "argocd", "a")
    together_one = source(together(quota("pods: 2"), pod(replicas=2)), deployer=application)
    together_two = source(pod(name="cart"), path="overlays/other", deployer=application)

    assert list(quota_sums(scope(one, rival))) == []
    assert len(list(quota_sums(scope(together_one, together_two)))) == 1


def test_the_same_workload_of_two_roots_counts_once() -> None:
    application = ObjectRef("Application", "argocd", "a")
    one = source(together(quota("pods: 2"), pod(replicas=2)), deployer=application)
    again = source(pod(replicas=2), path="overlays/other", deployer=application)

    assert list(quota_sums(scope(one, again))) == []


@pytest.mark.parametrize(
    ("limits", "resources", "field"),
    [
        ("max: {cpu: 1}", "limits: {cpu: 2}", "limits.cpu"),
        ("max: {memory: 1Gi}", "requests: {memory: 2Gi}", "requests.memory"),
        ("min: {cpu: 200m}", "requests: {cpu: 100m}", "requests.cpu"),
    ],
)
def test_a_limit_range_forbids_what_is_outside(limits: str, resources: str, field: str) -> None:
    [found] = faults(limit_ranges, together(limit_range(limits), pod(resources)))

    assert (found.rule, found.cause) == ("limitrange-forbids", "H04")
    assert found.field.endswith(field)


@pytest.mark.parametrize(
    ("limits", "resources"),
    [
        ("max: {cpu: 1}", "limits: {cpu: 1000m}"),
        ("min: {cpu: 200m}", "requests: {cpu: 200m}"),
        ("min: {cpu: 200m}", ""),
        ("max: {cpu: 1}", "limits: {cpu: '${CPU}'}"),
    ],
)
def test_what_is_within_a_limit_range_is_fine(limits: str, resources: str) -> None:
    assert faults(limit_ranges, together(limit_range(limits), pod(resources))) == []


def test_a_limit_range_for_pods_or_of_another_namespace_is_not_for_these_containers() -> None:
    pods = limit_range("max: {cpu: 1}").replace("Container", "Pod")
    both = scope(
        source(pod("limits: {cpu: 2}")), source(limit_range("max: {cpu: 1}"), namespace="bank")
    )

    assert faults(limit_ranges, together(pods, pod("limits: {cpu: 2}"))) == []
    assert list(limit_ranges(both)) == []


def test_a_quota_counts_only_pods_of_its_own_namespace() -> None:
    bank = pod("requests: {cpu: 2}").replace("{name: order}", "{name: order, namespace: bank}")
    hard = quota("requests.cpu: 1, limits.cpu: 1")

    assert faults(quota_demands, together(hard, bank)) == []
    assert faults(quota_sums, together(hard, bank)) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [(", scopes: [BestEffort]", 0), (", scopeSelector: {matchExpressions: []}", 0), ("", 1)],
)
def test_a_quota_with_scopes_is_not_added_up(more: str, expected: int) -> None:
    text = together(quota("pods: 1", more), pod(replicas=3))

    assert len(faults(quota_sums, text)) == expected


def test_a_request_does_not_stand_in_for_a_limit() -> None:
    said = together(quota("limits.cpu: 4"), pod("requests: {cpu: 1}"))
    summed = together(quota("limits.cpu: 1"), pod("requests: {cpu: 2}"))

    assert len(faults(quota_demands, said)) == 1
    assert faults(quota_sums, summed) == []


def test_a_limit_does_not_stand_in_where_the_request_is_said() -> None:
    text = together(quota("requests.cpu: 1"), pod("requests: {cpu: 1}, limits: {cpu: 4}"))

    assert faults(quota_sums, text) == []


def test_pods_of_two_applications_share_a_quota_and_rival_roots_do_not() -> None:
    application = ObjectRef("Application", "argocd", "a")
    one = source(quota("limits.cpu: 4"), deployer=application)
    other = source(pod(), path="overlays/other", deployer=application)
    rival = source(pod(), path="overlays/other")

    assert len(list(quota_demands(scope(one, other)))) == 1
    assert list(quota_demands(scope(one, rival))) == []


def test_what_a_limit_range_asks_for_is_told() -> None:
    low = faults(limit_ranges, together(limit_range("min: {cpu: 2}"), pod("requests: {cpu: 1}")))
    high = faults(limit_ranges, together(limit_range("max: {cpu: 1}"), pod("limits: {cpu: 2}")))

    assert low[0].expected == "at least 2"
    assert high[0].expected == "at most 1"
