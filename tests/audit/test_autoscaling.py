"""Autoscalers: their target, what can be scaled, fixed replicas, utilization without requests."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.checks.autoscaling import (
    replicas_are_not_fixed,
    requests_are_told,
    targets_are_there,
    targets_can_be_scaled,
)
from harness.audit.finding import Fault, NotJudged, Severity
from harness.audit.source import Source
from tests.audit.manifests import container, found, manifest, of, unknown
from tests.audit.manifests import workload as deployment
from tests.audit.scopes import scope

Object = dict[str, Any]


def hpa(
    name: str = "order", kind: str = "Deployment", version: Any = "apps/v1", **spec: Any
) -> Object:
    target = {"kind": kind, "name": name} | ({"apiVersion": version} if version else {})
    return manifest("HorizontalPodAutoscaler", "order", {"scaleTargetRef": target, **spec})


def test_a_misspelt_target_is_a_defect() -> None:
    (fault,) = found(targets_are_there, hpa("ordr"), deployment("order"))

    assert (fault.rule, fault.severity) == ("hpa-target-missing", None)
    assert fault.field == "spec.scaleTargetRef.name"
    assert fault.fix.endswith("to order")


def test_a_target_of_the_same_name_and_another_kind_is_a_defect() -> None:
    (fault,) = found(targets_are_there, hpa(), deployment("order", kind="StatefulSet"))

    assert (fault.field, fault.value) == ("spec.scaleTargetRef.kind", "Deployment")


def test_a_target_that_nothing_is_like_may_be_in_the_cluster() -> None:
    (fault,) = found(targets_are_there, hpa("zzz"), deployment("order"))

    assert fault.severity is Severity.PRECONDITION
    assert str(fault.object) == "Deployment shop/zzz"


def test_targets_that_are_there_or_not_known_are_fine() -> None:
    keda = manifest("ScaledObject", "order", {"scaleTargetRef": {"name": "order"}})

    assert not found(targets_are_there, hpa(), keda, deployment("order"))
    assert not found(targets_are_there, hpa(), deployment("order", namespace=""))
    assert not found(targets_are_there, hpa("${NAME}"), hpa("x", kind="Rollout"))
    assert len(unknown(targets_are_there, hpa("k"), manifest("Kafka", "k", {}))) == 1


def test_a_scaledobject_without_a_target_is_told_too() -> None:
    keda = manifest("ScaledObject", "order", {"scaleTargetRef": {"name": "ordr"}})

    assert len(found(targets_are_there, keda, deployment("order"))) == 1


@pytest.mark.parametrize(
    ("scaler", "field"),
    [
        (hpa(kind="DaemonSet"), "kind"),
        (hpa(kind="CronJob", version="batch/v1"), "kind"),
        (hpa(version=None), "apiVersion"),
        (hpa(version="extensions/v1beta1"), "apiVersion"),
        (hpa(version="v1"), "apiVersion"),
    ],
)
def test_what_cannot_be_scaled_is_a_defect(scaler: Object, field: str) -> None:
    (fault,) = found(targets_can_be_scaled, scaler)

    assert (fault.rule, fault.field) == ("hpa-target-wrong", f"spec.scaleTargetRef.{field}")


@pytest.mark.parametrize(
    "scaler",
    [
        hpa(),
        hpa(version="apps/v1beta2"),
        hpa(kind="Rollout", version="argoproj.io/v1alpha1"),
        hpa(kind="StatefulSet", version="apps.kruise.io/v1beta1"),
        hpa(version="${VERSION}"),
        hpa(kind="ReplicationController", version="v1"),
        manifest("ScaledObject", "order", {"scaleTargetRef": {"name": "order"}}),
    ],
)
def test_what_can_be_scaled_is_fine(scaler: Object) -> None:
    assert not found(targets_can_be_scaled, scaler)


def test_replicas_in_git_beside_an_autoscaler_are_noted_once() -> None:
    twice = (hpa(), hpa(minReplicas=2))
    (fault,) = found(replicas_are_not_fixed, *twice, deployment("order", replicas=3))

    assert (fault.rule, fault.field, fault.value) == ("hpa-replicas-fixed", "spec.replicas", "3")


def test_replicas_that_are_not_written_ignored_or_constant_are_fine() -> None:
    order = deployment("order", replicas=3)
    ignores = {"ignoreDifferences": [{"kind": "Deployment", "jsonPointers": ["/spec/replicas"]}]}
    respects = {**ignores, "syncPolicy": {"syncOptions": ["RespectIgnoreDifferences=true"]}}
    ignoring = Source(path="a", objects=(hpa(), order), spec=respects)
    shown = Source(path="a", objects=(hpa(), order), spec=ignores)

    assert not found(replicas_are_not_fixed, hpa(), deployment("order"))
    assert not found(replicas_are_not_fixed, hpa(minReplicas=3, maxReplicas=3), order)
    assert not found(replicas_are_not_fixed, hpa(), deployment("order", replicas=0))
    assert not [*replicas_are_not_fixed(scope(ignoring))]
    assert [*replicas_are_not_fixed(scope(shown))], "a sync applies what the comparison ignores"


def metric(name: str = "cpu", kind: str = "Utilization", **more: str) -> Object:
    source = {"name": name, "target": {"type": kind, "averageUtilization": 80}, **more}
    word = "containerResource" if more else "resource"
    return {"type": word[0].upper() + word[1:], word: source}


@pytest.mark.parametrize(
    "scaler",
    [
        hpa(metrics=[metric()]),
        hpa(),
        {**hpa(targetCPUUtilizationPercentage=80), "apiVersion": "autoscaling/v1"},
        hpa(metrics=[metric(container="app")]),
        manifest(
            "ScaledObject",
            "order",
            {
                "scaleTargetRef": {"name": "order"},
                "triggers": [{"type": "cpu", "metricType": "Utilization"}],
            },
        ),
    ],
)
def test_utilization_without_a_request_is_a_defect(scaler: Object) -> None:
    (fault,) = found(requests_are_told, scaler, deployment("order"))

    assert fault.rule == "hpa-requests-missing"
    assert fault.field == "spec.template.spec.containers[app].resources.requests.cpu"


def requesting(**resources: Any) -> Object:
    return deployment("order", container(resources=resources))


@pytest.mark.parametrize(
    "objects",
    [
        (hpa(), requesting(requests={"cpu": "100m"})),
        (hpa(), requesting(limits={"cpu": "100m"})),
        (hpa(metrics=[metric(kind="AverageValue")]), deployment("order")),
        (hpa(metrics=[{"type": "External", "external": {}}]), deployment("order")),
        (hpa(metrics=[metric(container="other")]), deployment("order")),
        (hpa(), deployment("order"), manifest("LimitRange", "defaults", {})),
        (hpa(), deployment("order"), manifest("Kafka", "k", {})),
        (hpa(), deployment("order", pod={"resources": {"requests": {"cpu": "1"}}})),
        (hpa("other"), deployment("order")),
    ],
)
def test_utilization_that_can_be_calculated_is_fine(objects: tuple[Object, ...]) -> None:
    assert not found(requests_are_told, *objects)


def test_every_container_needs_a_request() -> None:
    pod = (container(resources={"requests": {"cpu": "1"}}), container("proxy"))
    (fault,) = found(requests_are_told, hpa(), deployment("order", *pod))

    assert "in container proxy" in fault.message


@pytest.mark.parametrize(
    "odd",
    [
        manifest("HorizontalPodAutoscaler", "x", None),
        manifest("HorizontalPodAutoscaler", "x", {"scaleTargetRef": ["a"], "metrics": "cpu"}),
        hpa(metrics=[None, {"type": "Resource", "resource": 7}], minReplicas="a"),
        manifest("ScaledObject", "x", {"scaleTargetRef": 7, "triggers": {"type": "cpu"}}),
    ],
)
def test_odd_input_raises_nothing(odd: Object) -> None:
    checks = (targets_are_there, targets_can_be_scaled, replicas_are_not_fixed, requests_are_told)
    for check in checks:
        told = [*check(of(odd, deployment("order", replicas=2)))]
        assert all(isinstance(f, Fault | NotJudged) for f in told)
