from __future__ import annotations

from typing import Any

import pytest

from bench.loop import of_verdict, pull_seconds
from bench.loop_table import loop_section, ratio

IMAGE = "ghcr.io/musiccorp/musiccorp-catalog:1"


def pulled(text: str, at: str, image: str = IMAGE) -> dict[str, Any]:
    return {"message": f'Successfully pulled image "{image}" in {text}', "lastTimestamp": at}


def row(**more: float) -> dict[str, float]:
    names = ("seconds", "synced", "pod", "own", "build", "deliver", "pull", "kind_load")
    return {**dict.fromkeys(names, 1.0), **more}


def test_the_newest_pull_counts_in_seconds() -> None:
    events = [
        pulled("2s (2s including waiting)", "2026-01-01T00:00:01Z"),
        pulled("250ms (251ms including waiting)", "2026-01-01T00:00:09Z"),
        pulled("9s", "2026-01-01T00:00:10Z", "ghcr.io/musiccorp/musiccorp-order:1"),
    ]
    assert pull_seconds(events) == 0.25


def test_the_pods_own_start_is_taken_off() -> None:
    told = {"seconds": 9.5, "synced_seconds": 3.0, "pod_start_seconds": 6.0, "steps": {"build": 1}}
    found = of_verdict(told)
    assert found["own"] == 3.5
    assert (found["build"], found["deliver"]) == (1, 0.0)


def test_the_ratio_is_of_pairs() -> None:
    service = [row(deliver=0.1, pull=0.3, kind_load=4.0), row(deliver=1.0, pull=1.0, kind_load=4.0)]
    assert ratio(service) == pytest.approx(0.3)


def test_the_section_says_what_was_measured_or_that_nothing_was() -> None:
    machine = {"load before": "0.5", "date": "2026-01-01"}
    measured = {"plain": [row()], "pod": [row()], "service": [row()], "machine": machine}
    assert "take 2.00 of what" in loop_section(measured)
    assert "Not measured." in loop_section({})
