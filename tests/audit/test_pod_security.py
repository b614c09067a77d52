"""Pods against the Pod Security level of their namespace."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.checks.pod_security import ENFORCE, pods_keep_to_their_level
from harness.audit.finding import Fault
from harness.audit.source import Source
from tests.audit.manifests import container, found, manifest, of
from tests.audit.manifests import workload as deployment
from tests.audit.scopes import scope

Object = dict[str, Any]
GOOD = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
    "capabilities": {"drop": ["ALL"]},
}


def enforcing(level: str, name: str = "shop") -> Object:
    return manifest("Namespace", name, namespace="", labels={ENFORCE: level})


def secure(pod: Any = None, **changed: Any) -> Object:
    return deployment("order", container(securityContext={**GOOD, **changed}), pod=pod or {})


def violations(template: Object, level: str) -> list[str]:
    faults = found(pods_keep_to_their_level, enforcing(level), template)
    return [part for f in faults for part in f.expected.split(", ")]


def test_a_pod_that_keeps_to_the_level_is_fine() -> None:
    assert not violations(secure(), "restricted")
    assert not violations(deployment("order"), "baseline")
    assert not violations(secure({"hostNetwork": True}), "privileged")


def test_a_bare_pod_is_refused_by_restricted_in_four_settings() -> None:
    (fault,) = found(pods_keep_to_their_level, enforcing("restricted"), deployment("order"))

    assert (fault.rule, fault.cause) == ("pod-security-violation", "H05")
    assert "in 4 settings" in fault.message
    where = "spec.template.spec.containers[app].securityContext"
    assert fault.field == f"{where}.allowPrivilegeEscalation"


@pytest.mark.parametrize(
    ("pod", "changed", "first"),
    [
        ({"hostNetwork": True}, {}, "hostNetwork=false"),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, {}, "no volumes[v].hostPath"),
        ({}, {"privileged": True}, "containers[app].securityContext.privileged=false"),
        (
            {},
            {"capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}},
            "no containers[app].securityContext.capabilities.add[NET_ADMIN]",
        ),
        (
            {},
            {"seccompProfile": {"type": "Unconfined"}},
            "containers[app].securityContext.seccompProfile.type=RuntimeDefault",
        ),
    ],
)
def test_what_reaches_the_node_is_refused_by_both_levels(
    pod: Object, changed: Object, first: str
) -> None:
    assert violations(secure(pod, **changed), "baseline")[0] == first
    assert violations(secure(pod, **changed), "restricted")[0] == first


@pytest.mark.parametrize(
    ("pod", "changed", "first"),
    [
        ({}, {"allowPrivilegeEscalation": None}, "allowPrivilegeEscalation=false"),
        ({}, {"runAsNonRoot": False}, "runAsNonRoot=true"),
        ({}, {"runAsUser": 0}, "runAsUser=1000"),
        ({"securityContext": {"runAsUser": 0}}, {}, "runAsUser=1000"),
        ({}, {"seccompProfile": None}, "seccompProfile.type=RuntimeDefault"),
        ({}, {"capabilities": {"drop": ["KILL"]}}, "capabilities.drop=[ALL]"),
        ({}, {"capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}, "capabilities.add[CHOWN]"),
        ({"volumes": [{"name": "v", "nfs": {"path": "/"}}]}, {}, "no volumes[v].nfs"),
    ],
)
def test_what_restricted_demands_more(pod: Object, changed: Object, first: str) -> None:
    (only,) = violations(secure(pod, **changed), "restricted")

    assert only.endswith(first)
    assert not violations(secure(pod, **changed), "baseline")


@pytest.mark.parametrize(
    ("pod", "changed"),
    [
        ({"securityContext": {"runAsNonRoot": True}}, {"runAsNonRoot": True}),
        ({"securityContext": {"seccompProfile": {"type": "Localhost"}}}, {"seccompProfile": None}),
        ({"securityContext": {"runAsUser": 0}}, {"runAsUser": 1000}),
        ({}, {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}),
        ({"volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "nfs": None}]}, {}),
    ],
)
def test_settings_of_the_pod_count_for_its_containers(pod: Object, changed: Object) -> None:
    assert not violations(secure(pod, **changed), "restricted")


def test_levels_that_are_not_enforced_here_are_fine() -> None:
    warns = manifest(
        "Namespace",
        "shop",
        namespace="",
        labels={"pod-security.kubernetes.io/warn": "restricted"},
    )

    assert not found(pods_keep_to_their_level, warns, deployment("order"))
    assert not found(
        pods_keep_to_their_level, enforcing("restricted", "other"), deployment("order")
    )


@pytest.mark.parametrize(
    "other",
    [
        manifest("ClusterPolicy", "x", {"rules": [{"mutate": {}}]}, apiVersion="kyverno.io/v1"),
        manifest("MutatingWebhookConfiguration", "x", apiVersion="admissionregistration.k8s.io/v1"),
    ],
)
def test_what_a_policy_engine_may_fill_in_is_not_judged(other: Object) -> None:
    assert not found(pods_keep_to_their_level, enforcing("restricted"), other, deployment("order"))


def test_windows_pods_are_not_judged() -> None:
    windows = deployment("order", pod={"os": {"name": "windows"}})

    assert not violations(windows, "restricted")


def test_labels_that_argo_cd_gives_the_namespace_count() -> None:
    spec = {
        "destination": {"namespace": "shop"},
        "syncPolicy": {"managedNamespaceMetadata": {"labels": {ENFORCE: "restricted"}}},
    }
    source = Source(path="a", objects=(deployment("order"),), spec=spec)

    assert len([*pods_keep_to_their_level(scope(source))]) == 1


@pytest.mark.parametrize(
    "odd",
    [
        manifest("Namespace", "shop", namespace="", labels=["a"]),
        manifest("Namespace", "shop", namespace="", labels={ENFORCE: ["a"]}),
        secure({"securityContext": ["a"], "volumes": "b"}, capabilities="c", seccompProfile=7),
    ],
)
def test_odd_input_raises_nothing(odd: Object) -> None:
    told = [*pods_keep_to_their_level(of(odd, enforcing("restricted")))]
    assert all(isinstance(f, Fault) for f in told)
