"""Sound shapes of odd manifests, open namespaces, worlds that are kept apart, selections."""

from __future__ import annotations

from typing import Any

import pytest

from harness.audit.openness import Openness, makes_pods
from harness.audit.selection import Outcome, is_like, selection
from harness.audit.sound import sound
from harness.audit.source import Source, Unjudged
from harness.audit.world import separate, world
from harness.model.refs import ObjectRef
from tests.audit.manifests import container, manifest, of, service
from tests.audit.manifests import workload as deployment
from tests.audit.scopes import scope

Object = dict[str, Any]


def shape(obj: Any) -> Any:
    found = sound(obj)
    assert found is not None
    return found.object


def test_a_sound_object_stays_as_it_is() -> None:
    order = deployment("order", container(env={"A": " b "}), replicas=2)
    found = sound(order)

    assert found is not None
    assert (found.object, found.is_whole) == (order, True)


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        ("Service", {"selector": {"a": 1, "b": True}}, {"selector": {"a": "1", "b": "true"}}),
        ("Service", {"ports": [{"targetPort": "80"}]}, {"ports": [{"targetPort": 80}]}),
        ("Service", {"ports": "80", "selector": None}, {}),
        ("Deployment", {"replicas": "3"}, {"replicas": 3}),
        ("Deployment", {"replicas": "${N}", "template": None}, {}),
        ("NetworkPolicy", {"egress": [None]}, {"egress": [{}]}),
        ("NetworkPolicy", {"podSelector": {"matchLabels": ["a"]}}, {"podSelector": {}}),
        ("Pod", {"containers": [7, {"name": 7}]}, {"containers": [{"name": "7"}]}),
        ("Pod", {"containers": [{"args": [1, "a"]}]}, {"containers": [{"args": ["1", "a"]}]}),
    ],
)  # fmt: skip
def test_values_are_read_as_kubernetes_would_or_left_out(
    kind: str, spec: Object, expected: Object
) -> None:
    assert shape(manifest(kind, "x", spec))["spec"] == expected


@pytest.mark.parametrize("spec", [7, ["a"], "a"])
def test_what_cannot_be_read_is_left_out_and_counted(spec: Any) -> None:
    found = sound(manifest("Service", "x", spec))

    assert found is not None
    assert "spec" not in found.object
    assert not found.is_whole


@pytest.mark.parametrize(
    "obj", [None, 7, [], {}, {"kind": "Pod"}, {"kind": "Pod", "metadata": "a"}]
)
def test_what_has_no_kind_or_name_is_nothing(obj: Any) -> None:
    assert sound(obj) is None


def test_a_kind_of_another_group_is_not_read_as_ours() -> None:
    knative = manifest("Service", "x", {"selector": 7}, apiVersion="serving.knative.dev/v1")

    assert shape(knative)["spec"] == {"selector": 7}


@pytest.mark.parametrize(
    ("kind", "version", "makes"),
    [
        ("Kafka", "kafka.strimzi.io/v1", True),
        ("Cluster", "postgresql.cnpg.io/v1", True),
        ("HelmRelease", "helm.toolkit.fluxcd.io/v2", True),
        ("Prometheus", "monitoring.coreos.com/v1", True),
        ("Workflow", "argoproj.io/v1alpha1", True),
        ("List", "v1", True),
        ("ServiceMonitor", "monitoring.coreos.com/v1", False),
        ("KafkaTopic", "kafka.strimzi.io/v1", False),
        ("Rollout", "argoproj.io/v1alpha1", False),
        ("Application", "argoproj.io/v1alpha1", False),
        ("Certificate", "cert-manager.io/v1", False),
        ("ScaledObject", "keda.sh/v1alpha1", False),
        ("Deployment", "apps/v1", False),
    ],
)
def test_who_makes_pods(kind: str, version: str, makes: bool) -> None:
    assert makes_pods(manifest(kind, "x", apiVersion=version)) is makes


def test_an_open_namespace_is_open_for_itself_and_for_the_unknown() -> None:
    one = Openness.of([("shop", "Kafka events")])
    anywhere = Openness.of([("", "a chart")])

    assert (one.reason("shop"), one.reason("other"), one.reason("")) == (
        "Kafka events",
        "",
        "Kafka events",
    )
    assert anywhere.reason("other") == "a chart"


def test_workloads_of_operators_count_as_ours_and_keep_their_name() -> None:
    rollout = manifest("Rollout", "web", {**deployment("web")["spec"], "selector": "odd"})
    here = world(of(rollout, service("web")))
    inner = ObjectRef("Deployment", "shop", "web")

    assert [t.ref.kind for t in here.templates] == ["Rollout"]
    assert here.inventory.workload(inner) is not None
    assert here.real(inner) == ObjectRef("Rollout", "shop", "web")


def test_sources_that_cannot_be_one_cluster_are_kept_apart() -> None:
    def source(path: str, *objects: Object) -> Source:
        return Source(path=path, objects=objects)

    one, other = deployment("a"), deployment("b")
    nameless = deployment("c", namespace="")

    def groups(*sources: Source) -> list[int]:
        return [len(each.declared) for each in separate(scope(*sources))]

    assert groups(source("x", one), source("y", other)) == [2]
    assert sorted(groups(source("x", one), source("y", one), source("z", other))) == [1, 1, 1]
    assert sorted(groups(source("x", one), source("y", nameless))) == [1, 1]
    assert groups(source("x", one, nameless)) == [2]


def test_two_applications_of_one_folder_are_two_sources() -> None:
    pair = [Source(path="x", objects=(deployment("a", namespace=n),)) for n in ("dev", "prod")]

    assert len(separate(scope(*pair))) == 1
    assert len(separate(scope(*[Source(path="x", objects=(deployment("a"),)) for _ in "ab"]))) == 2


def test_a_selection_tells_what_is_known() -> None:
    here = world(of(deployment("order")))

    def outcome(**labels: str) -> Outcome:
        return selection(here, "shop", {"matchLabels": labels}, "order").outcome

    assert outcome(app="order") is Outcome.SELECTS
    assert outcome(app="ordr") is Outcome.NOTHING
    assert outcome(app="${APP}") is Outcome.UNKNOWN
    assert selection(here, "shop", {}, "x").outcome is Outcome.SELECTS
    assert selection(here, "other", {"matchLabels": {"a": "b"}}, "x").outcome is Outcome.UNKNOWN


def test_a_chart_makes_a_selection_unknown() -> None:
    chart = Unjudged(subject="Application argocd/x", reason="chart", namespace="shop")
    here = world(of(deployment("order"), unjudged=(chart,)))
    found = selection(here, "shop", {"matchLabels": {"app": "ordr"}}, "order")

    assert found.outcome is Outcome.UNKNOWN
    assert "Application argocd/x" in found.reason


@pytest.mark.parametrize(
    ("one", "other", "like"),
    [
        ("order", "ordr", True),
        ("order", "order-service", True),
        ("catalog", "catalogue", True),
        ("db", "shop-db", False),
        ("order", "payment", False),
        ("", "order", False),
    ],
)
def test_names_that_may_be_one(one: str, other: str, like: bool) -> None:
    assert is_like(one, other) is like


def test_the_number_of_pods_is_one_by_default_and_unknown_where_it_is_a_placeholder() -> None:
    here = world(of(deployment("a"), deployment("b", replicas="${N}"), deployment("c", replicas=3)))

    assert [here.replicas(t) for t in here.templates] == [1, None, 3]
