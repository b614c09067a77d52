"""A small declaration and a run on a cluster in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.bundle.choose import Choice, Wish
from harness.cluster.runs import RunFolder
from harness.config import Settings
from harness.drift.api_resources import read_resources
from harness.drift.terms import Wanted
from harness.io.process import ProcessRunner
from harness.model.repository import Declaration, ExpectedApplication, RenderedApplication
from harness.model.run import RunRecord, StageRecord, StageState
from harness.stages.context import Context, RunOptions
from harness.stages.existing.place import ArgoCd, Place
from harness.stages.existing.request import ExistingCluster
from harness.stages.stage import Voice
from tests.existing.cluster import FakeCluster, RunningClock

World = Callable[..., tuple[Context, Place, FakeCluster, ExistingCluster]]


class Nobody:
    """Listens to nothing."""

    def stage(self, record: StageRecord) -> None:
        """Hears of a stage."""

    def objects(self, statuses: object) -> None:
        """Hears of objects."""


def _object(api_version: str, kind: str) -> dict[str, Any]:
    meta = {"name": "web", "namespace": "shop"}
    return {"apiVersion": api_version, "kind": kind, "metadata": meta}


@pytest.fixture
def declared() -> Declaration:
    """An environment with one Application."""
    application = ExpectedApplication(
        name="shop",
        path="deploy/overlays/dev",
        namespace="shop",
        repo_url="https://git.example/shop.git",
        revision="HEAD",
        origin="deploy/apps.yaml",
    )
    objects = (_object("apps/v1", "Deployment"), _object("v1", "ConfigMap"))
    bootstrap = (
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "ApplicationSet",
            "metadata": {"name": "shop"},
            "spec": {"template": {"spec": {"project": "shop"}}},
        },
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AppProject",
            "metadata": {"name": "shop", "namespace": "argocd"},
        },
    )
    return Declaration(
        root=Path("/r"),
        environment="dev",
        bootstrap=bootstrap,
        generated_bootstrap=False,
        applications=(RenderedApplication(application=application, objects=objects),),
        repo_urls=(),
        images=(),
        secrets=(),
        ingresses=(),
        load_balancer_subnets=(),
    )


@pytest.fixture
def voice() -> Voice:
    """A voice that nobody hears."""
    return Voice(StageRecord(name="s", title="S", state=StageState.RUNNING), Nobody())


@pytest.fixture
def world(tmp_path: Path, declared: Declaration) -> Iterator[World]:
    """Makes a run on a cluster in memory."""
    folders: list[RunFolder] = []

    def make(
        cluster: FakeCluster | None = None, *, keep: bool = False, **asked: bool
    ) -> tuple[Context, Place, FakeCluster, ExistingCluster]:
        cluster = cluster or FakeCluster()
        existing = ExistingCluster(
            context="staging",
            kubeconfig="",
            server="https://s",
            commits=lambda _root, _runner: ((lambda _expected, _synced: Wanted()), ()),
            **asked,
        )
        folder = RunFolder.create(tmp_path, repository=tmp_path, environment="dev", created="now")
        folders.append(folder)
        options = RunOptions(
            repository=tmp_path,
            environment="dev",
            output=tmp_path / "report",
            cache=tmp_path / "cache",
            kind_config=None,
            bundle=Choice(wish=Wish.AUTO),
            keep=keep,
            existing=existing,
            environment_variables={},
        )
        context = Context(
            options=options,
            settings=Settings(),
            folder=folder,
            run=RunRecord(
                run_id=folder.state.run_id,
                environment="dev",
                repository="r",
                command="e2e",
                started_at="now",
            ),
            runner=ProcessRunner(),
            clock=RunningClock(cluster),
            cancelled=threading.Event(),
        )
        context.kube.put(cluster)
        context.declaration.put(declared)
        place = Place()
        place.resources.put(read_resources(cluster, ()))
        place.engine.put(ArgoCd(namespace="argocd", version="v3"))
        return context, place, cluster, existing

    yield make
    for folder in folders:
        folder.release()
