"""The tables of `docs/benchmarks.md`; what each number means stands in `page.md.j2`.

Pure but for reading that template. Everything comes from the files of `bench.results`; a part that
was not measured is left out with a word, so that no table shows a gap as a result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from bench.case import Case
from bench.contestants import CONTESTANTS, HARNESS, HARNESS_DECLARED
from bench.false_stops import counts
from bench.in_run import IN_RUN
from bench.results import Attempt, Measured, quantile
from bench.series import FAULT_DISTANCE
from bench.verdict import Word

NAMES = (IN_RUN, *(c.name for c in CONTESTANTS))
OURS = (IN_RUN, HARNESS, HARNESS_DECLARED)
REFERENCE = HARNESS_DECLARED
DASH = "\N{EN DASH}"
PAGE = "page.md.j2"
PODS_ROWS = (
    ("memory before watching", "rss_before_mib", "MiB"),
    ("memory with everything in the timeline", "rss_complete_mib", "MiB"),
    ("memory after diagnoses", "rss_diagnosed_mib", "MiB"),
    ("memory at the end", "rss_end_mib", "MiB"),
    ("from start until everything is listed", "listed_seconds", "s"),
    ("from start until a diagnosis knows every pod", "known_seconds", "s"),
    ("diagnosis, median", "diagnosis_seconds", "s"),
    ("diagnosis after all changes", "diagnosis_after_changes_seconds", "s"),
    ("status written to entry in the timeline, median", "quiet_p50_ms", "ms"),
    ("status written to entry in the timeline, 99 %", "quiet_p99_ms", "ms"),
    ("the same while diagnoses are made, median", "busy_p50_ms", "ms"),
    ("the same while diagnoses are made, 99 %", "busy_p99_ms", "ms"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that was measured."""

    machine: Mapping[str, str]
    tools: Mapping[str, Mapping[str, str]]
    faults: Sequence[Measured]
    controls: Sequence[Measured]
    pods: Mapping[str, Any]
    audit: str = ""
    """The section of `bench.audit_table`."""
    loop: str = ""
    """The section of `bench.loop_table`."""


def template(name: str) -> Template:
    """Returns a template of this folder; it fails on a name that nobody gives."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, undefined=StrictUndefined)  # noqa: S701 # Markdown
    return environment.get_template(name)


def document(found: Findings, cases: Iterable[Case]) -> str:
    """Returns the page."""
    known = {case.name: case for case in cases}
    faults, controls = _by_order(found.faults, known), _by_order(found.controls, known)
    return template(PAGE).render(
        machine="; ".join(f"{name}: {value}" for name, value in found.machine.items()),
        faults=fault_table(faults, known),
        fault_seconds=_limit(faults),
        distance=f"{FAULT_DISTANCE:.0f}",
        misses=misses(faults, known),
        summary=summary(faults),
        controls=control_table(controls, known),
        control_seconds=_limit(controls),
        repetitions=len({m.repetition for m in controls}),
        pods=pod_table(found.pods),
        pod_count=f"{found.pods.get('pods', 0):,}",
        seen=found.pods.get("quiet_seen", 0) + found.pods.get("busy_seen", 0),
        patches=2 * found.pods.get("patches", 0),
        audit=found.audit,
        loop=found.loop,
        tools=tool_table(found.tools),
    )


def _limit(found: Sequence[Measured]) -> str:
    return f"{found[0].limit_seconds:.0f}" if found else ""


def rows(header: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """Returns a table; the first column is text, the others are centred."""
    lines = [header, ["---", *[":-:"] * (len(header) - 1)], *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _by_order(found: Iterable[Measured], known: Mapping[str, Case]) -> list[Measured]:
    order = list(known)
    return sorted(
        (m for m in found if m.case in known),
        key=lambda m: (m.route, order.index(m.case), m.repetition),
    )


def fault_table(found: Sequence[Measured], known: Mapping[str, Case]) -> str:
    """Returns a row for each fault; nothing where none was measured."""
    header = ["Fault", "visible", *NAMES]
    body = [_fault_row(m, known[m.case]) for m in found]
    return rows(header, body) if body else ""


def _fault_row(measured: Measured, case: Case) -> list[str]:
    by_name = {a.contestant: a for a in measured.attempts}
    visible = measured.visible
    return [
        case.title + (", by Argo CD" if measured.route == "argocd" else ""),
        "" if visible is None else f"{visible:.1f} s",
        *(cell(by_name.get(name), visible) for name in NAMES),
    ]


def cell(attempt: Attempt | None, visible: float | None) -> str:
    """Returns what one tool said about one fault."""
    if attempt is None:
        return ""
    after = attempt.seconds - (visible or 0.0)
    match attempt.word:
        case Word.NOTHING:
            return DASH
        case Word.READY:
            return f"**ready** {after:.1f} s"
        case Word.ERROR:
            return "error"
        case _:
            return f"{after:.1f} s{', named' if attempt.named else ''}"


def waited(attempt: Attempt, measured: Measured) -> float:
    """Returns the seconds from the visible cause to the tool's end; the limit for a vain wait."""
    if attempt.word != Word.FAILED:
        return measured.limit_seconds
    return max(0.1, attempt.seconds - (measured.visible or 0.0))


def summary_row(found: Iterable[Measured], name: str) -> list[str]:
    """Returns a tool's row of the summary; nothing where it took no part."""
    times, ratios, failed, named = [], [], 0, 0
    for measured in found:
        by_name = {a.contestant: a for a in measured.attempts}
        attempt, ours = by_name.get(name), by_name.get(REFERENCE)
        if attempt is None or ours is None:
            continue
        times.append(waited(attempt, measured))
        ratios.append(times[-1] / waited(ours, measured))
        failed += attempt.word == Word.FAILED
        named += attempt.named
    if not times:
        return []
    count = len(times)
    median, ratio = quantile(times, 0.5), quantile(ratios, 0.5)
    return [
        name, f"{failed} of {count}", f"{named} of {count}", f"{median:.1f} s", f"{ratio:.1f}",
    ]  # fmt: skip


def summary(found: Sequence[Measured]) -> str:
    """Returns a row for each tool over all faults."""
    header = ["Tool", "said failed", "named the cause", "time", "ratio"]
    return rows(header, [row for name in NAMES if (row := summary_row(found, name))])


def misses(found: Iterable[Measured], known: Mapping[str, Case]) -> str:
    """Returns where the harness was wrong or not certain, one line each."""
    missed = [
        f"- {known[m.case].title} ({a.contestant}, {m.route}): {a.word}, "
        f"{', '.join(a.given) or 'no finding'}; right would be {_right(known[m.case])}\n"
        for m in found
        for a in m.attempts
        if a.contestant in OURS and not a.named
    ]
    if not missed:
        return "The harness named every root cause, and no other.\n"
    return f"Where the harness was wrong, or not certain within the limit:\n\n{''.join(missed)}"


def _right(case: Case) -> str:
    return ", ".join(f"{r.cause} {r.kind} {r.name}" for r in case.roots)


def control_table(found: Sequence[Measured], known: Mapping[str, Case]) -> str:
    """Returns a row for each slow but healthy case; nothing where none was measured."""
    tables = {name: counts(found, name) for name in NAMES}
    names = [name for name, table in tables.items() if table]
    cases = [case for name, case in known.items() if any(m.case == name for m in found)]
    body = [[case.title, *(stops(tables[n].get(case.name, {})) for n in names)] for case in cases]
    return rows(["Deployment", *names], body) if body else ""


def stops(words: Mapping[str, int]) -> str:
    """Returns how often a tool said that a healthy deployment failed."""
    total = sum(words.values())
    if not total:
        return ""
    failed = words.get(Word.FAILED, 0)
    said = f"{failed} of {total} ({words.get(Word.READY, 0)})"
    return f"**{said}**" if failed else said


def pod_table(pods: Mapping[str, Any]) -> str:
    """Returns what watching many pods cost; nothing where it was not measured."""
    body = [[text.format(**pods), f"{pods[key]} {unit}"] for text, key, unit in PODS_ROWS if pods]
    return rows(["", "measured"], body) if body else ""


def tool_table(tools: Mapping[str, Mapping[str, str]]) -> str:
    """Returns the versions, and why a tool is not available."""
    return rows(
        ["Tool", "version", ""],
        [
            [name, tool["version"], tool["why"] and f"not available: {tool['why']}"]
            for name, tool in sorted(tools.items())
        ],
    )
