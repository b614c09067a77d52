"""Each Application is held against the commit that the checkout wants of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.drift.terms import Wanted
from harness.stages.existing.sync import Judgement
from harness.watch.view import ClusterView
from tests.existing.conftest import World

OLD, NEW = "1" * 40, "2" * 40


class View(ClusterView):
    """Holds one Application."""

    def __init__(self, *apps: dict[str, Any]) -> None:
        self.apps = list(apps)

    def all(self, kind: str, namespace: str | None = None) -> list[dict[str, Any]]:
        assert (kind, namespace) == ("Application", None)
        return self.apps


def live(revision: str = OLD, *, sync: str = "Synced", automated: Any = None) -> dict[str, Any]:
    return {
        "metadata": {"name": "shop", "namespace": "argocd"},
        "spec": {"syncPolicy": {"automated": automated or {"selfHeal": True}}},
        "status": {
            "sync": {"status": sync, "revision": revision},
            "operationState": {"phase": "Succeeded", "syncResult": {"revision": revision}},
            "resources": [{"kind": "Deployment", "name": "web"}, {"kind": "ConfigMap"}],
        },
    }


def judgement(
    world: World, wanted: Wanted, *, pushed: Callable[[str], bool] = lambda _: True
) -> Judgement:
    return Judgement(world()[0], lambda _expected, _synced: wanted, pushed)


def test_a_commit_that_nobody_knows_here_is_noted_and_not_judged(world: World) -> None:
    judge = judgement(world, Wanted(note="the synced commit is not known here"))
    assert judge(View(live())).reached
    assert judge.notes == {"shop": "the synced commit is not known here"}


def test_an_application_behind_the_checkout_is_waited_for_where_it_is_pushed(world: World) -> None:
    standing = judgement(world, Wanted(revision=NEW, behind="2 commits older"))(View(live()))
    assert not standing.reached
    assert not standing.failed
    assert "shop: runs 11111111, 2 commits older than 22222222" in standing.line


def test_a_commit_that_no_remote_has_ends_the_wait(world: World) -> None:
    wanted = Wanted(revision=NEW, behind="1 commit older")
    standing = judgement(world, wanted, pushed=lambda _: False)(View(live()))
    assert "no remote of this checkout has 22222222" in standing.failed


def test_an_application_that_nobody_syncs_ends_the_wait(world: World) -> None:
    app = live(sync="OutOfSync")
    app["spec"] = {}
    standing = judgement(world, Wanted(revision=OLD))(View(app))
    assert "Argo CD does not sync it by itself" in standing.failed


def test_an_application_that_is_missing_is_waited_for(world: World) -> None:
    standing = judgement(world, Wanted())(View())
    assert not standing.reached
    assert not standing.failed


def test_git_is_asked_once_for_each_commit(world: World) -> None:
    asked: list[str] = []

    def wanted(_expected: object, synced: str) -> Wanted:
        asked.append(synced)
        return Wanted(revision=OLD)

    judge = Judgement(world()[0], wanted, lambda _: True)
    for _ in range(3):
        judge(View(live()))
    judge(View(live(NEW)))
    assert asked == [OLD, NEW]
