"""Rounds and ratios."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.audit_clock import Timed
from bench.audit_scale import sampled
from bench.audit_speed import (
    KUSTOMIZE,
    Entrant,
    apart,
    harness_entrant,
    kustomize_entrant,
    once,
    rounds,
    spread,
    summary,
)

ENTRANTS = [Entrant(name=name, argv=()) for name in (KUSTOMIZE, "a", "b")]


def taken(seconds: float) -> Timed:
    return Timed(seconds=seconds, processor_seconds=seconds / 2, code=0)


def test_each_round_begins_with_the_next_entrant_after_one_run_that_does_not_count() -> None:
    order: list[str] = []

    def run(entrant: Entrant) -> Timed:
        order.append(entrant.name)
        return taken(1)

    found = rounds(ENTRANTS, 2, lambda _: None, run=run)
    assert order == [KUSTOMIZE, "a", "b", KUSTOMIZE, "a", "b", "a", "b", KUSTOMIZE]
    assert len(found) == 2


def test_a_ratio_is_of_one_round() -> None:
    found = [{KUSTOMIZE: taken(k), "a": taken(a)} for k, a in ((1, 2), (10, 10), (2, 6))]
    said = summary(found)
    assert said["a"]["ratio"] == {"median": 2, "min": 1, "max": 3, "all": [2, 1, 3]}
    assert said[KUSTOMIZE]["ratio"]["median"] == 1
    assert said["a"]["processor_seconds"]["median"] == 3


def test_a_spread_keeps_the_order_of_the_values() -> None:
    assert spread([3.0, 1.0, 2.0]) == {
        "median": 2.0,
        "min": 1.0,
        "max": 3.0,
        "all": [3.0, 1.0, 2.0],
    }


def test_a_failed_run_does_not_count(tmp_path: Path) -> None:
    broken = Entrant(name="broken", argv=("sh", "-c", "echo why >&2; exit 2"), folder=tmp_path)
    with pytest.raises(LookupError, match="broken ended with 2: why"):
        once(broken)
    fine = Entrant(name="fine", argv=("sh", "-c", "exit 2"), folder=tmp_path, good=(2,))
    assert once(fine).code == 2


def test_kustomize_builds_one_folder_after_another_and_stops_at_a_failure(tmp_path: Path) -> None:
    program = tmp_path / "kustomize program"
    program.write_text('#!/bin/sh\necho "$2"\n[ "$2" != bad ]\n', encoding="utf-8")
    program.chmod(0o755)
    found = kustomize_entrant(program, [Path("a b"), Path("c")])
    assert once(found).output == "a b\nc\n"
    with pytest.raises(LookupError, match="ended with 1"):
        once(kustomize_entrant(program, [Path("bad"), Path("c")]))


def test_cold_keeps_nothing_and_warm_has_a_folder_of_its_own(tmp_path: Path) -> None:
    cold = harness_entrant("x", tmp_path, None).environment
    warm = harness_entrant("x", tmp_path, tmp_path / "own").environment
    assert cold["HARNESS_NO_CACHE"]
    assert "HARNESS_NO_CACHE" not in warm
    assert warm["XDG_CACHE_HOME"] == str(tmp_path / "own")
    assert cold["PYTHONDONTWRITEBYTECODE"] == warm["PYTHONDONTWRITEBYTECODE"] == ""


def test_a_cache_apart_has_the_programs_and_no_renderings(tmp_path: Path) -> None:
    cache = tmp_path / "gitops-harness"
    for name in ("bundles", "parts", "renders"):
        (cache / name).mkdir(parents=True)
    own = apart(tmp_path / "work", cache)
    assert apart(tmp_path / "work", cache) == own
    found = sorted(path.name for path in (own / "gitops-harness").iterdir())
    assert found == ["bundles", "parts"]


def test_a_sample_is_spread_over_all_folders_and_environments() -> None:
    folders = [Path(str(number)) for number in range(500)]
    found = [int(path.name) for path in sampled(folders)]
    assert len(set(found)) == 50
    assert {number % 10 for number in found} == set(range(10))
    assert max(found) >= 490
    assert sampled(folders[:3]) == folders[:3]
