"""The section about `harness loop` of `docs/benchmarks.md`; its words stand in `loop.md.j2`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bench.table import template

SECTION = "loop.md.j2"
VERDICT_BUDGET = 5.0
NODE_BUDGET = 0.2


def loop_section(measured: Mapping[str, Any]) -> str:
    """Returns the section, from the content of `loop.json`."""
    if not measured:
        return template(SECTION).render(measured=False)
    plain, pod, service = measured["plain"], measured["pod"], measured["service"]
    machine = measured["machine"]
    return template(SECTION).render(
        measured=True,
        number=len(plain),
        budget=VERDICT_BUDGET,
        node_budget=NODE_BUDGET,
        plain=_row(plain, "seconds"),
        synced=_row(plain, "synced"),
        pod=_row(pod, "seconds"),
        start=_row(pod, "pod"),
        own=_row(pod, "own"),
        build=_row(service, "build"),
        deliver=_row(service, "deliver"),
        pull=_row(service, "pull"),
        kind_load=_row(service, "kind_load"),
        ratio=f"{ratio(service):.2f}",
        load=machine["load before"],
        date=machine["date"],
    )


def ratio(service: Sequence[Mapping[str, float]]) -> float:
    """Returns the median of delivery and pull to `kind load docker-image`, pair by pair."""
    return median((one["deliver"] + one["pull"]) / one["kind_load"] for one in service)


def _row(found: Sequence[Mapping[str, float]], name: str) -> str:
    values = [one[name] for one in found]
    return f"{median(values):.1f} s | {min(values):.1f} s | {max(values):.1f} s"
