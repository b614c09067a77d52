"""The section of the page about the audit."""

from __future__ import annotations

from typing import Any

from bench.audit_faults import FAULTS
from bench.audit_peers import HARNESS, KUBECONFORM
from bench.audit_speed import BUDGET, COLD, KUSTOMIZE, WARM, spread
from bench.audit_table import audit_section, cell, fault_table, memory_table, time_table, verdict
from bench.table import DASH

NOT_FOUND = {"found": False, "line": False, "rendered_line": False}
MACHINE = {
    "date": "today",
    "processors": "2",
    "processor": "A Processor",
    "python": "3.11",
    "load before": "1.5",
}


def taken(ratio: float) -> dict[str, Any]:
    return {
        "seconds": spread([ratio]),
        "processor_seconds": spread([ratio / 2]),
        "ratio": spread([ratio]),
    }


ENTRANTS = {WARM: taken(0.5), COLD: taken(1.25), KUSTOMIZE: taken(1.0)}


def measured(found: Any) -> dict[str, Any]:
    return {"machine": MACHINE, "load after": "9.75", "found": found}


def test_a_cell_says_whether_the_line_was_given() -> None:
    assert cell(NOT_FOUND) == DASH
    assert cell({**NOT_FOUND, "found": True}) == "named"
    assert cell({**NOT_FOUND, "found": True, "line": True}) == "named, line"
    assert cell({**NOT_FOUND, "found": True, "rendered_line": True}) == "named, rendered line"


def test_the_verdict_does_not_hide_a_missed_budget() -> None:
    assert verdict(ENTRANTS) == "kept cold (1.25), kept warm (0.50)"
    slow = {**ENTRANTS, COLD: taken(BUDGET + 0.01)}
    assert verdict(slow).startswith("**not kept** cold (1.51)")


def test_kustomize_comes_first() -> None:
    lines = time_table(ENTRANTS).splitlines()[2:]
    assert [line.split(" | ")[0].lstrip("| ") for line in lines] == [KUSTOMIZE, COLD, WARM]


def test_memory_grows_from_left_to_right() -> None:
    size = {"peak_mib": 50.2, "children_mib": 9.9}
    sizes = {"50": size, "125": size}
    rounds = [{"cold": {"peak_mib": p, "children_mib": 1}} for p in (70.0, 90.0)]
    found = memory_table({"overlays": 250, "sizes": sizes, "rounds": rounds})
    assert found.splitlines()[0] == "|  | 50 overlays | 125 overlays | 250 overlays |"
    assert "| 50 MiB | 50 MiB | 90 MiB |" in found


def test_faults_are_summed_by_tool() -> None:
    named = {"found": True, "line": True, "rendered_line": False}
    found = {
        "clean": {HARNESS: ["rule-a Secret: x"], KUBECONFORM: []},
        "missing": {},
        "faults": {
            FAULTS[0].name: {HARNESS: named, KUBECONFORM: NOT_FOUND},
            FAULTS[1].name: {HARNESS: {**named, "line": False}, KUBECONFORM: NOT_FOUND},
        },
    }
    lines = fault_table(found).splitlines()
    assert lines[-3] == "| **named** | 2 of 2 | 0 of 2 |"
    assert lines[-2] == "| **with the line** | 1 of 2 | 0 of 2 |"
    assert lines[-1] == "| messages about the unchanged copy | 1 | 0 |"


def test_the_section_tells_what_was_not_measured() -> None:
    assert audit_section({}).count("This was not measured.") == 4


def test_the_section_states_the_load_and_what_took_no_part() -> None:
    faults = {
        "clean": {HARNESS: ["rule-a Secret: x"]},
        "missing": {KUBECONFORM: "kubeconform: no compiler"},
        "faults": {},
    }
    found = audit_section(
        {
            "musiccorp": measured({"folders": 15, "entrants": ENTRANTS}),
            "peers": measured(ENTRANTS),
            "faults": measured(faults),
        }
    )
    assert found.count("This was not measured.") == 1
    assert "load before: 1.5; load after: 9.75" in found
    assert "kubeconform took no part: kubeconform: no compiler" in found
    assert "what a cluster must bring: `rule-a`" in found
