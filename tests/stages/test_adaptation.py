"""The stage says what it did, does nothing where nothing is lacking, and waits for metrics."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.adaptation.terms import Plan
from harness.config import Settings
from harness.io.kube import KubeError
from harness.model.errors import ClusterError
from harness.stages.adaptation import adaptation, addon_images, plan_adaptation, prepare_addons
from harness.stages.context import Context, Found
from harness.stages.stage import Voice
from tests.adaptation.objects import database, machine, scaler, workload

Object = dict[str, Any]
SERVICE = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io"
METRICS = "/apis/metrics.k8s.io/v1beta1/nodes"
VOICE = cast("Voice", SimpleNamespace(say=lambda _: None))


class Cluster:
    """One node; metrics are served from the third question on, or never."""

    def __init__(self, *, serves: bool = True) -> None:
        self.serves, self.asked = serves, 0
        self.applied: list[str] = []

    def items(self, path: str) -> list[Object]:
        if path == METRICS and not self.serves:
            message = "the server is currently unable to handle the request"
            raise KubeError(message, 503)
        return [{"metadata": {"name": "node"}}]

    def find(self, path: str) -> Object | None:
        if path != SERVICE:
            return None
        self.asked += 1
        status = "True" if self.asked > 2 else "False"
        return {"status": {"conditions": [{"type": "Available", "status": status}]}}

    def apply(self, path: str, body: Mapping[str, Any]) -> Object:
        self.applied.append(path.rpartition("/")[2])
        return dict(body)

    def merge(self, path: str, body: Mapping[str, Any]) -> Object:
        raise AssertionError((path, body))


class Clock:
    """Time that passes while somebody sleeps."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def context_of(*objects: Object, cluster: Cluster | None = None) -> Context:
    application = SimpleNamespace(objects=objects)
    declaration = SimpleNamespace(applications=(application,))
    made = SimpleNamespace(
        declaration=SimpleNamespace(get=lambda: declaration),
        host=SimpleNamespace(get=machine),
        options=SimpleNamespace(kind_config=None),
        settings=Settings(),
        withheld=lambda *_: False,
        adaptation=Found[Plan]("what the cluster lacks"),
        kube=SimpleNamespace(get=lambda: cluster),
        kube_labels={"run": "r"},
        run=SimpleNamespace(notes=[], facts={}),
        clock=Clock(),
        stopped=threading.Event(),
    )
    context = cast("Context", made)
    plan_adaptation(context)
    return context


def test_an_environment_that_lacks_nothing_is_left_alone() -> None:
    context = context_of(workload("web"), cluster=Cluster())
    assert adaptation(context, VOICE) == "nothing is lacking"
    assert addon_images(context) == ()
    assert prepare_addons(context, VOICE) == {}
    assert (context.run.notes, context.run.facts) == ([], {})


def test_every_adaptation_is_a_note_and_a_fact_of_the_run() -> None:
    cluster = Cluster()
    context = context_of(database("db", "gp3"), cluster=cluster)
    line = "StorageClass gp3: made, backed by rancher.io/local-path, which does not enforce sizes"
    assert context.run.notes == [f"adapted: {line}, because 1 claim names it"]
    assert context.run.facts["adaptations"].startswith(line)
    assert adaptation(context, VOICE) == line
    assert cluster.applied == ["gp3"]


def test_metrics_are_waited_for() -> None:
    cluster = Cluster()
    context = context_of(workload("web"), scaler("web", 1, "Resource"), cluster=cluster)
    assert [image.host for image in addon_images(context)] == ["registry.k8s.io"]
    adaptation(context, VOICE)
    assert cluster.asked == 3
    assert "v1beta1.metrics.k8s.io" in cluster.applied


def test_metrics_that_are_never_served_fail_with_what_was_seen() -> None:
    objects = workload("web"), scaler("web", 1, "Resource")
    context = context_of(*objects, cluster=Cluster(serves=False))
    with pytest.raises(ClusterError, match="unable to handle the request"):
        adaptation(context, VOICE)


def test_the_configuration_that_every_run_starts_from_leaves_nodes_open(tmp_path: Path) -> None:
    context = context_of(workload("web", nodeSelector={"tier": "front"}))
    assert context.adaptation.get().is_labelled
    own = tmp_path / "kind.yaml"
    own.write_text("kind: Cluster\nnodes: [{role: control-plane, labels: {tier: front}}]\n")
    context.options = cast("Any", SimpleNamespace(kind_config=own))
    plan_adaptation(context)
    assert context.adaptation.get() == Plan(nodes=())
