"""Tests of options of a sync that Argo CD reads past, and of objects too big for it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from harness.audit.checks.sync_options import (
    corrected,
    ignored_differences,
    sync_policies,
    too_big,
    unknown_annotations,
    unknown_options,
)
from harness.audit.finding import Fault
from harness.audit.scope import Scope
from harness.audit.source import Source
from harness.model.refs import ObjectRef
from tests.audit.scopes import faults, objects, scope
from tests.audit.trees import engine_scope

APP = ObjectRef("Application", "argocd", "shop")


def with_spec(**spec: Any) -> Scope:
    app = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "shop", "namespace": "argocd"},
        "spec": spec,
    }
    return engine_scope({"argocd/shop.yaml": str(yaml.safe_dump(app, sort_keys=False))})


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        ("CreateNameSpace=true", "CreateNamespace=true"),
        ("CreateNamespace=True", "CreateNamespace=true"),
        ("createNamespace=true", "CreateNamespace=true"),
        ("CreateNamespace = true", "CreateNamespace=true"),
        ("ServerSideAply=true", "ServerSideApply=true"),
        ("PrunePropagationPolicy=Foreground", "PrunePropagationPolicy=foreground"),
        ("prunelast=true", "PruneLast=true"),
    ],
)
def test_misspelt_options_are_corrected(option: str, meant: str) -> None:
    assert corrected(option) == meant


@pytest.mark.parametrize(
    "option",
    [
        "CreateNamespace=true",
        "CreateNamespace=false",
        "Prune=confirm",
        "SomethingNew=true",
        "ServerSideApply=maybe",
        "",
        "=",
        "x" * 10_000,
    ],
)
def test_right_and_unknown_options_are_left_alone(option: str) -> None:
    assert corrected(option) == ""


def test_a_misspelt_option_of_an_application_is_a_defect_at_its_line() -> None:
    found = with_spec(syncPolicy={"syncOptions": ["Prune=true", "CreateNameSpace=true"]})
    (fault,) = unknown_options(found)
    assert (fault.rule, fault.line) == ("argocd-sync-option-unknown", 10)
    assert fault.expected == "CreateNamespace=true"


@pytest.mark.parametrize("options", [None, "x", [None, 3, {}], ["${OPTION}=true"]])
def test_odd_options_are_silent(options: Any) -> None:
    assert not list(unknown_options(with_spec(syncPolicy={"syncOptions": options})))


MARKED = """
apiVersion: v1
kind: ConfigMap
metadata: {name: a, annotations: {argocd.argoproj.io/sync-options: '%s'}}
"""


def test_a_misspelt_option_of_an_object_is_a_defect() -> None:
    (fault,) = faults(unknown_annotations, MARKED % "Prune=false, Replcae=true")
    assert fault.expected == "Replace=true"
    assert fault.field == "metadata.annotations[argocd.argoproj.io/sync-options]"
    assert not faults(unknown_annotations, MARKED % "Prune=false,Force=true")


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"prune": True}, "syncPolicy.prune"),
        ({"selfHeal": True, "automated": {}}, "syncPolicy.selfHeal"),
        ({"automated": True}, "automated"),
    ],
)
def test_a_misplaced_field_of_the_policy_is_a_defect(policy: dict[str, Any], words: str) -> None:
    (fault,) = sync_policies(with_spec(syncPolicy=policy))
    assert fault.rule == "argocd-sync-policy-misplaced"
    assert words in fault.message


@pytest.mark.parametrize(
    "policy", [None, [], {}, {"automated": None}, {"automated": {"prune": True, "selfHeal": True}}]
)
def test_right_and_odd_policies_are_silent(policy: Any) -> None:
    assert not list(sync_policies(with_spec(syncPolicy=policy)))


def ignored(entry: Any) -> list[Fault]:
    return list(ignored_differences(with_spec(ignoreDifferences=[entry])))


@pytest.mark.parametrize(
    ("entry", "right"),
    [
        ({"group": "apps", "kind": "Deployment", "jsonPointers": ["spec/replicas"]}, "/spec/"),
        ({"group": "apps", "kind": "Deployment", "jsonPointers": [".spec.replicas"]}, "/spec/"),
        ({"group": "apps/v1", "kind": "Deployment", "jsonPointers": ["/x"]}, "group: apps"),
        ({"kind": "Deployment", "jsonPointers": ["/spec/replicas"]}, "group: apps"),
        ({"group": "v1", "kind": "Secret", "jsonPointers": ["/data"]}, "group: ''"),
    ],
)
def test_an_entry_that_matches_nothing_is_a_defect(entry: dict[str, Any], right: str) -> None:
    (fault,) = ignored(entry)
    assert fault.rule == "argocd-ignore-differences-ineffective"
    assert right in fault.expected


@pytest.mark.parametrize(
    "entry",
    [
        {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]},
        {"group": "*", "kind": "Deployment", "jqPathExpressions": [".spec.replicas"]},
        {"group": "acme.io", "kind": "Shop", "jsonPointers": ["/spec"]},
        {"kind": "Service", "jsonPointers": ["/spec/clusterIP"]},
        {"group": "extensions", "kind": "Ingress", "jsonPointers": ["/x"]},
        {"group": "${G}", "kind": "Deployment"},
        None,
        [],
        {"kind": 3, "jsonPointers": 4},
    ],
)
def test_entries_that_match_and_odd_ones_are_silent(entry: Any) -> None:
    assert not ignored(entry)


def big(size: int = 270_000, **more: Any) -> list[Fault]:
    marks = more.pop("annotations", {})
    crd = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "big", "annotations": marks},
        "data": {"text": "x" * size},
    }
    more.setdefault("deployer", APP)
    return list(too_big(scope(Source(path="crds", objects=(crd,), **more))))


def test_an_object_that_is_too_big_for_its_annotation_is_a_defect() -> None:
    (fault,) = big()
    assert (fault.rule, fault.cause) == ("apply-too-large", "A14")


@pytest.mark.parametrize(
    "more",
    [
        {"size": 250_000},
        {"deployer": None},
        {"deployer": ObjectRef("Kustomization", "flux-system", "x")},
        {"spec": {"syncPolicy": {"syncOptions": ["ServerSideApply=true"]}}},
        {"annotations": {"argocd.argoproj.io/sync-options": "Prune=false, Replace=true"}},
    ],
)
def test_smaller_objects_and_other_ways_of_applying_are_silent(more: dict[str, Any]) -> None:
    assert not big(**more)


def test_aliases_of_aliases_do_not_keep_the_measuring_busy() -> None:
    value: Any = "x"
    for _ in range(60):
        value = [value, value]
    obj = {**objects(MARKED % "")[0], "data": value}
    found = scope(Source(path="a", objects=(obj,), deployer=APP))
    assert len(list(too_big(found))) == 1
