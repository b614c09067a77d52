"""A wait with a verdict: what is not read yet is neither ready, nor to blame, nor freed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.bundle.choose import Choice, Wish
from harness.cluster.runs import RunFolder
from harness.config import Settings
from harness.diagnosis.diagnose import diagnose
from harness.diagnosis.facts import Facts
from harness.diagnosis.fold import folded
from harness.io.kube import Kube
from harness.io.process import ProcessRunner
from harness.model.finding import Diagnosis
from harness.model.repository import Declaration
from harness.model.run import RunRecord
from harness.stages.context import Context, RunOptions
from harness.stages.verdict import with_verdict
from harness.watch.settle import READING, Standing
from harness.watch.view import ClusterView, Collected
from tests.diagnosis.world import START, World, crashed, waiting

READY = Standing(reached=True, line="1 of 1 ready")


class StandingClock:
    def monotonic(self) -> float:
        return 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(START, UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


class Cluster(Kube):
    """Takes note of what is freed; everything else is refused."""

    def __init__(self) -> None:
        self.freed: list[str] = []

    def delete(self, path: str, *, grace_seconds: int | None = None) -> None:
        assert grace_seconds is None
        self.freed.append(path)


class Unwatched(ClusterView):
    def __init__(self) -> None:
        pass


class Watching:
    """An observer that knows a world, of which something may be unread."""

    def __init__(self, world: World, at: float, *, unread: tuple[Collected, ...] = ()) -> None:
        self._facts = folded(world.cassette(), START + at)
        self.left = unread

    def diagnosis(self) -> tuple[Diagnosis, Facts]:
        return diagnose(self._facts), self._facts

    def unread(self, facts: Facts) -> tuple[Collected, ...]:
        assert facts is self._facts
        return self.left


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    folder = RunFolder.create(
        tmp_path / "runs", repository=tmp_path, environment="dev", created="now"
    )
    options = RunOptions(
        repository=tmp_path,
        environment="dev",
        output=tmp_path,
        cache=tmp_path,
        kind_config=None,
        bundle=Choice(wish=Wish.AUTO),
        keep=False,
        environment_variables={},
    )
    made = Context(
        options=options,
        settings=Settings(),
        folder=folder,
        run=RunRecord(
            run_id="1", environment="dev", repository=str(tmp_path), command="e2e", started_at="now"
        ),
        runner=ProcessRunner(),
        clock=StandingClock(),
        cancelled=threading.Event(),
    )
    made.kube.put(Cluster())
    made.declaration.put(_nothing_declared(tmp_path))
    yield made
    folder.release()


def _nothing_declared(root: Path) -> Declaration:
    empty: dict[str, Any] = dict.fromkeys(
        (
            "bootstrap", "applications", "repo_urls", "images", "secrets", "ingresses",
            "load_balancer_subnets",
        ),
        (),
    )  # fmt: skip
    return Declaration(root=root, environment="dev", generated_bootstrap=False, **empty)


def broken() -> World:
    world = World()
    env = [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}}]
    world.workload("web", {"name": "web", "image": "ghcr.io/shop/app:1", "env": env})
    state = waiting("CreateContainerConfigError", 'secret "login" not found')
    world.pod("web", 2, state=state)
    return world


def judged(context: Context, watching: Watching) -> Standing:
    return with_verdict(lambda _: READY, context, watching)(Unwatched())


def test_a_reached_goal_does_not_count_while_the_diagnosis_has_not_read_everything(
    context: Context,
) -> None:
    standing = judged(context, Watching(World(), 5, unread=(("Pod", ""),)))

    assert not standing.reached
    assert standing.line == READING


def test_a_root_among_what_is_half_read_ends_nothing(context: Context) -> None:
    watching = Watching(broken(), 60, unread=(("Secret", ""),))

    assert not judged(context, watching).failed
    assert context.run.diagnosis is None

    watching.left = ()
    assert "S07" in judged(context, watching).failed


def test_nothing_is_freed_before_everything_is_read(context: Context) -> None:
    world = World()
    world.workload("db", kind="StatefulSet")
    world.pod("db", 2, state=crashed(3), hash_="db-r0")
    watching, cluster = Watching(world, 30, unread=(("StatefulSet", ""),)), context.kube.get()
    judge = with_verdict(lambda _: READY, context, watching)
    assert isinstance(cluster, Cluster)

    judge(Unwatched())
    assert cluster.freed == []

    watching.left = ()
    judge(Unwatched())
    assert len(cluster.freed) == 1


def test_what_is_read_and_ready_is_reached(context: Context) -> None:
    world = World()
    world.workload("web")
    world.ready("web", 3)

    assert judged(context, Watching(world, 10)) == READY
