"""The part `audit`: `harness audit` beside kustomize and the tools that check manifests.

Needs no cluster. Four measurements, each kept as soon as it is made: MusicCorp beside kustomize,
a large repository, the peers' time, the faults that they find. The page is `audit.md.j2`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.audit_contest import Contest, fault_contest, peer_speed
from bench.audit_faults import FAULTS
from bench.audit_peers import Kit
from bench.audit_scale import Scale, measure_scale
from bench.audit_schemas import PACKAGE, written_schemas
from bench.audit_speed import COLD, WARM, apart, harness_entrant, kustomize_entrant, rounds, summary
from bench.audit_stage import MUSICCORP, OVERLAYS
from bench.machine import facts
from bench.results import loaded, stored
from bench.tools import Tool, Workshop
from harness.io.process import Runner


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPlan:
    """How much of the audit is measured, and where."""

    cache: Path
    """The harness' cache folder."""
    results: Path
    """The JSON file."""
    runner: Runner
    say: Callable[[str], None]
    words: tuple[str, ...]
    """Only faults whose name holds one of these; everything where there are none."""
    repetitions: int
    overlays: int
    resume: bool
    end: float
    """No measurement begins after this moment (monotonic seconds)."""

    @property
    def folder(self) -> Path:
        """Where copies and generated repositories lie."""
        return self.cache / "bench" / "audit"


def measure_audit(plan: AuditPlan) -> dict[str, Tool]:
    """Measures what is not measured yet; returns the tools that took part, or could not."""
    tools = Workshop(cache=plan.cache, runner=plan.runner, say=plan.say).audit()
    kit = Kit(
        tools=tools,
        schemas=written_schemas(tools[PACKAGE], plan.cache / "bench"),
        cache=apart(plan.folder, plan.cache),
    )
    parts: dict[str, Callable[[], Any]] = {
        "musiccorp": lambda: _musiccorp(plan, kit),
        "scale": lambda: _scale(plan, kit),
        "peers": lambda: peer_speed(_contest(plan, kit, "peers"), plan.repetitions),
        "faults": lambda: _faults(plan, kit),
    }
    wanted = ("faults",) if plan.words else tuple(parts)
    for name in wanted:
        known = loaded(plan.results) if plan.resume else {}
        if name not in known and time.monotonic() < plan.end:
            plan.say(f"audit: {name}")
            _keep(plan, name, parts[name])
    return tools


def _keep(plan: AuditPlan, name: str, measure: Callable[[], Any]) -> None:
    before = facts()
    found = {"machine": before, "found": measure(), "load after": facts()["load before"]}
    stored(plan.results, {**loaded(plan.results), name: found})


def _musiccorp(plan: AuditPlan, kit: Kit) -> dict[str, Any]:
    folders = sorted(path.parent for path in MUSICCORP.glob(f"{OVERLAYS}/kustomization.yaml"))
    entrants = [
        kustomize_entrant(Path(kit.path("kustomize")), folders),
        harness_entrant(COLD, MUSICCORP, None),
        harness_entrant(WARM, MUSICCORP, kit.cache),
    ]
    found = summary(rounds(entrants, plan.repetitions, plan.say))
    return {"folders": len(folders), "entrants": found}


def _scale(plan: AuditPlan, kit: Kit) -> dict[str, Any]:
    scale = Scale(
        folder=plan.folder,
        kustomize=Path(kit.path("kustomize")),
        cache=kit.cache,
        say=plan.say,
    )
    return measure_scale(scale, plan.overlays, max(1, plan.repetitions // 2))


def _contest(plan: AuditPlan, kit: Kit, name: str) -> Contest:
    return Contest(folder=plan.folder / name, kit=kit, runner=plan.runner, say=plan.say)


def _faults(plan: AuditPlan, kit: Kit) -> dict[str, Any]:
    wanted = [f for f in FAULTS if not plan.words or any(w in f.name for w in plan.words)]
    found = fault_contest(_contest(plan, kit, "faults"), wanted, plan.end)
    known = loaded(plan.results).get("faults", {}) if plan.words else {}
    kept = known.get("found", {}).get("faults", {})
    return {**found, "faults": {**kept, **found["faults"]}}
