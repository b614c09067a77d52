"""`python -m bench`: gets the tools, makes a cluster, measures, writes `docs/benchmarks.md`.

A measurement that was made before is kept with `--resume`, so that a long benchmark can be made in
pieces (`--minutes`). The cluster is removed whatever happens.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import FrameType
from typing import Annotated

import typer
from platformdirs import user_cache_path

from bench.audit import AuditPlan, measure_audit
from bench.audit_table import audit_section
from bench.case import Case
from bench.cluster import Ground, cluster
from bench.contest import Ring, hold
from bench.contestants import ROOT
from bench.controls import CONTROLS
from bench.false_stops import repeated
from bench.faults import FAULTS
from bench.loop import LoopPlan, measure_loop
from bench.loop_table import loop_section
from bench.machine import facts
from bench.many_pods import measure
from bench.results import Measured, add, loaded, measurements, stored
from bench.series import AT_ONCE, CONTROL_DISTANCE, FAULT_DISTANCE, Due, Pace, hold_all
from bench.table import Findings, document
from bench.tools import Tool, Workshop
from harness.io.kube import Kube
from harness.io.process import ProcessRunner

PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / "report" / "bench"


class Part(StrEnum):
    """What can be measured."""

    FAULTS = "faults"
    CONTROLS = "controls"
    PODS = "pods"
    AUDIT = "audit"
    """The only one that needs no cluster."""
    LOOP = "loop"
    """Makes a cluster of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be measured, and how much of it."""

    parts: tuple[Part, ...]
    words: tuple[str, ...]
    """Only cases whose name holds one of these; all where there are none."""
    resume: bool
    repetitions: int
    fault_seconds: float
    control_seconds: float
    pods: int
    patches: int
    audits: int
    """How often the audit is measured."""
    overlays: int
    """Of the repository that is generated for the audit."""
    end: float
    """No measurement begins after this moment (monotonic seconds)."""

    def wants(self, case: Case) -> bool:
        """Tells whether a case is to be measured."""
        return not self.words or any(word in case.name for word in self.words)


def say(text: str) -> None:
    """Prints a line with the time."""
    typer.echo(f"{time.strftime('%H:%M:%S')}  {text}")


def measure_faults(ring: Ring, plan: Plan) -> None:
    """Holds the contests about faults: applied directly, then by Argo CD."""
    due = [Due(case=c) for c in FAULTS] + [Due(case=c, by_engine=True) for c in FAULTS if c.engine]
    _measure(ring, plan, "faults", due, seconds=plan.fault_seconds, distance=FAULT_DISTANCE)


def measure_controls(ring: Ring, plan: Plan) -> None:
    """Holds the contests about slow but healthy deployments."""
    due = repeated(CONTROLS, plan.repetitions)
    _measure(ring, plan, "controls", due, seconds=plan.control_seconds, distance=CONTROL_DISTANCE)


def _measure(
    ring: Ring, plan: Plan, name: str, due: Iterable[Due], *, seconds: float, distance: float
) -> None:
    known = loaded(RESULTS / f"{name}.json") if plan.resume else {}
    wanted = [d for d in due if plan.wants(d.case) and d.key not in known]

    def one(contest: Due) -> Measured:
        say(contest.key)
        return hold(ring, contest, seconds=seconds)

    left = hold_all(
        wanted,
        one,
        lambda found: _store(name, found),
        at_once=AT_ONCE,
        pace=Pace(seconds=distance, end=plan.end),
    )
    if left:
        say(f"no time was left for {', '.join(d.key for d in left)}")


def measure_pods(ring: Ring, plan: Plan) -> None:
    """Measures the watching of many pods."""
    path = RESULTS / "pods.json"
    if time.monotonic() < plan.end and not (plan.resume and path.is_file()):
        stored(path, measure(ring, plan.pods, plan.patches))


MEASURES: dict[Part, Callable[[Ring, Plan], None]] = {
    Part.FAULTS: measure_faults,
    Part.CONTROLS: measure_controls,
    Part.PODS: measure_pods,
}


def _store(name: str, found: Measured) -> None:
    say(f"{found.key}: the cause was visible after {found.visible} s")
    for attempt in found.attempts:
        given = f" {', '.join(attempt.given)}" if attempt.given else ""
        say(f"  {attempt.contestant:24} {attempt.word:8} {attempt.seconds:6.1f} s{given}")
    add(RESULTS / f"{name}.json", found)


def write_page() -> None:
    """Writes the page from everything that was measured so far."""
    found = Findings(
        machine=loaded(RESULTS / "machine.json"),
        tools=loaded(RESULTS / "tools.json"),
        faults=measurements(RESULTS / "faults.json"),
        controls=measurements(RESULTS / "controls.json"),
        pods=loaded(RESULTS / "pods.json"),
        audit=audit_section(loaded(RESULTS / "audit.json")),
        loop=loop_section(loaded(RESULTS / "loop.json")),
    )
    PAGE.write_text(document(found, (*FAULTS, *CONTROLS)), encoding="utf-8")
    say(f"wrote {PAGE.relative_to(ROOT)}")


def run(plan: Plan) -> None:
    """Measures what was asked for and writes the page."""
    contests = ProcessRunner()
    end_on_signal(contests)
    if Part.AUDIT in plan.parts:
        run_without_cluster(plan)
    if any(part in MEASURES for part in plan.parts):
        run_on_cluster(plan, contests)
    if Part.LOOP in plan.parts and not (plan.resume and (RESULTS / "loop.json").is_file()):
        cache = user_cache_path("gitops-harness")
        loop_plan = LoopPlan(
            cache=cache, results=RESULTS / "loop.json", runner=ProcessRunner(), say=say
        )
        measure_loop(loop_plan)
    write_page()


def run_without_cluster(plan: Plan) -> None:
    """Gets the tools and measures the audit."""
    _remember(
        measure_audit(
            AuditPlan(
                cache=user_cache_path("gitops-harness"),
                results=RESULTS / "audit.json",
                runner=ProcessRunner(),
                say=say,
                words=plan.words,
                repetitions=plan.audits,
                overlays=plan.overlays,
                resume=plan.resume,
                end=plan.end,
            )
        )
    )


def _remember(tools: Mapping[str, Tool]) -> None:
    made = {name: tool.as_dict() for name, tool in tools.items()}
    stored(RESULTS / "tools.json", {**loaded(RESULTS / "tools.json"), **made})


def run_on_cluster(plan: Plan, contests: ProcessRunner) -> None:
    """Gets the tools, makes the cluster and measures."""
    cache, runner = user_cache_path("gitops-harness"), ProcessRunner()
    tools = Workshop(cache=cache, runner=runner, say=say).all()
    _remember(tools)
    stored(RESULTS / "machine.json", facts())
    ground = Ground(folder=cache / "bench", output=RESULTS / "up", runner=runner, say=say)
    with cluster(ground, FAULTS) as kubeconfig:
        ring = Ring(
            kube=Kube(kubeconfig),
            kubeconfig=kubeconfig,
            work=cache / "bench" / "work",
            tools=tools,
            runner=contests,
            say=say,
        )
        for part in plan.parts:
            if part in MEASURES:
                MEASURES[part](ring, plan)


def end_on_signal(contests: ProcessRunner) -> None:
    """Ends the contests when the benchmark is asked to end, so that the cluster is removed."""

    def end(number: int, _: FrameType | None) -> None:
        contests.cancel()
        sys.exit(128 + number)

    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, end)


def main(  # noqa: PLR0913 # one argument for each option
    *,
    part: Annotated[
        list[Part] | None, typer.Option("--part", help="Measure this only; repeatable.")
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option("--case", help="Only cases whose name holds this.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Keep what was measured.")] = False,
    minutes: Annotated[
        float, typer.Option("--minutes", help="Begin no measurement after so long.")
    ] = 600,
    repetitions: Annotated[int, typer.Option("--repetitions", help="Of the controls.")] = 5,
    fault_seconds: Annotated[float, typer.Option(help="Limit of every tool on a fault.")] = 120,
    control_seconds: Annotated[float, typer.Option(help="Limit of every tool on a control.")] = 180,
    pods: Annotated[int, typer.Option(help="How many pods to watch.")] = 5000,
    patches: Annotated[int, typer.Option(help="How many changes to time.")] = 500,
    audits: Annotated[int, typer.Option(help="How often to measure the audit.")] = 7,
    overlays: Annotated[int, typer.Option(help="Of the repository that is generated.")] = 500,
    tools_only: Annotated[bool, typer.Option("--tools", help="Only get the tools.")] = False,
    page_only: Annotated[bool, typer.Option("--page", help="Only write the page.")] = False,
) -> None:
    """Measure the harness against other tools on a real cluster."""
    if tools_only:
        shop = Workshop(cache=user_cache_path("gitops-harness"), runner=ProcessRunner(), say=say)
        shop.all()
        shop.audit()
        return
    if page_only:
        write_page()
        return
    plan = Plan(
        parts=tuple(part or Part),
        words=tuple(case or ()),
        resume=resume,
        repetitions=repetitions,
        fault_seconds=fault_seconds,
        control_seconds=control_seconds,
        pods=pods,
        patches=patches,
        audits=audits,
        overlays=overlays,
        end=time.monotonic() + minutes * 60,
    )
    run(plan)


if __name__ == "__main__":
    typer.run(main)
