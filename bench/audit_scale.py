"""Measures `harness audit` on a generated repository: time, memory, growth with the size.

kustomize builds a sample of the overlays one after another, evenly spread; the time of all of them
is that of the sample times their number. The audit must find exactly the faults that were put in:
otherwise it did not look at everything, and its time means nothing.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.audit_clock import Timed
from bench.audit_repository import BROKEN_RULE, Estate, write_estate
from bench.audit_speed import COLD, WARM, harness_entrant, kustomize_entrant, once, plain, spread

SAMPLE = 50
PARTS = (4, 2)
"""Memory is also measured with the whole divided by each of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What the measurement needs."""

    folder: Path
    kustomize: Path
    cache: Path
    """A cache folder of the harness for warm runs."""
    say: Callable[[str], None]


def measure_scale(scale: Scale, overlays: int, repetitions: int) -> dict[str, Any]:
    """Returns what was measured: smaller ones once, for memory, and the whole several times."""
    sizes = {}
    for part in PARTS:
        smaller = Estate(overlays=max(1, overlays // part))
        _written(scale, smaller)
        sizes[str(smaller.overlays)] = _audited(scale, COLD, smaller)
    estate = Estate(overlays=overlays)
    folders = _written(scale, estate)
    return {
        "overlays": overlays,
        "bases": estate.bases,
        "files": sum(path.is_file() for path in (scale.folder / "estate").rglob("*")),
        "faults": estate.broken,
        "sizes": sizes,
        "rounds": [_round(scale, estate, folders, number) for number in range(repetitions)],
    }


def _written(scale: Scale, estate: Estate) -> list[Path]:
    folder = scale.folder / "estate"
    shutil.rmtree(folder, ignore_errors=True)
    return write_estate(folder, estate)


def _round(scale: Scale, estate: Estate, folders: Sequence[Path], number: int) -> dict[str, Any]:
    """Measures the sample before and after the cold audit, so that both see the same load."""
    chosen = sampled(folders)

    def built() -> Timed:
        return once(kustomize_entrant(scale.kustomize, chosen))

    before = built()
    cold = _audited(scale, COLD, estate)
    after = built()
    warm = _audited(scale, WARM, estate)
    sample = (before.seconds + after.seconds) / 2
    whole = sample * len(folders) / len(chosen)
    scale.say(f"  round {number + 1}: kustomize {whole:.1f} s, audit {cold['seconds']:.1f} s")
    return {
        "sample": len(chosen),
        "sample_seconds": [round(before.seconds, 3), round(after.seconds, 3)],
        "kustomize_seconds": round(whole, 3),
        "cold": cold,
        "warm": warm,
        "ratio": round(cold["seconds"] / whole, 4),
        "warm_ratio": round(warm["seconds"] / whole, 4),
    }


def _audited(scale: Scale, name: str, estate: Estate) -> dict[str, Any]:
    cache = scale.cache if name == WARM else None
    found = once(harness_entrant(name, scale.folder / "estate", cache), memory=True)
    document = json.loads(found.output)
    faults = sum(len(f["overlays"]) for f in document["findings"] if f["rule"] == BROKEN_RULE)
    if faults != estate.broken:
        message = f"{name} found {faults} of the {estate.broken} faults"
        raise LookupError(message)
    others = sorted({f["rule"] for f in document["findings"]} - {BROKEN_RULE})
    counts = {"rendered": document["rendered"], "objects": document["objects"], "others": others}
    taken = f"{found.seconds:.1f} s, {found.peak_mib:.0f} MiB"
    scale.say(f"  {estate.overlays} overlays, {name}: {taken}")
    return {**plain(found), **counts}


def sampled(folders: Sequence[Path], size: int = SAMPLE) -> list[Path]:
    """Returns so many of the folders, spread over all of them; all where there are fewer."""
    count = min(size, len(folders))
    step = len(folders) // count
    return [folders[number * step + number % step] for number in range(count)]


def in_sum(found: dict[str, Any]) -> dict[str, Any]:
    """Returns medians over the rounds, for the page; the first warm run fills the cache."""
    rounds = found["rounds"]
    warm = rounds[1:] or rounds
    return {
        "ratio": spread(r["ratio"] for r in rounds),
        "warm_ratio": spread(r["warm_ratio"] for r in warm),
        "kustomize": spread(r["kustomize_seconds"] for r in rounds),
        "cold": spread(r["cold"]["seconds"] for r in rounds),
        "warm": spread(r["warm"]["seconds"] for r in warm),
    }
