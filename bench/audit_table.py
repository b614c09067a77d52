"""The section about `harness audit` of `docs/benchmarks.md`; its words stand in `audit.md.j2`.

Pure but for reading that template. A measurement that was not made says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bench.audit_faults import FAULTS
from bench.audit_peers import FLUX_LOCAL, HARNESS, KUBE_SCORE, KUBECONFORM, KUBERNETES, PEERS
from bench.audit_scale import in_sum
from bench.audit_speed import BUDGET, COLD, KUSTOMIZE, WARM
from bench.table import DASH, rows, template

SECTION = "audit.md.j2"
MIB_ROWS = (("the process itself", "peak_mib"), ("its children", "children_mib"))
Values = Mapping[str, Any]
ORDER = (KUSTOMIZE, COLD, WARM, KUBECONFORM, KUBE_SCORE, FLUX_LOCAL)


def audit_section(measured: Values) -> str:
    """Returns the section, from the content of `audit.json`."""
    return template(SECTION).render(
        budget=BUDGET,
        kubernetes=KUBERNETES,
        **_musiccorp(measured.get("musiccorp")),
        **_scale(measured.get("scale")),
        **_peers(measured.get("peers")),
        **_faults(measured.get("faults")),
    )


def _machine(measured: Values) -> str:
    known = {**measured["machine"], "load after": measured["load after"]}
    shown = ("date", "processors", "processor", "python", "load before", "load after")
    return "; ".join(f"{name}: {known[name]}" for name in shown)


def _musiccorp(measured: Values | None) -> dict[str, Any]:
    if not measured:
        return {"musiccorp": ""}
    entrants = measured["found"]["entrants"]
    return {
        "musiccorp": time_table(entrants),
        "folders": measured["found"]["folders"],
        "rounds": len(entrants[COLD]["ratio"]["all"]),
        "verdict": verdict(entrants),
        "musiccorp_machine": _machine(measured),
    }


def time_table(entrants: Mapping[str, Values]) -> str:
    """Returns a row for each program."""
    return rows(
        ["Program", "seconds", "processor seconds", "ratio"],
        [
            [
                name,
                f"{taken['seconds']['median']:.2f}",
                f"{taken['processor_seconds']['median']:.2f}",
                ratio(taken["ratio"]),
            ]
            for name, taken in sorted(entrants.items(), key=lambda item: ORDER.index(item[0]))
        ],
    )


def ratio(spread: Values) -> str:
    """Returns a median with the least and the greatest value."""
    return f"{spread['median']:.2f} ({spread['min']:.2f} to {spread['max']:.2f})"


def verdict(entrants: Mapping[str, Values]) -> str:
    """Returns whether the budget is kept, cold and warm."""
    said = []
    for name, word in ((COLD, "cold"), (WARM, "warm")):
        median = entrants[name]["ratio"]["median"]
        kept = "kept" if median <= BUDGET else "**not kept**"
        said.append(f"{kept} {word} ({median:.2f})")
    return ", ".join(said)


def _scale(measured: Values | None) -> dict[str, Any]:
    if not measured:
        return {"scale": ""}
    found = measured["found"]
    taken, last = in_sum(found), found["rounds"][-1]
    return {
        "scale": rows(
            ["Program", "seconds", "ratio"],
            [
                [
                    "kustomize build, all overlays, scaled",
                    f"{taken['kustomize']['median']:.1f}",
                    "",
                ],
                [COLD, f"{taken['cold']['median']:.1f}", ratio(taken["ratio"])],
                [WARM, f"{taken['warm']['median']:.1f}", ratio(taken["warm_ratio"])],
            ],
        ),
        "memory": memory_table(found),
        "growth": growth_kib(found),
        "overlays": found["overlays"],
        "bases": found["bases"],
        "files": f"{found['files']:,}",
        "objects": f"{last['cold']['objects']:,}",
        "scale_faults": found["faults"],
        "sample": last["sample"],
        "scale_rounds": len(found["rounds"]),
        "scale_machine": _machine(measured),
    }


def memory_table(found: Values) -> str:
    """Returns the memory by the number of overlays."""
    known = _sizes(found)
    sizes = sorted(known, key=int)
    body = [[text, *(f"{known[size][key]:.0f} MiB" for size in sizes)] for text, key in MIB_ROWS]
    return rows(["", *(f"{size} overlays" for size in sizes)], body)


def growth_kib(found: Values) -> str:
    """Returns how much memory each overlay more costs, between the smallest and the largest."""
    known = _sizes(found)
    least, most = min(known, key=int), max(known, key=int)
    grown = known[most]["peak_mib"] - known[least]["peak_mib"]
    return f"{grown * 1024 / max(1, int(most) - int(least)):.0f}"


def _sizes(found: Values) -> dict[str, Values]:
    whole = [r["cold"] for r in found["rounds"]]
    largest = {key: max(taken[key] for taken in whole) for _, key in MIB_ROWS}
    return {**found["sizes"], str(found["overlays"]): largest}


def _peers(measured: Values | None) -> dict[str, Any]:
    if not measured:
        return {"peers": ""}
    found = measured["found"]
    return {
        "peers": time_table(found),
        "peer_rounds": len(found[COLD]["ratio"]["all"]),
        "peers_machine": _machine(measured),
    }


def _faults(measured: Values | None) -> dict[str, Any]:
    if not measured:
        return {"faults": ""}
    found = measured["found"]
    ours = [answers[HARNESS] for answers in found["faults"].values()]
    rules = sorted({text.partition(" ")[0] for text in found["clean"].get(HARNESS, ())})
    return {
        "faults": fault_table(found),
        "rules": ", ".join(f"`{rule}`" for rule in rules),
        "lenient": sum(answer["found"] and answer["code"] == 0 for answer in ours),
        "missing": "\n".join(
            f"{name} took no part: {why}" for name, why in found["missing"].items()
        ),
    }


def fault_table(found: Values) -> str:
    """Returns a row for each fault, then the sums."""
    names = [peer.name for peer in PEERS if peer.name in found["clean"]]
    faults = [fault for fault in FAULTS if fault.name in found["faults"]]
    answers = {name: [found["faults"][f.name][name] for f in faults] for name in names}
    body = [
        [fault.title, *(cell(answers[name][number]) for name in names)]
        for number, fault in enumerate(faults)
    ]
    lines = [f"{_count(answers[name], 'line')} of {len(faults)}" for name in names]
    sums = [f"{_count(answers[name], 'found')} of {len(faults)}" for name in names]
    usual = [str(len(found["clean"][name])) for name in names]
    last = [["**named**", *sums], ["**with the line**", *lines]]
    return rows(["Fault", *names], [*body, *last, ["messages about the unchanged copy", *usual]])


def _count(answers: Iterable[Values], key: str) -> int:
    return sum(bool(answer[key]) for answer in answers)


def cell(answer: Values) -> str:
    """Returns what one tool made of one fault."""
    if not answer["found"]:
        return DASH
    if answer["line"]:
        return "named, line"
    return "named, rendered line" if answer["rendered_line"] else "named"
