from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.loop.judging import Fresh, finding_keys, pod_start_seconds, unlike
from harness.loop.verdicts import Word
from harness.model.finding import Phase
from harness.model.repository import ExpectedApplication, RenderedApplication
from harness.watch.settle import Standing
from harness.watch.view import ClusterView
from tests.loop.worlds import declaration, failed, finding

READY = Standing(reached=True, line="2 of 2 ready")
FAILED = Standing(reached=False, line="root cause", failed="root cause")
KEYS = finding_keys(failed(finding("S02")))
OTHER = finding_keys(failed(finding("S01")))


class Unwatched(ClusterView):
    def __init__(self) -> None:
        pass


@pytest.mark.parametrize(
    ("word", "seen", "found", "ends"),
    [
        (None, READY, frozenset(), True),
        (None, FAILED, KEYS, True),
        (Word.HEALTHY, READY, frozenset(), False),
        (Word.HEALTHY, FAILED, KEYS, True),
        (Word.FAILED, READY, frozenset(), True),
        (Word.FAILED, FAILED, KEYS, False),
        (Word.FAILED, FAILED, OTHER, True),
        (Word.STALLED, READY, frozenset(), True),
    ],
)
def test_a_word_is_given_again_only_when_it_changes(
    word: Word | None, seen: Standing, found: frozenset[tuple[str, str]], *, ends: bool
) -> None:
    known = KEYS if word is Word.FAILED else frozenset()
    judged = unlike(word, known, lambda _: seen, lambda: found)(Unwatched())
    assert bool(judged.reached or judged.failed) is ends


def pod(made: int, ready: int | None) -> dict[str, Any]:
    stamp = "2026-01-01T00:00:{:02d}Z"
    condition = {"type": "Ready", "status": "True", "lastTransitionTime": stamp.format(ready or 0)}
    return {
        "metadata": {"creationTimestamp": stamp.format(made)},
        "status": {"conditions": [condition] if ready is not None else []},
    }


def test_only_pods_of_this_round_count_as_started() -> None:
    since = 1767225610.0  # 2026-01-01T00:00:10Z
    assert pod_start_seconds([pod(2, 40), pod(11, 15), pod(12, None)], since) == 4.0
    assert pod_start_seconds([pod(2, 40)], since) is None


def test_pods_that_start_one_after_the_other_are_one_time() -> None:
    assert pod_start_seconds([pod(11, 15), pod(15, 21)], 1767225610.0) == 10.0


class Applications(ClusterView):
    """One Application at a revision."""

    def __init__(self, revision: str) -> None:
        self.revision = revision

    def all(self, kind: str, namespace: str | None = None) -> list[dict[str, Any]]:
        assert (kind, namespace) == ("Application", None)
        spec = {"source": {"path": "p"}, "destination": {"namespace": "shop"}}
        status = {"sync": {"revision": self.revision, "status": "OutOfSync"}}
        return [{"metadata": {"name": "a"}, "spec": spec, "status": status}]


class Clock:
    seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


@pytest.mark.parametrize(
    ("phase", "again", "revision", "after", "held"),
    [
        (Phase.SECRET, False, "old", 60.0, True),
        (Phase.SECRET, False, "new", 0.0, False),
        (Phase.SECRET, True, "new", 1.0, True),
        (Phase.SECRET, True, "new", 3.5, False),
        (Phase.REPO, False, "old", 0.0, False),
        (Phase.ARGOCD, True, "old", 1.0, True),
        (Phase.ARGOCD, True, "old", 7.0, False),
    ],
)
def test_what_may_be_of_the_commit_before_is_held_back(
    tmp_path: Path, phase: Phase, again: bool, revision: str, after: float, held: bool
) -> None:
    found = replace(finding("S02"), phase=phase)
    app = ExpectedApplication(
        name="a", path="p", namespace="shop", repo_url="", revision="", origin=""
    )
    whole = replace(
        declaration(tmp_path), applications=(RenderedApplication(application=app, objects=()),)
    )
    clock = Clock()
    fresh = Fresh(
        declaration=whole,
        revision="new",
        previous=KEYS if again else frozenset(),
        clock=clock,
        began=clock.seconds,
    )
    judge = fresh.judge(lambda _: FAILED, lambda: (found,))
    judge(Applications(revision))
    clock.seconds += after
    assert bool(judge(Applications(revision)).failed) is not held
    assert fresh.holding is held
